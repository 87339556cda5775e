"""What a word is said of that is nobody: a thing, so many people, what a book is about.

All of it looks back over a bounded stretch before the word, so that it costs the same wherever the word stands.
"""

from __future__ import annotations

import re

_LETTERS = rb"[a-z\x80-\xff]+"
_TOPIC_REACH, _THING_REACH, _BEFORE = 90, 70, 8
_NO_TOPIC = re.compile(
    rb"(?<! der)(?<! som) (?:har|havde|er|fik|f\xc3\xa5r|fordi|men|da|jeg|hans|hendes|sin|min|mit|jeres|dit|din|vores) "
)
_NOT_THE_THING = (
    rb"(?!jeg|mig|mi[nt]e? |han|hun|hende|vi |os |ham |barn|dreng|pige|mor |far |s\xc3\xb8n|datter|for |fordi|da |mens?"
    rb"|efter|siden)"
)
_VERB = (
    rb"(?:er|har|var|blev|bliver|fik|f\xc3\xa5r|havde|lider|led|g\xc3\xa5r|ligger|d\xc3\xb8de|m\xc3\xa5tte|skulle|skal"
    rb"|kom|kommer)"
)
_THING_HAS = re.compile(
    rb",?(?: som| der)? (?:(?!og |men |da |s\xc3\xa5 )" + _LETTERS + rb" ){0,3}?" + _VERB + rb"(?: "
    rb"" + _NOT_THE_THING + _LETTERS + rb",?){0,7} \Z"
)
_VERB_FOLLOWS = re.compile(_VERB + rb"\b")
_PREPOSITION = re.compile(rb" (?:fra|p\xc3\xa5|af|i|med|ved|over|under|til|mod|bag|hos|ned|op|uden) ?\Z")
_COUNTED = re.compile(
    rb"(?<! med)(?<! har)(?<! til)(?<!deres)(?<!vores)(?<!passer)(?<! og)"
    rb" (?:[3-9]|[1-9][0-9]{1,3}|tre|fire|fem|seks|syv|otte|ni|ti) "
    rb"(?:procent af )?(?:b\xc3\xb8rn|unge|elever|medarbejdere|ansatte|familier|for\xc3\xa6ldre|deltagere|kolleger"
    rb"|personer|drenge|piger|borgere) "
)


def is_topic(plain: bytes, topic_end: int, start: int) -> bool:
    """Whether nothing but what a text or a talk may be about stands between `en bog om` and the word."""
    return start - topic_end <= _TOPIC_REACH and _NO_TOPIC.search(plain, topic_end - 1, start) is None


def is_of_thing(data: bytes, thing: tuple[int, int], start: int) -> bool:
    """Whether a thing (its place, edges included) is the subject of what is said: `alarmen er sygemeldt`.

    What happened on, from or with a thing happened to somebody: `faldt ned fra gyngen og fik hjernerystelse`.
    """
    begin, end = thing
    if not end - 1 < start <= end + _THING_REACH or _PREPOSITION.search(data[max(0, begin - _BEFORE) : begin + 1]):
        return False
    between = data[end - 1 : start]
    return _THING_HAS.match(between) is not None or (between == b" " and _VERB_FOLLOWS.match(data, start) is not None)


def counts_people(plain: bytes, start: int, end: int) -> bool:
    """Whether so many people are spoken of that it is nobody in particular: `12 børn har støttetimer`."""
    return _COUNTED.search(plain, max(0, start - 1), end) is not None

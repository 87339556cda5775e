"""By which grammar a word is said of somebody: `hun er i kemoterapi`, `fik Viggo et anfald`, `da Per mødte fuld op`.

Such a tie outweighs what else the sentence speaks of: a course that was called off, a play one could not come to.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

TIE_REACH = 64
OWNER_REACH = 40
"""So many bytes before a word are looked at, for what ties it to somebody and for whose it is."""

_NAME = rb"(?:[A-Z]|\xc3[\x80-\x9e])[a-z\x80-\xff]+"
_VERB = (
    rb"(?:har|havde|er|var|fik|f\xc3\xa5r|lider|led|blev|bliver|g\xc3\xa5r|gik|sidder|sad|ligger|l\xc3\xa5|skal|kom|tog"
    rb"|tager|mangler)"
)
_SMALL_WORDS = rb"(?: (?!certif|uddan|tilmeld|invit|ekspert|special)[a-z\x80-\xff]+){0,3} \Z"
_HAS = re.compile(
    rb"(?:\b(?:[Hh]an|[Hh]un|[Jj]eg|[Hh](?:ans|endes) [a-z\x80-\xff]+|(?P<name>" + _NAME + rb")) " + _VERB
    + rb"|\b[Ss]in egen)" + _SMALL_WORDS
)  # fmt: skip
"""He, she, I or a name that has it, is it, got it."""

_INVERTED = re.compile(rb"\b" + _VERB + rb" (?:han|hun|jeg|(?P<name>" + _NAME + rb"))" + _SMALL_WORDS)
"""The same the other way round."""

_ACTS = re.compile(rb"\b(?:[Hh]an|[Hh]un|[Jj]eg|(?P<name>" + _NAME + rb")) \Z")
"""Who does what a phrase says."""

_CLAUSE_BEFORE = re.compile(
    rb"(?:^|[,.:;] ?|\b(?:for|da|s\xc3\xa5|fordi|men|og|at|hvis|n\xc3\xa5r) "
    rb"|(?:[Mm]or(?:en)?|[Ff]ar(?:en)?|[Ff]or\xc3\xa6ldre(?:ne)?|[Ff]amilien|[Ss]\xc3\xb8ster(?:en)?|[Bb]ror(?:en)?)"
    rb" til )\Z"
)
"""Where a clause begins with a name: `Forældrene til Josva er …` is one too."""
_FICTION = (
    rb"[a-z\x80-\xff]*(?:film|bog|krimi|stykke|spil|histori|eventyr|serie|teat|forestilling|musical|revy|fort\xc3\xa6lling"
    rb"|roman|leg)(?:en|et|n|ene|erne|ret|ne|let|lene)?"
)
_IN_FICTION = re.compile(
    rb" i (?:en |et |vores |den |det |jeres |deres )?" + _FICTION + rb" | " + _FICTION + rb" {1,2}(?:hvor|der|som|om) "
)


_OWNER = re.compile(
    rb"[^0-9A-Za-z\x80-\xff]"
    rb"(?:[Ss](?:in|it|ine)|[Mm](?:in|it|ine)|[Hh](?:ans|endes)"
    rb"|(?!Vores|Jeres|Deres|Alles|Dagens|Ellers)(?:[A-Z]|\xc3[\x80-\x9e])[a-z\x80-\xff]{1,20}s)\Z"
)
"""Whose the next word, or the one after it, is: his, hers, mine, or a genitive."""

_SMALL_WORD = re.compile(rb"[a-z\x80-\xff]+\Z")


class Ties(NamedTuple):
    """Whether any tie holds a word to somebody, and whether one by name does, in a clause of its own."""

    any: bool
    by_name: bool


def ties(before: bytes, is_phrase: bool, is_name: Callable[[bytes], bool]) -> Ties:
    """What ties a word to somebody, by what stands before it in its sentence.

    is_phrase: whether it is more than one word, which may hold the verb itself. is_name: tells names from other words.
    """
    held = by_name = False
    for tie in (_HAS.search(before), _INVERTED.search(before), _ACTS.search(before) if is_phrase else None):
        if tie is None:
            continue
        if tie["name"] is None:
            held = True
        elif is_name(tie["name"]):
            held = True
            is_own_clause = tie.re is _INVERTED or _CLAUSE_BEFORE.search(before, 0, tie.start("name")) is not None
            by_name = by_name or is_own_clause
    return Ties(held, by_name)


def is_in_fiction(plain: bytes, start: int, end: int) -> bool:
    """Whether a sentence tells what happens in a film, a book, a play or a game."""
    return _IN_FICTION.search(plain, start, end) is not None


def is_owned(before: bytes, is_nominative: Callable[[bytes], bool]) -> bool:
    """Whether a word is somebody's: `hendes`, `min`, `Karstens` before it, perhaps with one small word between.

    is_nominative: whether a word that looks like a genitive is none (`Mads`, `Jens`).
    """
    *words, rest = before.split(b" ")
    if rest or not words:
        return False
    if _is_owner(words[-1], is_whole=len(words) > 1):
        return not is_nominative(words[-1])
    if not (len(words) > 1 and _SMALL_WORD.match(words[-1]) and _is_owner(words[-2], is_whole=len(words) > 2)):
        return False
    return not is_nominative(words[-2])


def _is_owner(word: bytes, *, is_whole: bool) -> bool:
    """Whether a word tells an owner; the first of a stretch may be cut off in front."""
    return _OWNER.search(b" " + word if is_whole else word) is not None

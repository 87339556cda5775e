"""Who is spoken of in a sentence: a given name, initials, a capital inside a sentence that may be a name.

Relations (`jeres søn`, `hun`) and the writer (`jeg`) are words and found with the other words; here are the names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gateway.detect.houses import HOUSE
from gateway.detect.rules import PersonRules
from gateway.detect.sentences import Span

_CAPITALISED = re.compile(r"[A-ZÆØÅÉÖÄÜ](?<![\w@./].)[a-zæøåéèüöäáíóúç]+(?:-[A-ZÆØÅ][a-zæøåéüöä]+)?(?![\w.-]*@)")
_MAYBE_INITIAL = re.compile(r"[A-ZÆØÅ][. ]")
_INITIALS = re.compile(
    r"(?<![\w.])(?:[A-ZÆØÅ]\.\s?[A-ZÆØÅ]\.|[A-ZÆØÅ][a-zæøåéüöä]+ [A-ZÆØÅ]\.(?=\W|$)"
    r"|(?:dreng|pige|barn|om|med|for|på) [A-ZÆØÅ](?:\.|(?= (?:er|har|skal|var|fik|blev)\b)))"
)
_NO_NAME_ENDING = re.compile(
    r"(?:forening|foreningen|fonden|forbundet|styrelsen|hospitalet|sygehus|skolen|skole|huset|kommune|kommunen|plejen|"
    r"klinikken|klinik|center|centret|centeret|klubben|haven|børnehave|vuggestue|tjenesten|gården|vej|gade|allé|torv|"
    r"parken|banken|bladet|syndrom|hjemmet|afdelingen|udvalget|rådet|nævnet|ministeriet|retten|politiet)s?$"
)
_PLACE_BEFORE = re.compile(r"(?:\bi|\bpå|\bfra|\bved|\bhos|\btil)\s$")
_HOUSE_BEFORE = re.compile(HOUSE + r"\s$", re.IGNORECASE)
"""What follows is a house's name: `Klub Kælderen`."""
_OPENS_WITH_VERB = re.compile(
    r"^\W*(?P<name>[A-ZÆØÅÉ][a-zæøåéèüöä]+) "
    r"(?:har|er|fik|får|blev|bliver|skal|går|tager|tog|kan|vil|siger|sagde|havde|kom|kommer|ringede|fortalte|lider|spiser|"
    r"slog|bor|mistrives|græder|bider|virker|mangler|bruger|var|må)\b"
)
_ELLIPTIC = re.compile(
    r"^\W*(?:hej[^a-zæøå]*|(?:beklager|sorry),? )?"
    r"(?:har|er|ligger|måtte|må|kommer|fik|blev|bliver|var|går|skal|tager|sidder|kan|havde) "
    r"(?!(?:jeg|du|han|hun|vi|i|det|den|der|de|man|nogen|nogle|dine?|dit|jeres|vores|mine?|mit|hans|hendes|alle|en|et)\b"
    r"|barnet|(?-i:[A-ZÆØÅ]))[^?]*$",
    re.IGNORECASE,
)
_SPEAKER_BEFORE = re.compile(r"\b(?:siger|sagde|skriver|skrev|fortæller|fortalte|synes|mener|spørger|spurgte)\s$")
_CALLED = re.compile(
    r", (?:jeg|vi|du|I|de|det|den|kan|vil|har|er|må|skal|hvad|hvor|hvornår|hvem|husk|tak|så|nu|hvis|når|gider|lige)\b"
)
_OPENING_MARKS = " \t\n\"'-*(|0123456789.)"
_ADDRESSED = re.compile(r"[.!?:;)\s-]*\Z")
_CAPITAL = rb"(?:[A-Z]|\xc3[\x80-\x9e])[a-z\x80-\xff]+"
_CAPITAL_BEFORE = re.compile(rb"(?P<inside>[a-z0-9\x80-\xff,] )?(?<![A-Za-z\x80-\xff])(?P<word>" + _CAPITAL + rb") \Z")
_CAPITAL_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ\xc3")
_PRONOUNS = ("Hans", "Else", "Even")
_ARTICLES = ("Den", "Det", "De")
_WORKS_AS_REACH = 48
_WORKS_AS = re.compile(
    rb" (?:er|som|var|bliver|blive|uddannet)(?: (?:en|ny|nye|vores|selv|uddannet))?"
    rb"(?: [a-z\x80-\xff]{4,25}(?:er|og|ut|ent)(?:,| og))? \Z"
)
_CAPITAL_AFTER = re.compile(rb" " + _CAPITAL)
_TEXT_AFTER = re.compile(rb"[,.;]| (?:og|eller|er|har|som|der|fra|i|fik|kommer|starter) ")
_ONE_CAPITAL = re.compile(_CAPITAL + rb"\Z")
_OPENS_AMBIGUOUS = re.compile(r"^\W*(?P<name>[A-ZÆØÅ][a-zæøå]+?)(?:s [a-zæøå]|' [a-zæøå]| [a-zæøå]{2,}er\b)")
_DEFINITE = re.compile(r"(?:en|et|erne|ene|er|ing|else|hed|dom|skab|tion)$")

NAMED, RELATED, GROUPED = "person.named", "person.relation", "person.group"
POSSIBLE, AGENT = "person.possible", "person.agent"


def _only_speaks_or_hears(sentence: str, name: re.Match[str]) -> bool:
    """Whether the name is of one who says it (`siger Karin`) or hears it (`…, Ole.`), and not of whom it is said."""
    before = sentence[max(0, name.start() - 12) : name.start()]
    if before.endswith(", ") and _ADDRESSED.match(sentence, name.end()):
        return True
    if not before.strip(" \t\n\"'-*") and _CALLED.match(sentence, name.end()):
        return True
    return _SPEAKER_BEFORE.search(before) is not None


def leaves_out_the_writer(sentence: str) -> bool:
    """Whether a sentence begins with its verb, as in hasty mail: `Er blevet indlagt, kommer mandag.`"""
    return _ELLIPTIC.match(sentence) is not None


_IS_SAID_OF = re.compile(r" (?:selv )?(?:har|er|fik|får|lider|led|blev|bliver|var|havde|skal|kan ikke)\b")

_BUT = r"(?:ikke|men|mens|selv|fordi|da|når|hvis|for (?:hun|han|jeg))\b"


class Agents:
    """Tells who does something with a word from whom it concerns: `Mads holder oplæg om`, `psykolog Rikke Holm`."""

    _BEFORE, _AFTER = 48, 80

    def __init__(self, rules: PersonRules) -> None:
        self._names = rules.names | rules.ambiguous_names
        titles, acts = _either(rules.titles), _either(rules.acts)
        name = rf"(?:\w*(?:{titles}) )?[A-ZÆØÅ][\w-]+(?: [A-ZÆØÅ][\w.-]*)?"
        names = rf"(?: [A-ZÆØÅ][\w.-]*){{0,3}}(?:(?:, {name})? og {name})?"
        listed = rf"(?: [A-ZÆØÅ][\w.-]*){{0,3}}(?:, {name}){{0,12}}(?: og {name})?"
        self._introduced = re.compile(rf"(?:\b(?i:{_either(rules.introductions)}):?|(?i:{titles})|\bv/|\" af) ?\Z")
        self._rest_of_name = re.compile(listed)
        self._does = re.compile(rf"(?P<names>{names})(?: (?:{acts})\b(?!,? {_BUT})|, (?:\w+ )?\w*(?:{titles})\b)")

    def end(self, sentence: str, name: re.Match[str]) -> int:
        """Where the names end of those who only arrange, teach or tell it; -1 where somebody may be concerned."""
        is_genitive = name.group()[-1] == "s" and name.group() not in self._names
        if is_genitive and sentence[name.end() : name.end() + 2].strip()[:1].islower():
            return -1
        does = self._does.match(sentence, name.end(), name.end() + self._AFTER)
        if does is not None:
            return does.end("names")
        before = sentence[max(0, name.start() - self._BEFORE) : name.start()]
        if self._introduced.search(before) is None:
            return -1
        rest = self._rest_of_name.match(sentence, name.end())
        end = rest.end() if rest is not None else name.end()
        return -1 if _IS_SAID_OF.match(sentence, end) else end


def _either(phrases: Sequence[str]) -> str:
    """A pattern for any of the phrases; where one has a space, two words may stand there."""
    return "|".join(re.escape(phrase).replace(r"\ ", r" (?:\w+ ){0,2}") for phrase in phrases) or r"\b\B"


class Names:
    """Recognises names by lists and by how Danish writes them: only proper names are capitalised inside a sentence."""

    def __init__(self, rules: PersonRules) -> None:
        self._names = rules.names
        self._ambiguous = rules.ambiguous_names
        self._names_inside = rules.names | rules.ambiguous_names
        self._not_names = rules.not_names
        self._openers = rules.openers
        self._agents = Agents(rules)
        self._profession = re.compile(rf"(?i:{_either(rules.titles)})\Z")

    def includes(self, data: bytes, span: Span) -> bool:
        """Whether a word is part of a longer name: `Den Katolske Kirke`, `Karl Kræft Jensen`; not `Emil Astma`."""
        if data[span.start] not in _CAPITAL_BYTES or _ONE_CAPITAL.match(data, span.start, span.end) is None:
            return False
        before = _CAPITAL_BEFORE.search(data[max(0, span.start - 28) : span.start])
        if before is None:
            return False
        runs_on = _CAPITAL_AFTER.match(data, span.end) is not None
        word = before["word"].decode("utf-8", "replace")
        if word.lower() in self._openers and word not in _ARTICLES:
            return False
        if self._is_name(word, first=True):
            return runs_on or _TEXT_AFTER.match(data, span.end) is not None
        return runs_on or before["inside"] is not None

    def is_occupation(self, data: bytes, span: Span) -> bool:
        """Whether a word is what somebody works as: `hendes mor er psykolog`; not `hos psykolog`."""
        if _WORKS_AS.search(data[max(0, span.start - _WORKS_AS_REACH) : span.start]) is None:
            return False
        return self._profession.search(data[span.start : span.end].decode("utf-8", "replace")) is not None

    def is_nominative(self, word: bytes) -> bool:
        """Whether a name ends with an s of its own: `Mads`, `Elias`."""
        name = word.decode("utf-8", "replace")
        return name in self._names_inside and name not in _PRONOUNS

    def in_sentence(self, sentence: str, is_common: Callable[[str], bool]) -> str:
        """`person.named`, `person.possible`, `person.agent` or nothing.

        is_common: whether a word that may be a name stands near with a small letter, too.
        """
        if sentence.islower():
            return ""
        if _MAYBE_INITIAL.search(sentence) and _INITIALS.search(sentence):
            return NAMED
        best = ""
        previous_end = agent_end = -2
        concerned = False
        opening = len(sentence) - len(sentence.lstrip(_OPENING_MARKS))
        for match in _CAPITALISED.finditer(sentence):
            word, start = match.group(), match.start()
            first = start <= opening
            if start < agent_end:
                continue
            known = self._is_name(word, first)
            if not known and (first or not self._may_be_name(word, sentence[:start])):
                if first and word in self._ambiguous:
                    agent_end = max(agent_end, self._agents.end(sentence, match))
                continue
            agent_end = max(agent_end, self._agents.end(sentence, match))
            if start > agent_end and not _only_speaks_or_hears(sentence, match):
                if known or start == previous_end + 1:
                    return NAMED
                best, previous_end = POSSIBLE, match.end()
                concerned = concerned or _IS_SAID_OF.match(sentence, match.end()) is not None
        return AGENT if agent_end > 0 and not concerned else best or self._opening_name(sentence, is_common)

    def _is_name(self, word: str, first: bool) -> bool:
        known = self._names if first else self._names_inside
        return word in known or word.removesuffix("s") in known or ("-" in word and word.split("-")[0] in known)

    def _may_be_name(self, word: str, before: str) -> bool:
        if word in self._not_names or word.lower() in self._openers or word.removesuffix("s") in self._not_names:
            return False
        if _NO_NAME_ENDING.search(word) or before.rstrip()[-1:] in ".!?:":
            return False
        return not (_PLACE_BEFORE.search(before[-8:]) or _HOUSE_BEFORE.search(before[-14:]))

    def _opening_name(self, sentence: str, is_common: Callable[[str], bool]) -> str:
        either = _OPENS_AMBIGUOUS.match(sentence)
        if either is not None and either["name"] in self._ambiguous and either["name"] not in _PRONOUNS:
            return NAMED
        match = _OPENS_WITH_VERB.match(sentence)
        if match is None:
            return ""
        word = match["name"]
        if word.lower() in self._openers or word in self._not_names or _NO_NAME_ENDING.search(word):
            return ""
        if word in self._ambiguous and word not in _PRONOUNS:
            return NAMED
        return "" if _DEFINITE.search(word) or is_common(word) else POSSIBLE

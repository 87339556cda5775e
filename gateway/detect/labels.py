"""Words around a number that say what it is: a CPR number (cues) or something else (counter-cues, strong or weak).

A strong label is a word for another number (`ordrenr.`, `konto`); a weak one is the name of a thing that may be about a
person (`sag`, `kunde`), which lowers a number but does not silence one that is written as a CPR number and has a valid
check digit.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.detect.engine import Engine, Pattern
from gateway.detect.rules import CprRules
from gateway.detect.words import expression

_AROUND = 240
"""How far from a number its words are looked for, in bytes."""
_CLOSE = 110
"""The same in a text full of numbers."""
_CUE, _MAYBE_CUE, _STRONG, _WEAK, _PERSON, _RUN = range(1, 7)
OF_A_RUN = "counter.run"
"""A label of numbers that come in one run only (`P-nr.`); it says nothing of digits that are divided."""
_LABELS = (_STRONG, _WEAK, _RUN)
_NEAR = 90
_BESIDE = 28
_FEW_WORDS = 2
_BETWEEN = b"\0\0\0\0"
_SENTENCE_END = re.compile(rb"[.!?]+[)\"' ]*\s+(?=[A-Z]|\xc3[\x80-\x9e])|\n\s*\n")
_NUMBERS = re.compile(rb"[0-9][0-9 -]{4,}[0-9](?: ?,| og)?")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,}")
_LETTERS = re.compile(rb"[A-Za-z\x80-\xff]{1,40}")
_LETTERS_BEFORE = re.compile(_LETTERS.pattern + rb"\Z")
_CELL_END = re.compile(rb"[\n;]")
_INTRODUCED = re.compile(rb":[ \t]*\n\s*\Z")
_ALONE_BEFORE = re.compile(
    rb"(?:\A|\n[ \t]*\n)[ \t]*(?:(?:sv|vs|re|fwd?|vedr|ang)[.:]{1,2}[ \t]*){0,4}[*\"'(<]{0,3}\Z", re.IGNORECASE
)
_DENIED = re.compile(
    rb"(?:\A|\b(?:er|var|alts\xc3\xa5|men|og|dog|nemlig|is|was) |[(,;:.!\n-] ?)(?:ikke (?:et|noget)|not an?)"
    rb"[ -][a-z]?\Z",
    re.IGNORECASE,
)
"""`Det er ikke et cpr-nummer` tells what it is not; `har du ikke et cpr-nummer` says nothing of a number."""
_DENIAL = 32
_SAID_TO_BE = re.compile(
    rb"[ ,]{1,2}(?:er|som|is|as) (?:(?:vores|jeres|deres|min|mit|dit|din|bare|kun|et|en|den|det|our|your|the|a) )?"
    rb"(?P<label>(?!(?:nr|nummer|nummeret|no|number|id)\b)[a-z\x80-\xff]{2,40})",
    re.IGNORECASE,
)
"""A label that a number is said to be: `0706234955 er fakturanummeret`; not `er nummeret på Emma`."""
_ALONE_AFTER = re.compile(rb"[*\"')>.]{0,3}[ \t]*(?:\n[ \t]*\n|\n?\Z)")


class Label(NamedTuple):
    """The strongest cue, the strongest counter-cue, and a word for a person, as kinds of evidence; empty for none."""

    cue: str = ""
    counter: str = ""
    person: str = ""


class Hit(NamedTuple):
    """A word found before or after a number: what it is and where it stands."""

    kind: int
    start: int
    end: int


class Labels:
    """Knows the words of the policy; holds nothing of any text."""

    def __init__(self, rules: CprRules, names: frozenset[str]) -> None:
        self._names = names
        cues = [Pattern(_CUE, expression(word)) for word in rules.cues]
        maybe = [Pattern(_MAYBE_CUE, expression(word)) for word in rules.weak_cues]
        strong = [Pattern(_STRONG, expression(word)) for word in rules.counter_cues]
        weak = [Pattern(_WEAK, expression(word)) for word in rules.weak_counter_cues]
        runs = [Pattern(_RUN, expression(word)) for word in rules.run_counter_cues]
        persons = [Pattern(_PERSON, expression(word)) for word in rules.person_words]
        self._words = Engine([*cues, *maybe, *strong, *weak, *runs, *persons])
        self._cues = Engine([*cues, *maybe])

    def cues_occur(self, data: bytes) -> bool:
        """Whether any word for CPR numbers is there at all."""
        return self._cues.occurs(data)

    def around(self, before: bytes, after: bytes) -> Label:
        """What the words before and after a number say it is."""
        text = before + _BETWEEN + after
        hits = [Hit(*each) for each in self._words.matches(text)]
        runs = [hit for hit in hits if hit.kind == _RUN]
        labels = [hit for hit in hits if hit.kind in _LABELS and (hit.kind == _RUN or not _is_within(hit, runs))]
        beside = [hit for hit in labels if _is_beside(hit, before, after) and not self._is_name(hit, text)]
        cues = [hit for hit in hits if _is_cue(hit, beside, len(before)) and not _is_denied(hit, text)]
        cue = ""
        for hit in cues:
            cue = "cue.near" if cue == "cue.near" or _is_near(hit, before, after) else "cue.far"
        persons = [hit for hit in hits if hit.kind == _PERSON]
        others = {_strength(hit, before) for hit in beside if not _is_of(hit, cues) and not _is_within(hit, persons)}
        if cues or not _stands_alone(before, after):
            near = any(_is_near(hit, before, after) for hit in persons)
        else:  # the text around says whose it is, unless it speaks of other numbers
            near = bool(persons) and all(_is_within(hit, persons) for hit in hits if hit.kind in _LABELS)
        person = "person.word" if near else ""
        return Label(cue, _counter(others, "counter.near"), person)

    def _is_name(self, hit: Hit, text: bytes) -> bool:
        """Whether a label is the end or the beginning of a given name: of `bruger-id`, not of `Ingrid`."""
        inside = hit.start + 1
        begin = _LETTERS_BEFORE.search(text, max(0, inside - 20), inside)
        word = _LETTERS.match(text, begin.start() if begin else inside)
        return word is not None and word.group().decode("utf-8", "replace") in self._names

    def close_by(self, before: bytes, after: bytes) -> Label:
        """The same in a text full of numbers, where each has its words closer by."""
        return self.around(*_trimmed(before[-_CLOSE:], after[:_CLOSE], len(before) > _CLOSE, len(after) > _CLOSE))

    def in_cell(self, before: bytes, after: bytes) -> Label:
        """The same where no cue is anywhere in the text: then only the number's own line or cell can say more."""
        cell_before = _CELL_END.split(before)[-1]
        cell_after = _CELL_END.split(after[: 2 * _BESIDE], maxsplit=1)[0]
        return self.around(cell_before, cell_after) if cell_before or cell_after else Label()

    def of_head(self, head: bytes) -> Label:
        """What the head of a column says."""
        kinds = {number for number, _, _ in self._words.matches(head)} if head else set()
        return Label("cue.column") if kinds & {_CUE, _MAYBE_CUE} else Label("", _counter(kinds, "counter.column"))


def surroundings(data: bytes, start: int, end: int) -> tuple[bytes, bytes]:
    """The text before and after a number, without the halves of the words where it is cut off.

    What introduces the number with a colon stands right before it, whatever lines are left free.
    """
    low, high = start - _AROUND, end + _AROUND
    before, after = data[max(0, low) : start], data[end:high]
    before, after = _trimmed(before, after, low > 0, high < len(data))
    return _INTRODUCED.sub(b": ", before), after


def _trimmed(before: bytes, after: bytes, cut_before: bool, cut_after: bool) -> tuple[bytes, bytes]:
    if cut_before:
        before = before[before.find(b" ") + 1 :]
    if cut_after and b" " in after:
        after = after[: after.rfind(b" ")]
    return before, after


def _stands_alone(before: bytes, after: bytes) -> bool:
    """Whether a number is a paragraph of its own, or all that a subject says."""
    return _ALONE_BEFORE.search(before[-40:]) is not None and _ALONE_AFTER.match(after) is not None


def _counter(kinds: set[int], strong: str) -> str:
    if _STRONG in kinds or (_RUN in kinds and strong != "counter.near"):
        return strong
    if _RUN in kinds:
        return OF_A_RUN
    return "counter.weak" if _WEAK in kinds else ""


def _is_near(hit: Hit, before: bytes, after: bytes) -> bool:
    """Whether a cue stands close to the number, in the same sentence."""
    if hit.end <= len(before) + 1:
        return len(before) - hit.end <= _NEAR and not _SENTENCE_END.search(before, hit.end)
    start = _in_after(hit, before)
    return start <= _NEAR and not _SENTENCE_END.search(after, 0, start)


def _is_beside(hit: Hit, before: bytes, after: bytes) -> bool:
    """Whether a label reaches the number: on its line, with few words or any list of numbers between, or after it."""
    if hit.end <= len(before) + 1:
        between = before[hit.end - 1 :]
        if _CELL_END.search(between) or _SENTENCE_END.search(between):
            return False
        return len(_NUMBERS.sub(b"", between)) <= _BESIDE + 1
    start = _in_after(hit, before)
    said = _SAID_TO_BE.match(after) if hit.kind == _STRONG else None
    if said is not None and said.start("label") - 1 <= start < said.end("label"):
        return True
    return start <= 3 and not _CELL_END.search(after, 0, start + 1)


def _strength(hit: Hit, before: bytes) -> int:
    """A strong label is as weak as others where more than a few words part it from the number."""
    if hit.kind in (_STRONG, _RUN) and len(_WORD.findall(before, hit.end - 1)) > _FEW_WORDS:
        return _WEAK
    return hit.kind


def _is_cue(hit: Hit, beside: list[Hit], number: int) -> bool:
    return hit.kind == _CUE or (hit.kind == _MAYBE_CUE and not _is_outdone(hit, beside, number))


def _is_denied(hit: Hit, text: bytes) -> bool:
    return _DENIED.search(text, max(0, hit.start - _DENIAL), hit.start + 1) is not None


def _is_outdone(cue: Hit, labels: list[Hit], number: int) -> bool:
    """Whether another label stands between a weak cue and the number: `nemkonto, konto 1234567890`."""
    if cue.start < number:
        return any(label.start >= cue.end - 1 for label in labels)
    return any(number <= label.start < cue.start for label in labels)


def _in_after(hit: Hit, before: bytes) -> int:
    return max(0, hit.start - len(before) - len(_BETWEEN))


def _is_of(hit: Hit, cues: list[Hit]) -> bool:
    """Whether a label is part of a cue: the `nr.` of a `cpr-nr.` is no label of its own."""
    return any(cue.start <= hit.end and hit.start <= cue.end + 2 for cue in cues)


def _is_within(hit: Hit, others: list[Hit]) -> bool:
    """Whether a label is part of a longer word: the `nr.` of `hendes nr.` labels no thing, that of `P-nr.` no other."""
    return any(other.start <= hit.start + 1 and hit.end <= other.end for other in others)

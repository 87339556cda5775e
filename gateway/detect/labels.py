"""Words around a number that say what it is: a CPR number (cues) or something else (counter-cues, strong or weak).

A strong label is a word for another number (`ordrenr.`, `konto`); a weak one is the name of a thing that may be about a
person (`sag`, `kunde`), which lowers a number but does not silence one that is written as a CPR number and has a valid
check digit.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.detect.engine import Engine, Pattern
from gateway.detect.hits import (
    BESIDE,
    BETWEEN,
    CELL_END,
    CUE,
    LABELS,
    MAYBE_CUE,
    OF_NUMBERS,
    PERSON,
    RUN,
    STRONG,
    WEAK,
    Hit,
    has_its_own,
    is_beside,
    is_cue,
    is_near,
    is_no_cue,
    is_of,
    is_purpose,
    is_short_for_both,
    is_within,
    strength,
)
from gateway.detect.rules import CprRules
from gateway.detect.words import expression

_AROUND = 240
"""How far from a number its words are looked for, in bytes."""
_CLOSE = 110
"""The same in a text full of numbers."""
OF_A_RUN = "counter.run"
"""A label of numbers that come in one run only (`P-nr.`); it says nothing of digits that are divided."""
OF_EITHER = "counter.either"
"""`pnr`, which is short for both: of a P-number where the digits can be one, else of a person's."""
_LETTERS = re.compile(rb"[A-Za-z\x80-\xff]{1,40}")
_LETTERS_BEFORE = re.compile(_LETTERS.pattern + rb"\Z")
_OWN = re.compile(rb"[ .:#]{0,3}[0-9]")
"""What follows a label that has its number beside it: `barn nr. 3 på listen`."""
_INTRODUCED = re.compile(rb":[ \t]*\n\s*\Z")
_ALONE_BEFORE = re.compile(
    rb"(?:\A|\n[ \t]*\n)[ \t]*(?:(?:sv|vs|re|fwd?|vedr|ang)[.:]{1,2}[ \t]*){0,4}[*\"'(<]{0,3}\Z", re.IGNORECASE
)
_ALONE_AFTER = re.compile(rb"[*\"')>.]{0,3}[ \t]*(?:\n[ \t]*\n|\n?\Z)")


class Label(NamedTuple):
    """The strongest cue, the strongest counter-cue, and a word for a person, as kinds of evidence; empty for none."""

    cue: str = ""
    counter: str = ""
    person: str = ""


class Labels:
    """Knows the words of the policy; holds nothing of any text."""

    def __init__(self, rules: CprRules, names: frozenset[str]) -> None:
        self._names = names
        cues = [Pattern(CUE, expression(word)) for word in rules.cues]
        maybe = [Pattern(MAYBE_CUE, expression(word)) for word in rules.weak_cues]
        strong = [Pattern(STRONG, expression(word)) for word in rules.counter_cues]
        weak = [Pattern(WEAK, expression(word)) for word in rules.weak_counter_cues]
        runs = [Pattern(RUN, expression(word)) for word in rules.run_counter_cues]
        persons = [Pattern(PERSON, expression(word)) for word in rules.person_words]
        self._words = Engine([*cues, *maybe, *strong, *weak, *runs, *persons])
        self._cues = Engine([*cues, *maybe])

    def cues_occur(self, data: bytes) -> bool:
        """Whether any word for CPR numbers is there at all."""
        return self._cues.occurs(data)

    def around(self, before: bytes, after: bytes) -> Label:
        """What the words before and after a number say it is."""
        text = before + BETWEEN + after
        hits = [Hit(*each) for each in self._words.matches(text)]
        beside = self._beside(hits, text, before, after)
        cues = [hit for hit in hits if is_cue(hit, beside, len(before)) and not is_no_cue(hit, text)]
        persons = [hit for hit in hits if hit.kind == PERSON]
        if cues or not _stands_alone(before, after):
            near = any(is_near(hit, before, after) for hit in persons)
        else:  # the text around says whose it is, unless it speaks of other numbers
            near = bool(persons) and all(is_within(hit, persons) for hit in hits if hit.kind in LABELS)
        cue, person = _strongest(cues, before, after), "person.word" if near else ""
        others = [hit for hit in beside if not is_of(hit, cues) and not is_within(hit, persons)]
        if others and all(is_short_for_both(hit, text) for hit in others):
            return Label(cue, OF_EITHER, person)
        return Label(cue, _counter({strength(hit, before, after) for hit in others}, "counter.near"), person)

    def _beside(self, hits: list[Hit], text: bytes, before: bytes, after: bytes) -> list[Hit]:
        """The labels that reach the number."""
        runs = [hit for hit in hits if hit.kind == RUN]
        labels = [hit for hit in hits if hit.kind in LABELS and (hit.kind == RUN or not is_within(hit, runs))]
        beside = [hit for hit in labels if is_beside(hit, before, after) and not self._is_name(hit, text)]
        return [hit for hit in beside if not (is_purpose(hit, text) or has_its_own(hit, beside, before))]

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
        cell_before = CELL_END.split(before)[-1]
        cell_after = CELL_END.split(after[: 2 * BESIDE], maxsplit=1)[0]
        return self.around(cell_before, cell_after) if cell_before or cell_after else Label()

    def of_head(self, head: bytes) -> Label:
        """What the head of a column says. A word that only may be one for CPR numbers says nothing there."""
        hits = self._said(head)
        kinds = {hit.kind for hit in hits}
        if CUE in kinds:
            return Label("cue.column")
        if kinds == {RUN} and all(is_short_for_both(hit, head) for hit in hits):
            return Label("", OF_EITHER)
        if MAYBE_CUE in kinds:
            return Label()
        return Label("", _counter(kinds, "counter.column"), "person.word" if PERSON in kinds else "")

    def of_introduction(self, line: bytes) -> Label:
        """What the line says that introduces a list: the last word for numbers tells, `vores kundenumre hos jer`."""
        hits = self._said(line)
        told = [
            hit
            for hit in hits
            if hit.kind == CUE
            or (hit.kind in LABELS and OF_NUMBERS.search(line, hit.start, hit.end) and not _OWN.match(line, hit.end))
        ]
        last = max(told, key=lambda hit: hit.end, default=None)
        if last is None:
            return Label()
        return Label("cue.column") if last.kind == CUE else Label("", _counter({last.kind}, "counter.column"))

    def _said(self, line: bytes) -> list[Hit]:
        """The words of a line; the `nr` of a `pnr`, the number of a `personnummer` is no label of its own."""
        hits = [Hit(*each) for each in self._words.matches(line)]
        runs = [hit for hit in hits if hit.kind == RUN]
        cues = [hit for hit in hits if hit.kind == CUE]
        return [
            hit
            for hit in hits
            if hit.kind not in LABELS or hit.kind == RUN or not (is_within(hit, runs) or is_of(hit, cues))
        ]


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


def _strongest(cues: list[Hit], before: bytes, after: bytes) -> str:
    """What the words for CPR numbers come to; one that only may be such a word counts near the number only."""
    if any(is_near(hit, before, after) for hit in cues):
        return "cue.near"
    return "cue.far" if any(hit.kind == CUE for hit in cues) else ""


def _counter(kinds: set[int], strong: str) -> str:
    if STRONG in kinds:
        return strong
    if RUN in kinds:
        return OF_A_RUN
    return "counter.weak" if WEAK in kinds else ""

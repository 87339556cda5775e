"""CPR numbers: judges what can be one by what it is and what stands around it.

`candidates` finds the shapes. Here evidence is gathered (form, check digit, words before and after, column heads,
neighbours) and `score` weighs it. The check digit is evidence, never a gate: numbers that fail it have been issued
since 2007. A label such as `faktura` beside a number lowers it and never outweighs a word for CPR numbers beside it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from gateway.detect.candidates import Candidate, Shapes
from gateway.detect.engine import Engine, Hit, Pattern
from gateway.detect.neighbours import Columns, is_moment, person_beside, speaking_against
from gateway.detect.number import birth_date, check_digit_holds, is_replacement
from gateway.detect.rules import CprRules
from gateway.detect.score import Score
from gateway.detect.words import expression
from gateway.mail.finding import Confidence

_CUE, _COUNTER = 1, 2
_AROUND = 240
_NEAR = 90
_BESIDE = 28
_MANY = 100
"""A text with more candidates is a table or a listing: those that no word around could make likely are passed over."""
_SENTENCE_END = re.compile(rb"[.!?]+[)\"' ]*\s+(?=[A-Z]|\xc3[\x80-\x9e])|\n\s*\n")
_NUMBERS = re.compile(rb"[0-9][0-9 -]{4,}[0-9](?: ?,| og)?")
_LINE_END = re.compile(rb"[\n;]")
_GATES = {"form.nine", "form.halves", "form.words", "form.lookalike"}
"""Forms that mean nothing without a word for CPR numbers."""


class CprDetector:
    """Finds CPR numbers in folded text."""

    name = "cpr"

    def __init__(self, rules: CprRules) -> None:
        self._rules = rules
        self._score = Score(rules.weights, rules.thresholds)
        self._shapes = Shapes()
        self._words = Engine(
            [Pattern(_CUE, expression(word)) for word in rules.cues]
            + [Pattern(_COUNTER, expression(word)) for word in rules.counter_cues]
        )
        self._cues = Engine([Pattern(_CUE, expression(word)) for word in rules.cues])

    def matters(self, data: bytes) -> bool:
        """Whether anything in the text has the shape of a number."""
        return self._shapes.occur(data)

    def find(self, data: bytes, today: datetime.date) -> Iterator[tuple[int, str, Confidence, tuple[str, ...]]]:
        """Place, digits, confidence and explained evidence of each number that reaches the lowest threshold."""
        candidates = [each for each in self._shapes.find(data, today) if each.digits not in self._rules.allow]
        hurried = len(candidates) > _MANY and not self._cues.hits(data, limit=0)[:1]
        columns = Columns(data)
        for candidate in candidates:
            facts = [*candidate.form, *self._facts(candidate.digits)]
            if hurried and self._score.total([*facts, "person.near"]) < self._score.threshold(Confidence.LIKELY):
                continue
            evidence = [*facts, *self._context(data, candidate, columns, today)]
            confidence = self._score.confidence(evidence)
            if confidence is None or (candidate.form[0] in _GATES and not _has_cue(evidence)):
                continue
            yield candidate.start, candidate.digits, confidence, self._score.explained(evidence)

    def _facts(self, digits: str) -> Iterator[str]:
        if is_replacement(digits):
            yield "replacement"
        if not digits.isdigit():
            return
        if check_digit_holds(digits):
            yield "check.valid"
        elif birth_date(digits) in self._rules.exception_dates:
            yield "check.exception"

    def _context(self, data: bytes, candidate: Candidate, columns: Columns, today: datetime.date) -> Iterator[str]:
        before = data[max(0, candidate.start - _AROUND) : candidate.start]
        after = data[candidate.end : candidate.end + _AROUND]
        cue, counter = self._labels(before, after)
        if cue != "cue.near" and not counter:
            cue, counter = self._column(columns.head_of(candidate.start), cue)
        if cue:
            yield cue
        if counter:
            yield "counter.softened" if cue in ("cue.near", "cue.column") else counter
        if person_beside(before, after):
            yield "person.near"
        if cue not in ("cue.near", "cue.column"):
            yield from speaking_against(before, after, candidate.digits, candidate.form)
            if is_moment(candidate.digits, today):
                yield "moment"

    def _column(self, head: bytes, cue: str) -> tuple[str, str]:
        """What the head of the column says, if it says anything."""
        kinds = {hit.pattern for hit in self._words.hits(head)} if head else set()
        if _CUE in kinds:
            return "cue.column", ""
        return cue, "counter.column" if _COUNTER in kinds else ""

    def _labels(self, before: bytes, after: bytes) -> tuple[str, str]:
        """The strongest cue around the number, and whether another label stands beside it."""
        cue = counter = ""
        cues, counters = self._split(before)
        for hit in cues:
            near = len(before) - hit.end <= _NEAR and not _SENTENCE_END.search(before, hit.end)
            cue = "cue.near" if near or cue == "cue.near" else "cue.far"
        if any(_is_beside(before[hit.end - 1 :]) for hit in counters):
            counter = "counter.near"
        cues, counters = self._split(after)
        for hit in cues:
            near = hit.start <= _NEAR and not _SENTENCE_END.search(after, 0, hit.start)
            cue = "cue.near" if near or cue == "cue.near" else "cue.far"
        if any(hit.start <= 3 and not _LINE_END.search(after, 0, hit.start + 1) for hit in counters):
            counter = "counter.near"
        return cue, counter

    def _split(self, text: bytes) -> tuple[list[Hit], list[Hit]]:
        """The cues and the other labels in a text; the `nr.` of a `cpr-nr.` is no label of its own."""
        hits = self._words.hits(text)
        cues = [hit for hit in hits if hit.pattern == _CUE]
        others = [
            hit
            for hit in hits
            if hit.pattern == _COUNTER and not any(cue.start <= hit.end and hit.start <= cue.end + 2 for cue in cues)
        ]
        return cues, others


def _is_beside(between: bytes) -> bool:
    """Whether a label reaches the number: on the same line, with few words but any list of numbers between."""
    return len(_NUMBERS.sub(b"", between)) <= _BESIDE + 1 and not _LINE_END.search(between)


def _has_cue(evidence: list[str]) -> bool:
    return any(name.startswith("cue.") for name in evidence)

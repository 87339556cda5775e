"""CPR numbers: judges what can be one by what it is and what stands around it.

`candidates` finds the shapes. Here evidence is gathered (form, check digit, and `beside` it what stands
around) and `score` weighs it. The check digit is evidence, never a gate: numbers that fail it have been issued
since 2007. A label such as `faktura` beside a number lowers it and never outweighs a word for CPR numbers beside it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from functools import lru_cache

from gateway.detect.beside import Beside, fitting
from gateway.detect.candidates import Match, Shapes, read, run_of
from gateway.detect.columns import Heads
from gateway.detect.company import Company
from gateway.detect.labels import Labels
from gateway.detect.number import birth_date, check_digit_holds, is_early, is_replacement
from gateway.detect.rules import CprRules
from gateway.detect.score import Score
from gateway.detect.written import Candidate
from gateway.mail.finding import Confidence

_MANY = 300
"""A text with more candidates is a table or a listing: those that no word around could make likely are passed over."""
_GATES = {
    "form.nine", "form.slip", "form.halves", "form.words", "form.lookalike", "form.odd", "form.year_first",
    "form.backwards",
}  # fmt: skip
"""Forms that mean nothing without a word for CPR numbers."""


class CprDetector:
    """Finds CPR numbers in folded text."""

    name = "cpr"

    def __init__(self, rules: CprRules, names: frozenset[str] = frozenset()) -> None:
        self._rules = rules
        self._names = names
        self._score = Score(rules.weights, rules.thresholds)
        self._shapes = Shapes()
        self._exceptional_days = {f"{date:%d%m}".encode() for date in rules.exception_dates}
        self._labels = Labels(rules, names)
        self._judged = lru_cache(maxsize=4096)(self._judge)

    def places(self, data: bytes) -> list[tuple[int, int]]:
        """Where something has the shape of a number."""
        return [(start, end) for _, start, end in self._shapes.matches(data)]

    def find(
        self, data: bytes, part_at: Callable[[int], int | None], today: datetime.date
    ) -> Iterator[tuple[int, str, Confidence, tuple[str, ...]]]:
        """Part of the text, digits, confidence and explained evidence of each number that reaches the lowest threshold.

        part_at: the part of the text that a place belongs to; None for what is read for its words only. A number that
        is certain in its part already is not judged there again.
        """
        certain: set[tuple[int, str]] = set()
        matches = self._shapes.matches(data)
        many = len(matches) > _MANY
        cues_occur = not many or self._labels.cues_occur(data)
        worth = matches if cues_occur or self._is_enough(("form.plain",)) else self._worth_reading(data, matches)
        candidates = read(data, worth, today)
        many = many or len(candidates) > _MANY
        company = Company(data, candidates, len(matches) - len(worth), today)
        heads = Heads(data, self._labels)
        look = self._labels.around if not many else self._labels.close_by if cues_occur else self._labels.in_cell
        for candidate in candidates:
            part = part_at(candidate.start)
            if part is None or (part, candidate.digits) in certain:
                continue
            facts = (*_form_of(candidate), *self._facts(candidate.digits))
            if candidate.digits in self._rules.allow or not (cues_occur or self._is_enough(facts)):
                continue
            head = fitting(heads.over(candidate), candidate)
            if not cues_occur and head.counter and not self._is_enough((*facts, head.counter, "person.near")):
                continue
            if many and head.cue:
                evidence = (*facts, head.cue)  # one of many in a column of CPR numbers: nothing else need be asked
            else:
                beside = Beside.of(data, candidate).evidence(look, head, company, self._names, today)
                evidence = (*facts, *beside)
            confidence, explained = self._judged(evidence)
            if confidence is None or (facts[0] in _GATES and not _has_cue(evidence)):
                continue
            if confidence == Confidence.CERTAIN:
                certain.add((part, candidate.digits))
            yield part, candidate.digits, confidence, explained

    def _judge(self, evidence: tuple[str, ...]) -> tuple[Confidence | None, tuple[str, ...]]:
        return self._score.confidence(evidence), self._score.explained(evidence)

    def _is_enough(self, facts: tuple[str, ...]) -> bool:
        """Whether one of many numbers is likely without any word for CPR numbers; a name beside it is in every row."""
        return self._score.total(facts) >= self._score.threshold(Confidence.LIKELY)

    def _worth_reading(self, data: bytes, matches: list[Match]) -> list[Match]:
        """Ten digits in one run need their check digit, or a date without one, where no word speaks for them."""
        runs = ((match, run_of(data, match)) for match in matches)
        days = self._exceptional_days
        return [match for match, run in runs if not run or run[:4] in days or check_digit_holds(run)]

    def _facts(self, digits: str) -> Iterator[str]:
        if is_replacement(digits):
            yield "replacement"
        if not digits.isdigit():
            return
        if check_digit_holds(digits):
            yield "check.valid"
            if is_early(digits):
                yield "serial.early"
        elif birth_date(digits) in self._rules.exception_dates:
            yield "check.exception"


def _form_of(candidate: Candidate) -> tuple[str, ...]:
    """How it is written. Ten digits in words that also hold their check digit are no chance, whatever stands around."""
    if candidate.form == ("form.words",) and check_digit_holds(candidate.digits):
        return ("form.said",)
    return candidate.form


def _has_cue(evidence: tuple[str, ...]) -> bool:
    return any(name.startswith("cue.") for name in evidence)

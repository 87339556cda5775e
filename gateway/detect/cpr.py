"""CPR numbers: judges what can be one by what it is and what stands around it.

`candidates` finds the shapes. Here evidence is gathered (form, check digit, words before and after, column heads,
neighbours) and `score` weighs it. The check digit is evidence, never a gate: numbers that fail it have been issued
since 2007. A label such as `faktura` beside a number lowers it and never outweighs a word for CPR numbers beside it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from gateway.detect.candidates import Match, Shapes, read, run_of
from gateway.detect.labels import OF_A_RUN, Label, Labels, surroundings
from gateway.detect.neighbours import (
    Columns,
    given_name_beside,
    in_link,
    is_about,
    is_book_number,
    is_moment,
    is_named_number,
    is_told_as_time,
    name_in_sentence,
    person_beside,
    speaking_against,
    stands_free,
)
from gateway.detect.number import birth_date, check_digit_holds, is_early, is_replacement
from gateway.detect.rules import CprRules
from gateway.detect.score import Score
from gateway.detect.written import Candidate
from gateway.mail.finding import Confidence

_MANY = 300
"""A text with more candidates is a table or a listing: those that no word around could make likely are passed over."""
_STRONG_CUES = ("cue.near", "cue.column")
_AS_WRITTEN = ("form.hyphen",)
_IN_ONE_RUN = ("form.plain",)
_DIVIDED = (_AS_WRITTEN, ("form.space",), ("form.mark",), ("form.stroke",))
"""As nobody writes a number that comes in one run."""
_CROWD = 8
_SEVERAL = 3
"""One number of a child in seven reads like a time; of three, one time in three hundred all do."""
_LOOSE_FORMS = {"form.plain", "form.space", "form.mark", "form.line"}
"""Ways of writing that other numbers share."""
_GATES = {
    "form.nine", "form.halves", "form.words", "form.lookalike", "form.odd", "form.year_first", "form.backwards",
}  # fmt: skip
"""Forms that mean nothing without a word for CPR numbers."""


Look = Callable[[bytes, bytes], Label]
"""How the words before and after a number are looked at."""


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
        company = _Company.of(candidates, len(matches) - len(worth), today)
        heads = _Heads(data, self._labels)
        look = self._labels.around if not many else self._labels.close_by if cues_occur else self._labels.in_cell
        for candidate in candidates:
            part = part_at(candidate.start)
            if part is None or (part, candidate.digits) in certain:
                continue
            facts = (*_form_of(candidate), *self._facts(candidate.digits))
            if candidate.digits in self._rules.allow or not (cues_occur or self._is_enough(facts)):
                continue
            head = heads.over(candidate.start)
            if not cues_occur and head.counter and not self._is_enough((*facts, head.counter, "person.near")):
                continue
            if many and head.cue:
                evidence = (*facts, head.cue)  # one of many in a column of CPR numbers: nothing else need be asked
            else:
                evidence = (*facts, *self._context(data, candidate, head, look, company, today))
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

    def _context(
        self, data: bytes, candidate: Candidate, head: Label, look: Look, company: _Company, today: datetime.date
    ) -> Iterator[str]:
        """What the words and marks around a number say; `head` is what the head of its column says."""
        before, after = surroundings(data, candidate.start, candidate.end)
        cue, counter, person = look(before, after)
        if cue != "cue.near" and not counter:
            cue, counter = head.cue or cue, head.counter
        named = person_beside(before, after)
        if counter and is_named_number(before, self._names):
            named, counter = True, ""
        elif (counter == OF_A_RUN and candidate.form in _DIVIDED) or (counter == "counter.weak" and named):
            counter = ""
        named = named or (not counter and given_name_beside(before, after, self._names))
        if cue:
            yield cue
        if counter == OF_A_RUN:
            counter = "counter.near"
        if counter and not ((named or candidate.form == _AS_WRITTEN) and is_about(before)):
            yield "counter.softened" if cue in _STRONG_CUES else counter
        if named:
            yield "person.near"
        elif person and not counter:
            yield person
        elif candidate.form in _DIVIDED and not cue and not counter and name_in_sentence(before, self._names):
            yield "person.word"
        if in_link(before, after):
            yield "in_link"
        elif candidate.form == _IN_ONE_RUN and is_book_number(before):
            yield "in_book"
        elif cue not in _STRONG_CUES:
            yield from speaking_against(before, after, candidate.form, named)
            if (company.are_times or not named) and is_moment(candidate.digits, today):
                is_doubtful = candidate.form == _AS_WRITTEN and stands_free(before, after)
                is_time = not is_doubtful or is_told_as_time(candidate.digits, before, after)
                yield "moment" if is_time else "moment.written"
            if company.is_crowd and not named and candidate.form[0] in _LOOSE_FORMS:
                yield "crowd"


def _form_of(candidate: Candidate) -> tuple[str, ...]:
    """How it is written. Ten digits in words that also hold their check digit are no chance, whatever stands around."""
    if candidate.form == ("form.words",) and check_digit_holds(candidate.digits):
        return ("form.said",)
    return candidate.form


class _Company(NamedTuple):
    """What the numbers of a text are together.

    is_crowd: there are many, and no more of them have a valid check digit than numbers of any kind would. are_times:
    there are several that no hyphen divides, and each reads like a time of some day.
    """

    is_crowd: bool
    are_times: bool

    @classmethod
    def of(cls, candidates: list[Candidate], others: int, today: datetime.date) -> _Company:
        """others: how many were not even read, for want of a valid check digit."""
        loose = {each.digits for each in candidates if each.form[0] in _LOOSE_FORMS}
        count = len(loose) + others
        is_crowd = count >= _CROWD and sum(map(check_digit_holds, loose)) * 10 < count * 3
        return cls(is_crowd, len(loose) >= _SEVERAL and all(is_moment(digits, today) for digits in loose))


class _Heads:
    """What the head of each column of one text says, asked of the words once for each head."""

    def __init__(self, data: bytes, labels: Labels) -> None:
        self._columns = Columns(data)
        self._labels = labels
        self._known: dict[bytes, Label] = {}

    def over(self, at: int) -> Label:
        head = self._columns.head_of(at)
        if head not in self._known:
            self._known[head] = self._labels.of_head(head)
        return self._known[head]


def _has_cue(evidence: tuple[str, ...]) -> bool:
    return any(name.startswith("cue.") for name in evidence)

"""What stands around a number says of it: words, names and marks become evidence for it and against it.

The questions themselves are asked in `labels`, `columns`, `neighbours` and `company`; here is which answer counts.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gateway.detect.company import LOOSE_FORMS, Company
from gateway.detect.labels import OF_A_RUN, OF_EITHER, Label, surroundings
from gateway.detect.neighbours import (
    given_name_beside,
    in_link,
    is_about,
    is_book_number,
    is_interval,
    is_moment,
    is_named_number,
    is_told_as_time,
    is_told_by_link,
    name_in_sentence,
    person_beside,
    speaking_against,
    stands_free,
    without_decimals,
    without_link,
)
from gateway.detect.towns import is_in_town
from gateway.detect.written import Candidate

STRONG_CUES = ("cue.near", "cue.column")
AS_WRITTEN = ("form.hyphen",)
IN_ONE_RUN = ("form.plain",)
_DIVIDED = (AS_WRITTEN, ("form.space",), ("form.mark",), ("form.stroke",))
"""As nobody writes a number that comes in one run."""
_AS_A_DATE_AND_HOUR = ("form.space", "form.pairs")
"""`12/3-25 1015`: so is hardly a number written, and a day and an hour often."""

Look = Callable[[bytes, bytes], Label]
"""How the words before and after a number are looked at."""


class Beside(NamedTuple):
    """A number and the text before and after it, without the link that a mail program made of it."""

    candidate: Candidate
    before: bytes
    after: bytes

    @classmethod
    def of(cls, data: bytes, candidate: Candidate) -> Beside:
        before, after = surroundings(data, candidate.start, candidate.end)
        return cls(candidate, before, without_link(after))

    def evidence(
        self, look: Look, head: Label, company: Company, names: frozenset[str], today: datetime.date
    ) -> Iterator[str]:
        """What speaks for the number and against it. head: what the head of its column says."""
        cue, counter, person, named = self._said(look(self.before, self.after), head, names)
        if cue:
            yield cue
        if counter and not ((named or self.candidate.form == AS_WRITTEN) and is_about(self.before)):
            yield "counter.softened" if cue in STRONG_CUES else counter
        if named:
            yield "person.near"
        elif person and not counter:
            yield person
        elif self._is_divided and not cue and not counter and name_in_sentence(self.before, names):
            yield "person.word"
        if not self._is_told_by_link and in_link(self.before, self.after):
            yield "in_link"
        elif self.candidate.form == IN_ONE_RUN and is_book_number(self.before):
            yield "in_book"
        elif cue not in STRONG_CUES:
            yield from self._against(cue, named, company, today)

    @property
    def _is_divided(self) -> bool:
        return self.candidate.form in _DIVIDED

    @property
    def _is_told_by_link(self) -> bool:
        return self._is_divided and is_told_by_link(self.before)

    @property
    def _is_in_town(self) -> bool:
        return is_in_town(self.candidate.digits[6:], self.after)

    def _said(self, label: Label, head: Label, names: frozenset[str]) -> tuple[str, str, str, bool]:
        """Which cue and which label hold, the word for a person, and whether somebody is named beside it."""
        cue, counter, person = label
        if self._is_told_by_link:
            cue = "cue.near"
        if cue != "cue.near" and not counter:
            cue, counter = head.cue or cue, head.counter
        named = not self._is_in_town and person_beside(self.before, self.after)
        if counter == OF_EITHER:
            is_unit = self.candidate.form == IN_ONE_RUN and is_like_production_unit(self.candidate)
            cue, counter = (cue, "counter.near") if is_unit else (cue or "cue.near", "")
        if counter and is_named_number(self.before, names):
            named, counter = True, ""
        counter = self._holding(counter, named)
        named = named or (not counter and given_name_beside(self.before, self.after, names))
        if counter == "counter.head" and (cue or named or person or self.candidate.form != IN_ONE_RUN):
            counter = ""
        return cue, counter, person, named

    def _holding(self, counter: str, named: bool) -> str:
        """A label, where it can be one of this number; empty where it cannot."""
        if counter == OF_A_RUN:
            return "" if self._is_divided and not is_like_production_unit(self.candidate) else "counter.near"
        return "" if named and counter in ("counter.weak", "counter.head") else counter

    def _against(self, cue: str, named: bool, company: Company, today: datetime.date) -> Iterator[str]:
        """What makes it something else: marks, a town, an hour, an interval, its company."""
        candidate, before, after = self
        if cue:  # a spreadsheet's decimals, a field's name before it
            before, after = before[:-1] + b" " if before.endswith(b"=") else before, without_decimals(after)
        yield from speaking_against(before, after, candidate.form, named)
        if self._is_in_town:
            yield "address.near"
        is_dated = candidate.form[:2] == _AS_A_DATE_AND_HOUR
        if (company.are_times or is_dated or not named) and is_moment(candidate.digits, today):
            is_doubtful = candidate.form == AS_WRITTEN and stands_free(before, after)
            is_time = not is_doubtful or is_told_as_time(candidate.digits, before, after)
            yield "moment" if is_time else "moment.written"
        if not named and candidate.form == AS_WRITTEN and is_interval(candidate.digits):
            yield "interval"
        if not (named or cue) and company.is_counted(candidate):
            yield "series"
        if not (named or cue) and candidate.form[0] in LOOSE_FORMS and company.is_crowd(candidate):
            yield "crowd"


def fitting(head: Label, candidate: Candidate) -> Label:
    """What a column's head says of this number: it may be P-numbers, which come in one run and begin with 10."""
    if head.counter not in (OF_A_RUN, OF_EITHER):
        return head
    if candidate.form == IN_ONE_RUN and is_like_production_unit(candidate):
        return head._replace(counter="counter.column")
    return head._replace(cue="cue.column" if head.counter == OF_EITHER else "", counter="")


def is_like_production_unit(candidate: Candidate) -> bool:
    """Whether it begins as all P-numbers do (virk.dk: counted from 1 000 000 000), and one birthday in thirty."""
    return candidate.digits.startswith("10")

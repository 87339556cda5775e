"""What the numbers of one text are together: a listing of something else, or hours of some day."""

from __future__ import annotations

import datetime
import re
from collections import Counter

from gateway.detect.neighbours import is_moment
from gateway.detect.number import birth_date, check_digit_holds
from gateway.detect.written import Candidate

LOOSE_FORMS = {"form.plain", "form.space", "form.mark", "form.line"}
"""Ways of writing that other numbers share."""

_CROWD = 8
_SEVERAL = 3
"""One number of a child in seven reads like a time; of three, one time in three hundred all do."""
_BLOCK = 2_000
_RUN = re.compile(rb"(?<![0-9])[0-9]{10}(?![0-9])")


class Company:
    """Asked for numbers in rising order, it reads each block of the text once."""

    def __init__(self, data: bytes, candidates: list[Candidate], others: int, today: datetime.date) -> None:
        """others: how many were not even read, for want of a valid check digit."""
        self._all = {each.digits for each in candidates}
        self._of_day = Counter(digits[:6] for digits in self._all)
        loose = {each.digits for each in candidates if each.form[0] in LOOSE_FORMS}
        count = len(loose) + others
        self._data = data
        self._until = 0
        self._is_listing = False
        self._is_crowd = count >= _CROWD and sum(map(check_digit_holds, loose)) * 10 < count * 3
        self.are_times = len(loose) >= _SEVERAL and all(is_moment(digits, today) for digits in loose)
        """Whether there are several that no hyphen divides, and each reads like a time of some day."""

    def is_counted(self, candidate: Candidate) -> bool:
        """Whether the next number of its day is there too, or the one before, or several of the same day."""
        if not candidate.digits.isdigit():
            return False
        number = int(candidate.digits)
        has_neighbour = not {f"{number - 1:010}", f"{number + 1:010}"}.isdisjoint(self._all)
        return has_neighbour or self._of_day[candidate.digits[:6]] >= _SEVERAL

    def is_crowd(self, candidate: Candidate) -> bool:
        """Whether it is one of many, in the text or in its paragraph or list, of which no more have a valid check digit
        than numbers of any kind would; what is no birth date at all tells so too."""
        if self._is_crowd:
            return True
        if candidate.start >= self._until:
            start = max(self._until, self._data.rfind(b"\n\n", max(0, candidate.start - _BLOCK), candidate.start))
            end = self._data.find(b"\n\n", candidate.start, candidate.start + _BLOCK)
            self._until = end if end >= 0 else candidate.start + _BLOCK
            runs = set(_RUN.findall(self._data, start, self._until))
            self._is_listing = len(runs) >= _SEVERAL and sum(map(_may_be_one, runs)) * 2 < len(runs)
        return self._is_listing


def _may_be_one(run: bytes) -> bool:
    return check_digit_holds(run) and birth_date(run.decode("ascii")) is not None

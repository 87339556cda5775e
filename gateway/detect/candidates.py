"""Where a text has a number that can be a CPR number: shapes found in one linear pass, read where they stand.

The engine finds every place with a shape (written.py, spoken.py), its function reads the ten digits there, the calendar
throws out what is no birth date. Shapes only; `cpr` judges them.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left

from gateway.detect.engine import Engine, Pattern, TooManyHits
from gateway.detect.number import birth_date
from gateway.detect.records import PLACES, in_records, no_number
from gateway.detect.rows import halves_in_rows
from gateway.detect.spoken import HINTED, SPELLED_REACH, SPOKEN, spelled
from gateway.detect.written import WRITTEN, Candidate, grouped, lookalike

BUDGET = 50_000
"""Places with the shape of a number in one text; a text with more of them counts as not fully read."""

HINTS = 8_000
"""Words in one text that promise half a number; each has its surroundings looked through for the other half."""

Match = tuple[int, int, int]
"""A shape's number, and where it was seen."""

_SHAPES = [*WRITTEN, *SPOKEN, *HINTED, (PLACES, no_number)]
_IN_GROUPS, _LOOKING_ALIKE, _IN_WORDS = (
    next(number for number, (_, read_it) in enumerate(_SHAPES) if read_it is wanted)
    for wanted in (grouped, lookalike, spelled)
)
_OF_RECORDS = len(_SHAPES) - 1
_FIRST_HINTED = _OF_RECORDS - len(HINTED)


class Shapes:
    """Finds candidates in folded text."""

    def __init__(self) -> None:
        patterns = [Pattern(number, shape) for number, (shape, _) in enumerate(_SHAPES)]
        self._others = Engine([pattern for pattern in patterns if pattern.number != _LOOKING_ALIKE])
        self._mixed = Engine([patterns[_LOOKING_ALIKE]])
        self._mixed_occur = Engine([patterns[_LOOKING_ALIKE]], starts=False)

    def matches(self, data: bytes) -> list[Match]:
        """Every place with a shape. Raises TooManyHits on a text full of them."""
        found = self._others.matches(data, BUDGET)
        if self._mixed_occur.occurs(data):
            found += self._mixed.matches(data, BUDGET)
        return found

    def find(self, data: bytes, today: datetime.date) -> list[Candidate]:
        """Every possible birth number, in order, none overlapping."""
        return read(data, self.matches(data), today)


def read(data: bytes, matches: list[Match], today: datetime.date) -> list[Candidate]:
    """The birth numbers in these places and in the rows below such a place, in order, none overlapping.

    Raises TooManyHits on a text full of words that promise half a number.
    """
    found: list[Candidate] = []
    done = looked = 0
    places = _places(data, matches)
    if sum(number >= _FIRST_HINTED for _, number in places) > HINTS:
        raise TooManyHits
    for begin, number in places:
        if begin < done or (number == _IN_WORDS and begin < looked):
            continue
        if number == _IN_WORDS:
            looked = begin + SPELLED_REACH  # one look reads that far
        candidate = _SHAPES[number][1](data, begin)
        if candidate is not None and _is_possible(candidate.digits, today):
            found.append(candidate)
            done = max(done, candidate.end)
    found.sort()  # what a word makes a number of may stand before that word
    hints = sorted({start for number, start, _ in matches if number == _FIRST_HINTED})
    if hints:
        found = _with_rows(found, halves_in_rows(data, hints, BUDGET), today)
    tellings = sorted({start for number, start, _ in matches if number == _OF_RECORDS})
    return _with_rows(found, in_records(data, tellings), today) if tellings else found


def _with_rows(found: list[Candidate], in_rows: list[Candidate], today: datetime.date) -> list[Candidate]:
    """Both in order. Where they overlap the row knows better which halves belong together; else it says the same."""
    rows = [each for each in in_rows if _is_possible(each.digits, today)]
    starts = [each.start for each in rows]
    same: set[int] = set()
    kept: list[Candidate] = []
    for candidate in found:
        at = bisect_left(starts, candidate.start)
        if at == len(rows) or starts[at] >= candidate.end:
            kept.append(candidate)
        elif rows[at].digits == candidate.digits:
            kept.append(candidate)
            same.add(at)
    return sorted([*kept, *(each for at, each in enumerate(rows) if at not in same)])


def run_of(data: bytes, match: Match) -> bytes:
    """The ten digits of a place where they stand in one run; nothing where they do not."""
    number, _, end = match
    run = data[end - 9 : end + 1]
    return run if number == _IN_GROUPS and run.isdigit() and len(run) == 10 else b""


def _places(data: bytes, matches: list[Match]) -> list[tuple[int, int]]:
    """Where each number begins, once each. The edge before a number belongs to the match."""
    places: set[tuple[int, int]] = set()
    for pattern, start, _ in matches:
        if pattern >= _FIRST_HINTED:
            places.add((start, pattern))
            continue
        first = data[start : start + 1]
        begin = start if first.isdigit() or (start == 0 and first.isalnum()) else start + 1
        places.add((begin, pattern))
    return sorted(places)


def _is_possible(digits: str, today: datetime.date) -> bool:
    if digits[6:] == "0000":
        return False
    born = birth_date(digits)
    return born is not None and born <= today

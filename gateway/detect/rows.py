"""Rows with the birth date in one cell and the last four in another: the head of the columns says which."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.detect.dates import ANY_DATE, date_digits
from gateway.detect.engine import TooManyHits
from gateway.detect.written import Candidate

_DELIMITERS = (b"\t", b";", b"|", b",")
_LONGEST = 2_000
_OF_BIRTH = re.compile(rb"f(?:\xc3[\xb8\x98]|oe)d|birth|dob", re.IGNORECASE)
_FOUR = re.compile(rb"[0-9]{4}")
_AROUND_CELL = b" \"'"


class _Head(NamedTuple):
    """The columns of birth dates and of last fours, what parts them, and where the first row below begins."""

    delimiter: bytes
    birth: int
    four: int
    below: int


def halves_in_rows(data: bytes, hints: Sequence[int], budget: int) -> list[Candidate]:
    """The numbers of all rows below such heads. hints: where the last four are named, in order.

    Raises TooManyHits when there are more than the budget.
    """
    found: list[Candidate] = []
    done = 0
    for hint in hints:
        head = _head(data, hint) if hint >= done else None
        if head is None:
            continue
        done = head.below
        while row := data[done : _end_of_line(data, done)].rstrip():
            candidate = _in_row(row, done, head)
            if candidate is not None:
                found.append(candidate)
                if len(found) > budget:
                    raise TooManyHits
            done = _end_of_line(data, done) + 1
    return found


def _head(data: bytes, hint: int) -> _Head | None:
    start = data.rfind(b"\n", max(0, hint - _LONGEST), hint) + 1
    end = data.find(b"\n", hint, hint + _LONGEST)
    if end < 0:
        return None  # no rows below, or a line that is longer than any head
    line = data[start:end]
    delimiter = next((each for each in _DELIMITERS if each in line), b"")
    if not delimiter:
        return None
    four = line.count(delimiter, 0, hint - start)
    births = [at for at, cell in enumerate(line.split(delimiter)) if at != four and _OF_BIRTH.search(cell)]
    return _Head(delimiter, births[0], four, end + 1) if births else None


def _in_row(row: bytes, start: int, head: _Head) -> Candidate | None:
    cells = row.split(head.delimiter)
    if len(cells) <= max(head.birth, head.four):
        return None
    four = _FOUR.fullmatch(cells[head.four].strip(_AROUND_CELL))
    born = ANY_DATE.fullmatch(cells[head.birth].strip(_AROUND_CELL))
    if four is None or born is None:
        return None
    begin = row.index(four.group(), sum(map(len, cells[: head.four])) + head.four) + start
    return Candidate(begin, begin + 4, date_digits(born) + four.group().decode("ascii"), ("form.halves",))


def _end_of_line(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    return end if end >= 0 else len(data)

"""Rows with the birth date in one cell and the last four in another: the head of the columns says which."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.detect.dates import ANY_DATE, any_date_digits
from gateway.detect.engine import TooManyHits
from gateway.detect.written import Candidate

_DELIMITERS = (b"\t", b";", b"|", b",")
_ALIGNING = b"  "
"""What parts columns that are set with spaces."""
_LONGEST = 2_000
_OF_BIRTH = re.compile(rb"f(?:\xc3[\xb8\x98]|oe)d|birth|dob", re.IGNORECASE)
_FOUR = re.compile(rb"[0-9]{4}")
_HOUR = re.compile(rb"[T ]00[:.]00[0-9:.Z]{0,10}\Z")
"""The hour that programs add to a birth date."""
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
    delimiter = next((each for each in _DELIMITERS if each in line), _ALIGNING if _ALIGNING in line else b"")
    if not delimiter:
        return None
    cells = _cells(line, delimiter)
    four = max(at for at, (begin, _) in enumerate(cells) if begin <= hint - start + 1)
    births = [at for at, (_, cell) in enumerate(cells) if at != four and _OF_BIRTH.search(cell)]
    return _Head(delimiter, births[0], four, end + 1) if births else None


def _cells(row: bytes, delimiter: bytes) -> list[tuple[int, bytes]]:
    """Where each cell of a row begins, and what it holds."""
    parting = rb" {2,}" if delimiter == _ALIGNING else re.escape(delimiter)
    begins = [0, *(match.end() for match in re.finditer(parting, row))]
    ends = [*(match.start() for match in re.finditer(parting, row)), len(row)]
    return [(begin, row[begin:end]) for begin, end in zip(begins, ends, strict=True)]


def _in_row(row: bytes, start: int, head: _Head) -> Candidate | None:
    cells = _cells(row, head.delimiter)
    if len(cells) <= max(head.birth, head.four):
        return None
    at, cell = cells[head.four]
    four = _FOUR.fullmatch(cell.strip(_AROUND_CELL))
    born = ANY_DATE.fullmatch(_HOUR.sub(b"", cells[head.birth][1].strip(_AROUND_CELL)))
    if four is None or born is None:
        return None
    begin = start + at + cell.index(four.group())
    return Candidate(begin, begin + 4, any_date_digits(born) + four.group().decode("ascii"), ("form.halves",))


def _end_of_line(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    return end if end >= 0 else len(data)

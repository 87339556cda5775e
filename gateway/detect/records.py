"""Records of fixed width, whose fields run into each other: a line above says in which places a number stands.

`recordtype 20, personnummer i pos. 3-12`, `* POS 1-4 LBNR  5-14 CPR`: whatever stands there in the lines below.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.detect.written import Candidate

PLACES = rb"pos(?:ition(?:er|ne)?)?[.:]? ?[0-9]"
"""How such a line is found."""

_TEN_PLACES = re.compile(
    rb"(?:(?:cpr|person)[a-z .,:()-]{0,24}?(?P<first>[0-9]{1,3}) ?- ?(?P<last>[0-9]{1,3})"
    rb"|(?P<first_before>[0-9]{1,3}) ?- ?(?P<last_before>[0-9]{1,3})[ :=]{1,3}(?:cpr|person))",
    re.IGNORECASE,
)
_LONGEST, _LINES = 500, 200


def no_number(_data: bytes, _start: int) -> Candidate | None:
    """Such a line holds none itself."""
    return None


def in_records(data: bytes, hints: Sequence[int]) -> list[Candidate]:
    """The numbers in the lines below such lines, which begin about these places, in order."""
    found: list[Candidate] = []
    done = 0
    for hint in hints:
        if hint < done:
            continue
        begin = data.rfind(b"\n", max(done, hint - _LONGEST), hint) + 1
        end = _end_of_line(data, hint)
        first = _first_place(data[begin : min(end, begin + _LONGEST)])
        done = end
        for _ in range(_LINES if first else 0):
            row, done = done + 1, _end_of_line(data, done + 1)
            ten = data[row + first - 1 : min(row + first + 9, done)]
            if len(ten) == 10 and ten.isdigit():
                at = row + first - 1
                found.append(Candidate(at, at + 10, ten.decode("ascii"), ("form.record",)))
            if done >= len(data):
                break
    return found


def _end_of_line(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    return end if end >= 0 else len(data)


def _first_place(line: bytes) -> int:
    """The place, from 1, at which ten digits are said to begin; 0 where none are."""
    for match in _TEN_PLACES.finditer(line):
        first = int(match["first"] or match["first_before"])
        if int(match["last"] or match["last_before"]) - first == 9:
            return first
    return 0

"""What ten digits say about themselves: birth date, century, check digit. Facts of the CPR system, no text."""

from __future__ import annotations

import datetime
from functools import lru_cache

_OF_NOUGHTS = 37 * ord("0")
"""What ten noughts weigh, as characters, with the weights 4 3 2 7 6 5 4 3 2 1."""
_REPLACEMENT = 60
_FIRST_HUNDRED = 100 * 11
"""One serial of eleven has a valid check digit."""


@lru_cache(maxsize=65536)
def birth_date(digits: str) -> datetime.date | None:
    """The birth date that DDMMYY and the seventh digit stand for; the day of a replacement number counts 60 less."""
    day, month, year, seventh = int(digits[0:2]), int(digits[2:4]), int(digits[4:6]), int(digits[6])
    if day > _REPLACEMENT:
        day -= _REPLACEMENT
    try:
        return datetime.date(century(year, seventh) + year, month, day)
    except ValueError:
        return None


def century(year: int, seventh: int) -> int:
    """The hundreds of the year of birth: the table of CPR-kontoret's `Personnummeret i CPR`."""
    if seventh <= 3:
        return 1900
    if seventh in (4, 9):
        return 2000 if year <= 36 else 1900
    return 2000 if year <= 57 else 1800


def is_replacement(digits: str) -> bool:
    return digits[0] in "6789"


def check_digit_holds(digits: str | bytes) -> bool:
    """Modulus 11. Evidence only: numbers that fail it have been issued since 2007."""
    a, b, c, d, e, f, g, h, i, j = digits.encode("ascii") if isinstance(digits, str) else digits
    total = 4 * a + 3 * b + 2 * c + 7 * d + 6 * e + 5 * f + 4 * g + 3 * h + 2 * i + j
    return (total - _OF_NOUGHTS) % 11 == 0


def is_early(digits: str) -> bool:
    """Whether the serial is among the first hundred of its day with a valid check digit: they are given in order."""
    first = {"4": 4000, "9": 9000}.get(digits[6], 0 if digits[6] <= "3" else 5000)
    return int(digits[6:]) - first < _FIRST_HUNDRED

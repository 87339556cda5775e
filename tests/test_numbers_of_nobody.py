"""No number in this project may be somebody's: valid check digits only with births of 1900 to 1912, or day + 60."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.detect.candidates import Shapes
from gateway.detect.normalise import fold
from gateway.detect.number import birth_date, check_digit_holds, is_replacement

ROOT = Path(__file__).resolve().parents[1]
TODAY = datetime.date(2026, 11, 26)
WRITTEN = (
    *("tests/**/*.py", "tests/**/*.txt", "docs/**/*.md", "*.md"),
    *("gateway/**/*.py", "bench/*.py", "policies/**/*.yaml", "scripts/*.py", "training/*"),
)
NOBODYS = {"0707614285": "CPR-kontoret's specimen", "0101253112": "a period, 01.01.25-31.12.25"}


def somebodys(line: str, shapes: Shapes) -> Iterator[str]:
    for candidate in shapes.find(fold(line), TODAY):
        digits = candidate.digits
        if digits in NOBODYS or not digits.isdigit() or is_replacement(digits) or not check_digit_holds(digits):
            continue
        born = birth_date(digits)
        if born is not None and born.year > 1912:
            yield digits


@pytest.mark.parametrize("pattern", WRITTEN)
def test_every_number_is_nobodys(pattern: str) -> None:
    shapes = Shapes()
    places = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted(ROOT.glob(pattern))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for _ in somebodys(line, shapes)
    ]
    assert places == []


def test_a_number_that_may_be_somebodys_is_noticed() -> None:
    made = next(digits for serial in range(1, 100) if check_digit_holds(digits := f"311213{serial:04}"))
    assert list(somebodys(f"{made[:6]}-{made[6:]}", Shapes())) == [made]

"""The lists of entries that cells of a workbook offer, with what a person sees beside and above such a cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from gateway.extract import cells
from gateway.extract.html import unescaped

_VALIDATION = re.compile(r"<(?:\w{1,20}:)?dataValidation\s")
_FORMULA = re.compile(r"formula1>(?:<\w{1,20}:f>)?\s*((?:\"|&quot;)[^<>]*)<")
_CELL = re.compile(r"(?:\bsqref=\"|sqref>)\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_LETTER = re.compile(r"[^\W\d_]")
_FIGURES = re.compile(r"[0-9]{4}")
_ABOVE, _LEFT = 50, 5
_MOST = 2_000


def may_hold_number(around: str) -> bool:
    """Whether a list stands among what surrounds the rows of a sheet."""
    return any(_FIGURES.search(formula) for formula in _FORMULA.findall(around))


def entries(around: str, values: Mapping[str, str]) -> Iterator[str]:
    """Each entry behind the words of its cell; values: the texts of the cells by their names (`B7`)."""
    for piece in _VALIDATION.split(around)[1:_MOST]:
        formula, cell = _FORMULA.search(piece), _CELL.search(piece)
        if not formula or not _FIGURES.search(formula[1]):
            continue
        words = " ".join(_words_of(cell[1], int(cell[2]), values)) if cell else ""
        for entry in re.split("[,;]", unescaped(formula[1]).strip().strip('"')):
            yield f"{words}: {entry.strip()}" if words else entry.strip()


def _words_of(column: str, row: int, values: Mapping[str, str]) -> Iterator[str]:
    """The nearest text to the left of the cell, and the nearest above it."""
    number = cells.column_of(column)
    left = (cells.name_of(row, at) for at in range(number - 1, max(0, number - _LEFT), -1))
    above = (f"{column}{at}" for at in range(row - 1, max(0, row - _ABOVE), -1))
    for names in (left, above):
        texts = (values.get(name, "") for name in names)
        yield from islice(filter(_LETTER.search, texts), 1)

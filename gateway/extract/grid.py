"""Where the cells of tables stand that may hold a number: of Word's, PowerPoint's and OpenDocument's tables and sheets.

Only tables that stand in no other are counted, as people count them; what stands in one of their cells, a further
table too, stands in that cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.extract import cells, sheets, xmltext

_OFFICE = re.compile(r"<(/?)(?:\w+:)?(tbl|tr|tc|gridSpan)(?=[\s/>])([^<>]*)>")
_OPEN_DOCUMENT = re.compile(r"<(/?)table:(table|table-row|table-cell|covered-table-cell)(?=[\s/>])([^<>]*)>")
_ROWS = re.compile(r'number-rows-repeated="(\d{1,7})"')
_COLUMNS = re.compile(r'number-columns-repeated="(\d{1,5})"')
_SPAN = re.compile(r'\bval="(\d{1,3})"')
_TAG = re.compile(r"<[^<>]*>")
_LINES = re.compile(r"[\t\n]")
_MOST_MARKS = 10_000

Marks = tuple[tuple[int, str], ...]


class _Cell(NamedTuple):
    """A cell that may hold a number: its table, its name, its tag's attributes and what it holds."""

    table: int
    name: str
    attributes: str
    body: str


def marks(xml: str, text: str, *, of_sheet: bool = False) -> Marks:
    """The marks of what an XML was read as, for its tables: `2.B7`, or `B7` when the whole is one sheet."""
    found: list[tuple[int, str]] = []
    at = 0
    for cell in _cells(xml):
        for line in filter(cells.may_hold_number, _LINES.split(xmltext.text(cell.body).strip())):
            start = text.find(line, at)
            if start < 0:
                continue
            found.append((start, cell.name if of_sheet else f"{cell.table}.{cell.name}"))
            at = start + len(line)
        if len(found) >= _MOST_MARKS:
            break
    return tuple(found)


def lost_zeros(xml: str) -> tuple[str, Marks]:
    """The number cells of an OpenDocument sheet that lost a zero, with it put back, each on a line, and their marks."""
    if not sheets.lost_zeros_of_ods(xml):
        return "", ()
    lines, found, size = [], [], 0
    for cell in _cells(xml):
        for value in sheets.lost_zeros_of_ods(cell.attributes):
            lines.append(value)
            found.append((size, cell.name))
            size += len(value) + 1
    return "\n".join(lines), tuple(found[:_MOST_MARKS])


def _cells(xml: str) -> Iterator[_Cell]:
    """The cells that may hold a number, row by row, with what spans and is repeated counted as it is shown."""
    depth = table = row = next_row = column = start = 0
    width, attributes = 1, ""
    for tag in (_OPEN_DOCUMENT if "<table:" in xml else _OFFICE).finditer(xml):
        is_end, kind, rest = tag[1], tag[2], tag[3]
        if kind in ("tbl", "table"):
            depth += -1 if is_end else not rest.endswith("/")
            if depth == 1 and not is_end:
                table, next_row = table + 1, 1
        elif depth != 1:
            continue
        elif kind in ("tr", "table-row"):
            if not is_end:
                row, column = next_row, 1
                next_row += _repeated(_ROWS, rest)
        elif kind == "gridSpan":
            width = _repeated(_SPAN, rest)
        elif not is_end:
            start, attributes, width = tag.end(), rest, _repeated(_COLUMNS, rest)
            if rest.endswith("/"):
                column += width
        else:
            body = xml[start : tag.start()]
            if cells.may_hold_number(_TAG.sub("", body)) or cells.may_hold_number(attributes):
                yield _Cell(table, cells.name_of(row, column), attributes, body)
            column += width


def _repeated(pattern: re.Pattern[str], attributes: str) -> int:
    found = pattern.search(attributes)
    return max(1, int(found[1])) if found else 1

"""Which cell a number stands in: readers mark the cells that may hold one, findings are placed afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from gateway.mail.finding import Finding
from gateway.mail.fragment import Fragment
from gateway.mail.place import Place, Step

_NUMBER = re.compile(r"(?:\A|(?<=[\t\n]))[^0-9\t\n]*[0-9][^\t\n]*[0-9]{4}")
"""From the first digit of a cell on; from each of them would cost the square of a long cell."""

_LIKE_CPR = re.compile(rb"[0-36-9][0-9][^0-9]{0,3}[01][0-9][^0-9]{0,3}[0-9]{2}[^0-9]{0,8}[0-9]{2}[^0-9]{0,3}[0-9]{2}")
_SMALL_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
_NO_DIGIT = re.compile(r"[^0-9]+")
_CELL_END = re.compile(r"[\t\n]")
_SEPARATORS = ";\t,|"
_MOST_MARKS = 10_000
_CPR_DIGITS = 10

_Span = tuple[int, int, str]
"""Where a cell begins and ends in a text, and its name."""


def may_hold_number(text: str) -> bool:
    """Whether a cell is worth a mark."""
    return len(text) >= _CPR_DIGITS - 1 and _NUMBER.search(text) is not None


def may_hold_cpr(text: str) -> bool:
    """Whether looking for its cells is worth while: ten digits that begin with a day, however they are grouped.

    Most of a text is small letters, and taking them away first is five times as fast as looking at each.
    """
    return _LIKE_CPR.search(text.encode("utf-8", "replace").translate(None, _SMALL_LETTERS)) is not None


def name_of(row: int, column: int) -> str:
    """`B7` for the seventh row and the second column, both counted from 1."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row}"


def column_of(letters: str) -> int:
    """The number of a column: 1 for `A`, 28 for `AB`."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def placed(findings: Sequence[Finding], fragments: Iterable[Fragment]) -> tuple[Finding, ...]:
    """The findings, those of CPR numbers with the cell they stand in where the reader marked it."""
    wanted = {finding.place for finding in findings if finding.detector == "cpr"}
    cells: dict[Place, list[tuple[str, tuple[Step, ...]]]] = {}
    for fragment in fragments if wanted else ():
        if fragment.place in wanted and (fragment.marks or fragment.place.steps[-1].format == "csv"):
            cells.setdefault(fragment.place, []).extend(_cells(fragment))
    return tuple(_in_cell(finding, cells) for finding in findings) if cells else tuple(findings)


def _in_cell(finding: Finding, cells: dict[Place, list[tuple[str, tuple[Step, ...]]]]) -> Finding:
    if finding.detector != "cpr" or finding.place not in cells:
        return finding
    digits = finding.identity.reveal()
    steps = next((steps for held, steps in cells[finding.place] if digits in held), ())
    return replace(finding, place=finding.place.inside(*steps)) if steps else finding


def _cells(fragment: Fragment) -> list[tuple[str, tuple[Step, ...]]]:
    """The digits of each marked cell, and the steps to it."""
    spans = _spans(fragment) if fragment.marks else _spans_of_csv(fragment.text)
    return [(_NO_DIGIT.sub("", fragment.text[start:end]), _steps(name)) for start, end, name in spans]


def _spans(fragment: Fragment) -> Iterator[_Span]:
    """The marked cells one behind the other: each ends at its end or where the next begins."""
    starts = [start for start, _ in fragment.marks]
    for (start, name), following in zip(fragment.marks, [*starts[1:], len(fragment.text)], strict=True):
        end = _CELL_END.search(fragment.text, start, max(start, following))
        yield start, end.start() if end else following, name


def _steps(name: str) -> tuple[Step, ...]:
    """From a mark's name: `B7` of a sheet, `2.B7` of the second table of a document."""
    table, _, cell = name.rpartition(".")
    return (Step("table", "", int(table)), Step("cell", cell)) if table else (Step("cell", cell),)


def _spans_of_csv(text: str) -> list[_Span]:
    """The cells of a character-separated text; none where quotes may hide a separator, for then nobody can be sure."""
    if '"' in text:
        return []
    separator = max(_SEPARATORS, key=text[:2000].count)
    spans: list[_Span] = []
    start = 0
    for row, line in enumerate(text.split("\n"), 1):
        at = start
        for column, cell in enumerate(line.split(separator) if may_hold_number(line) else (), 1):
            if may_hold_number(cell):
                spans.append((at, at + len(cell), name_of(row, column)))
            at += len(cell) + 1
        start += len(line) + 1
        if len(spans) > _MOST_MARKS:
            break
    return spans

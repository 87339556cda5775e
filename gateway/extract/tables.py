"""Numbers that a table keeps in two columns: a birth date in one, the last four digits in the other.

People read the two as one number, so they are read as one here too, but only where the head of the column says so.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from heapq import nsmallest

_DIGITS_HEAD = re.compile(r"cpr|cifre|løbe ?n|person ?n|last (?:four|4)", re.I)
_DIGITS_WORDS = ("cpr", "cifre", "løben", "løbe n", "personn", "person n", "last four", "last 4")
"""The same as plain words: looking for each of them in a long text costs a fiftieth of the pattern."""

_DATE_HEAD = re.compile(r"fød|dato|alder|birth|born|dob|cpr", re.I)
_ISO = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?!\d)")
_DANISH = re.compile(r"(\d{1,2})[-./ ](\d{1,2})[-./ ](?:\d{2})?(\d{2})(?!\d)")
_SIX = re.compile(r"\d{6}")
_FOUR = re.compile(r"-?\s*(\d{1,4})")
_HEAD_ROWS, _HEAD_CHARS = 200, 20_000
_CELL_OF_PARAGRAPHS = re.compile(r"\n?\t\n")
_FEWEST_CELLS = 4
_ROW = re.compile(r"\n{3,}\t")
_PARAGRAPHS = re.compile(r"[^\S\t]*\n\s*")
_SHORT_CELL, _LONGEST_TABLE = 200, 2_000_000
_NEIGHBOURS, _MOST_PAIRS = 3, 6
_SEPARATORS = "\t;,|"


def joined_numbers(text: str) -> str:
    """The numbers of a tab- or character-separated table that stand in two columns, each behind its column's head."""
    head = text[:_HEAD_CHARS]
    if not _names_digits(head):
        return ""
    separator = max(_SEPARATORS, key=head.count)
    return _joined_rows([row.split(separator) for row in text.splitlines()])


def joined_in_markup(text: str, row: str) -> str:
    """The same where rows have a mark of their own, and cells may hold line ends."""
    if not _names_digits(text[:_HEAD_CHARS]):
        return ""
    return _joined_rows([[cell.strip() for cell in line.split("\t")] for line in text.split(row)])


def _names_digits(head: str) -> bool:
    """Whether a column of last digits may be named here."""
    lower = head.lower()
    return any(word in lower for word in _DIGITS_WORDS)


def _joined_rows(rows: list[list[str]]) -> str:
    for number, row in enumerate(rows[:_HEAD_ROWS]):
        pairs = _columns(row) if len(row) > 1 else []
        if pairs:
            return "\n".join(_joined(row, rows[number + 1 :], pairs))
    return ""


def joined_in_document(text: str) -> str:
    """The same for a text document, whose cells hold paragraphs of their own."""
    if text.count("\t") < _FEWEST_CELLS or not _names_digits(text[:_HEAD_CHARS]):
        return ""
    return joined_numbers(_CELL_OF_PARAGRAPHS.sub("\t", text))


def rows_of_tables(pieces: list[str]) -> str:
    """The text of a document whose tables are pieces of their own: a row a line, the head of a column over it.

    A row with a cell of more than a few words stays as it is: such tables are there for the layout.
    """
    return "\n".join(_as_rows(piece) if "\t" in piece and len(piece) < _LONGEST_TABLE else piece for piece in pieces)


def _as_rows(table: str) -> str:
    return "\n".join(["", *map(_as_row, _ROW.split(table.strip("\n"))), ""])


def _as_row(row: str) -> str:
    row = row.strip("\n").removeprefix("\t")
    row_cells = list(map(str.strip, row.split("\t")))
    if len(row) > _SHORT_CELL and max(map(len, row_cells)) > _SHORT_CELL:
        return row
    joined = "\t".join(row_cells)
    return _PARAGRAPHS.sub(" / ", joined) if "\n" in joined else joined


def _columns(row: list[str]) -> list[tuple[int, int]]:
    """Columns of the date and of the digits, where this row names both: the pairs that stand nearest come first.

    Each column of digits is paired with its neighbours among the dates; all with all would be the square of a long row.
    """
    dates = [index for index, cell in enumerate(row) if _DATE_HEAD.search(cell)]
    digits = [index for index, cell in enumerate(row) if _DIGITS_HEAD.search(cell)]
    pairs = []
    for at in digits:
        near = bisect_left(dates, at)
        neighbours = dates[max(0, near - _NEIGHBOURS) : near + _NEIGHBOURS + 1]
        pairs += [(date, at) for date in neighbours if date != at]
    return nsmallest(_MOST_PAIRS, pairs, key=lambda pair: abs(pair[0] - pair[1]))


def _joined(head: list[str], rows: list[list[str]], pairs: list[tuple[int, int]]) -> Iterator[str]:
    """A line for each row: its first pair that is a date and four digits."""
    for row in rows:
        for date_at, digits_at in pairs:
            if len(row) <= max(date_at, digits_at):
                continue
            date, digits = _six(row[date_at].strip(' "')), _FOUR.fullmatch(row[digits_at].strip(' "'))
            if date and digits:
                yield f"{head[digits_at].strip()}: {date}-{digits[1].zfill(4)}"
                break


def _six(cell: str) -> str:
    """A date as the six digits a CPR number begins with; empty when the cell holds none."""
    if iso := _ISO.match(cell):
        return f"{int(iso[3]):02}{int(iso[2]):02}{iso[1][2:]}"
    if danish := _DANISH.match(cell):
        return f"{int(danish[1]):02}{int(danish[2]):02}{danish[3]}"
    six = _SIX.fullmatch(cell)
    return six[0] if six else ""

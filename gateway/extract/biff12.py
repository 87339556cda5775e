"""The binary parts of an Excel workbook (.xlsb, MS-XLSB): records as in old Excel files, in a zip as in new ones.

Sheets become the same rows of cells as those of any workbook; whatever else holds a text (comments, headers, links,
names of sheets) is read from its record.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from gateway.extract import cells, sheets
from gateway.extract.document import Items
from gateway.extract.tables import joined_numbers
from gateway.mail.fragment import Fragment
from gateway.mail.place import Place, Step

_ROW, _RK, _REAL, _TEXT, _SHARED, _FORMULA_TEXT, _FORMULA_NUMBER = 0, 2, 5, 6, 7, 8, 9
_STRING_ITEM, _FORMAT, _CELL_FORMAT, _SHEET = 19, 44, 47, 156
_HEADER_FOOTER, _LINK, _CELL_FORMATS, _CELL_FORMATS_END, _COMMENT = 479, 494, 617, 618, 637
_SHEET_PART = re.compile(r"xl/(?:work|macro|dialog|chart)sheets/[^/]*?(\d*)\.bin$")
_MOST_MARKS = 10_000


def records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each record's kind and body: kind and length are written seven bits a byte (MS-XLSB 2.1.4)."""
    at = 0
    while at < len(data):
        kind, at = _small_number(data, at, 2)
        size, at = _small_number(data, at, 4)
        yield kind, data[at : at + size]
        at += size


def _small_number(data: bytes, at: int, most: int) -> tuple[int, int]:
    value = 0
    for place in range(most):
        byte = data[at] if at < len(data) else 0
        value |= (byte & 0x7F) << 7 * place
        at += 1
        if byte < 0x80:
            break
    return value, at


def _wide(data: bytes, at: int) -> tuple[str, int]:
    """A string with a length of four bytes, and where it ends; all ones mean that there is none."""
    size = struct.unpack_from("<I", data, at)[0]
    if size == 0xFFFFFFFF:
        return "", at + 4
    return data[at + 4 : at + 4 + 2 * size].decode("utf-16-le", "replace"), at + 4 + 2 * size


class Binary:
    """The binary parts of a workbook that only make sense together."""

    def __init__(self) -> None:
        self._sheets: list[tuple[int, bytes]] = []
        self._strings: list[str] = []
        self._codes: dict[int, str] = {}
        self._formats: list[int] = []
        self._beside: list[str] = []

    def takes(self, name: str, data: bytes) -> bool:
        """Keeps the part when it is a binary one of a workbook; other binary parts hold looks or are files."""
        if not name.startswith("xl/") or not name.endswith(".bin"):
            return False
        sheet = _SHEET_PART.match(name)
        if sheet:
            self._sheets.append((int(sheet[1] or 0), data))
        elif name.count("/") == 1 or "comments" in name.lower():
            for kind, body in records(data):
                self._take(kind, body)
        else:
            return False
        return True

    def _take(self, kind: int, body: bytes) -> None:
        try:
            if kind == _STRING_ITEM:
                self._strings.append(_wide(body, 1)[0])
            elif kind == _FORMAT:
                self._codes[struct.unpack_from("<H", body)[0]] = _wide(body, 2)[0]
            elif kind == _CELL_FORMATS:
                self._formats.clear()  # those before were the formats of styles
            elif kind == _CELL_FORMAT:
                self._formats.append(struct.unpack_from("<H", body, 2)[0])
            elif kind == _SHEET:
                self._beside.append(_wide(body, _wide(body, 8)[1])[0])
            elif kind == _COMMENT:
                self._beside.append(_wide(body, 1)[0])
        except struct.error:
            self._beside.append("")  # a record cut short says nothing; those around it are read all the same

    def read(self, place: Place) -> Items:
        """The sheets by their numbers, then what stands beside them."""
        for number, (_, data) in enumerate(sorted(self._sheets), 1):
            sheet = _Sheet(self._strings, self._codes, self._formats)
            for kind, body in records(data):
                sheet.take(kind, body)
            at = place.inside(Step("sheet", "", number))
            text = "".join(sheet.cells)
            yield Fragment(at, text, tuple(sheet.marks[:_MOST_MARKS]))
            yield Fragment(at, joined_numbers(text.lstrip("\n")))
            yield Fragment(at, "\n".join(filter(None, sheet.beside)))
        yield Fragment(place, "\n".join(filter(None, self._beside)))


class _Sheet:
    """One sheet while its records are read."""

    def __init__(self, strings: list[str], codes: dict[int, str], formats: list[int]) -> None:
        self.cells: list[str] = []
        self.beside: list[str] = []
        self.marks: list[tuple[int, str]] = []
        self._strings, self._codes, self._formats = strings, codes, formats
        self._row, self._length, self._starts_row = 0, 0, True

    def take(self, kind: int, body: bytes) -> None:
        try:
            self._take(kind, body)
        except (struct.error, IndexError):
            self.beside.append("")  # a record cut short says nothing; those around it are read all the same

    def _take(self, kind: int, body: bytes) -> None:
        if kind == _ROW:
            self._row, self._starts_row = struct.unpack_from("<I", body)[0], True
        elif kind == _SHARED:
            self._cell(body, self._strings[struct.unpack_from("<I", body, 8)[0]])
        elif kind in (_TEXT, _FORMULA_TEXT):
            self._cell(body, _wide(body, 8)[0])
        elif kind == _RK:
            self._number(body, sheets.unpacked(struct.unpack_from("<I", body, 8)[0]))
        elif kind in (_REAL, _FORMULA_NUMBER):
            self._number(body, struct.unpack_from("<d", body, 8)[0])
        elif kind == _HEADER_FOOTER:
            at = 2
            for _ in range(6):
                text, at = _wide(body, at)
                self.beside.append(sheets.HEADER_CODE.sub(" ", text))
        elif kind == _LINK:
            at = _wide(body, 16)[1]  # behind the cells it covers and its relation
            for _ in range(3):
                text, at = _wide(body, at)
                self.beside.append(text)

    def _number(self, body: bytes, value: float) -> None:
        style = int.from_bytes(body[4:7], "little")
        identity = self._formats[style] if style < len(self._formats) else 0
        code = self._codes.get(identity) or sheets.BUILT_IN_DATES.get(identity, "")
        self._cell(body, sheets.number(sheets.written(value), code))

    def _cell(self, body: bytes, text: str) -> None:
        if len(self.marks) < _MOST_MARKS and cells.may_hold_number(text):
            self.marks.append((self._length + 1, cells.name_of(self._row + 1, struct.unpack_from("<I", body)[0] + 1)))
        self.cells.append(("\n" if self._starts_row else "\t") + text)
        self._length += len(text) + 1
        self._starts_row = False

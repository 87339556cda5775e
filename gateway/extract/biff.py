"""The records of an old Excel file (MS-XLS 2.4) as rows of cells, with names, headers, comments and text boxes."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from gateway.extract import cells, sheets
from gateway.extract.budget import EncryptedError
from gateway.extract.document import Items
from gateway.extract.tables import joined_numbers
from gateway.mail.fragment import Fragment
from gateway.mail.place import Place, Step

_EOF, _BOF, _BOUNDSHEET, _SST, _CONTINUE, _FORMAT, _XF, _FILEPASS = 0x0A, 0x809, 0x85, 0xFC, 0x3C, 0x41E, 0xE0, 0x2F
_LABELSST, _LABEL, _RSTRING, _NUMBER, _RK, _MULRK, _FORMULA, _STRING = (
    0xFD,
    0x204,
    0xD6,
    0x203,
    0x27E,
    0xBD,
    0x06,
    0x207,
)
_HEADER, _FOOTER, _TXO, _NOTE, _HYPERLINK, _NAME = 0x14, 0x15, 0x1B6, 0x1C, 0x1B8, 0x18
_VALIDATION = 0x1BE
_LIST_ENTRY = re.compile(rb"[\x20-\x7e\xa0-\xff]{4,}|(?:[\x20-\x7e\xa0-\xff]\0){4,}")
_MOST_MARKS = 10_000
_WORKSHEET_AND_KIN = (0x0010, 0x0020, 0x0040)

Record = tuple[int, list[bytes]]


def read(stream: bytes, place: Place) -> Items:
    """The sheets in the file's order, then what belongs to the whole workbook."""
    book = _Book()
    sheet = 0
    for kind, chunks in _records(stream):
        if kind == _FILEPASS:
            raise EncryptedError
        if kind == _BOF:
            yield from book.flush(place, sheet)
            is_sheet = len(chunks[0]) >= 4 and struct.unpack_from("<H", chunks[0], 2)[0] in _WORKSHEET_AND_KIN
            sheet += is_sheet
            book.is_wide = len(chunks[0]) >= 2 and struct.unpack_from("<H", chunks[0])[0] >= 0x600
        else:
            book.take(kind, chunks)
    yield from book.flush(place, sheet)


def _records(stream: bytes) -> Iterator[Record]:
    """Each record with the records that continue it."""
    at, kind, chunks = 0, 0, list[bytes]()
    while at + 4 <= len(stream):
        number, size = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + size]
        at += 4 + size
        if number == _CONTINUE:
            chunks.append(body)
            continue
        if chunks:
            yield kind, chunks
        kind, chunks = number, [body]
    if chunks:
        yield kind, chunks


class _Book:
    """What has been read of the workbook, and the sheet that is being read."""

    def __init__(self) -> None:
        self.is_wide = True
        self._strings: list[str] = []
        self._codes: dict[int, str] = {}
        self._formats: list[int] = []
        self._cells: list[str] = []
        self._beside: list[str] = []
        self._row = -1
        self._marks: list[tuple[int, str]] = []
        self._length = 0

    def flush(self, place: Place, sheet: int) -> Items:
        at = place.inside(Step("sheet", "", sheet)) if sheet else place
        if self._cells:
            yield Fragment(at, "".join(self._cells), tuple(self._marks))
            yield Fragment(at, joined_numbers("".join(self._cells).lstrip("\n")))
        if self._beside:
            yield Fragment(at, "\n".join(filter(None, self._beside)))
        self._cells, self._beside, self._row = [], [], -1
        self._marks, self._length = [], 0

    def take(self, kind: int, chunks: list[bytes]) -> None:
        try:
            self._take(kind, chunks)
        except (struct.error, IndexError):
            self._beside.append("")  # a record cut short says nothing; those around it are read all the same

    def _take(self, kind: int, chunks: list[bytes]) -> None:
        data = chunks[0]
        if kind == _SST:
            self._strings = list(_shared(chunks))
        elif kind == _LABELSST:
            index = struct.unpack_from("<I", data, 6)[0]
            self._cell(data, self._strings[index])
        elif kind in (_LABEL, _RSTRING):
            self._cell(data, self._text(data, 6))
        elif kind == _NUMBER:
            self._number(data, struct.unpack_from("<d", data, 6)[0])
        elif kind == _RK:
            self._number(data, sheets.unpacked(struct.unpack_from("<I", data, 6)[0]))
        elif kind == _MULRK:
            for column in range((len(data) - 6) // 6):
                style, packed = struct.unpack_from("<HI", data, 4 + 6 * column)
                first = struct.unpack_from("<H", data, 2)[0]
                self._number(data[:2] + struct.pack("<HH", first + column, style), sheets.unpacked(packed))
        elif kind == _FORMULA:
            if data[12:14] != b"\xff\xff":
                self._number(data, struct.unpack_from("<d", data, 6)[0])
        elif kind == _STRING:
            self._add("\t" + self._text(data, 0))
        elif kind == _TXO:
            self._beside.append("".join(_continued(chunks[1:2])))
        else:
            self._described(kind, data)

    def _described(self, kind: int, data: bytes) -> None:
        """Names, headers, footers, formats and styles."""
        if kind == _BOUNDSHEET:
            self._beside.append(_short_text(data, 6, self.is_wide))
        elif kind in (_HEADER, _FOOTER) and data:
            self._beside.append(sheets.HEADER_CODE.sub(" ", self._text(data, 0)))
        elif kind == _FORMAT:
            self._codes[struct.unpack_from("<H", data)[0]] = self._text(data, 2)
        elif kind == _XF:
            self._formats.append(struct.unpack_from("<H", data, 2)[0])
        elif kind == _VALIDATION:
            self._beside += _list_entries(data)
        elif kind == _HYPERLINK:
            self._beside.append(data[32:].decode("utf-16-le", "replace").replace("\0", " "))
        elif kind == _NOTE and not self.is_wide:
            self._beside.append(data[6:].decode("cp1252", "replace"))

    def _cell(self, data: bytes, text: str) -> None:
        row, column = struct.unpack_from("<HH", data)
        if cells.may_hold_number(text) and len(self._marks) < _MOST_MARKS:
            self._marks.append((self._length + 1, cells.name_of(row + 1, column + 1)))
        self._add(("\n" if row != self._row else "\t") + text)
        self._row = row

    def _add(self, text: str) -> None:
        self._cells.append(text)
        self._length += len(text)

    def _number(self, data: bytes, value: float) -> None:
        style = struct.unpack_from("<H", data, 4)[0]
        identity = self._formats[style] if style < len(self._formats) else 0
        code = self._codes.get(identity) or sheets.BUILT_IN_DATES.get(identity, "")
        self._cell(data, sheets.number(sheets.written(value), code))

    def _text(self, data: bytes, at: int) -> str:
        """A string with a length of two bytes; one of Excel 95 has no flags."""
        length = struct.unpack_from("<H", data, at)[0]
        if not self.is_wide:
            return data[at + 2 : at + 2 + length].decode("cp1252", "replace")
        return _characters(data, at + 3, length, data[at + 2])


def _list_entries(data: bytes) -> Iterator[str]:
    """What a cell offers and says of itself: the texts of the record; NULs part the entries of a list."""
    for run in _LIST_ENTRY.findall(data):
        yield run.replace(b"\0", b"").decode("latin-1")


def _short_text(data: bytes, at: int, is_wide: bool) -> str:
    length = data[at]
    if not is_wide:
        return data[at + 1 : at + 1 + length].decode("cp1252", "replace")
    return _characters(data, at + 2, length, data[at + 1])


def _characters(data: bytes, at: int, length: int, flags: int) -> str:
    if flags & 1:
        return data[at : at + 2 * length].decode("utf-16-le", "replace")
    return data[at : at + length].decode("latin-1")


def _continued(chunks: list[bytes]) -> Iterator[str]:
    """The text of a text box: one flag, then characters."""
    for chunk in chunks:
        if chunk:
            yield chunk[1:].decode("utf-16-le", "replace") if chunk[0] & 1 else chunk[1:].decode("latin-1")


def _shared(chunks: list[bytes]) -> Iterator[str]:
    """The shared strings; one that crosses into the next record starts there with flags of its own (MS-XLS 2.5.293)."""
    index, at = 0, 8
    total = struct.unpack_from("<I", chunks[0], 4)[0]
    for _ in range(min(total, sum(map(len, chunks)))):
        if at + 3 > len(chunks[index]):
            index, at = index + 1, max(0, at - len(chunks[index]))
            if index >= len(chunks):
                return
        chunk = chunks[index]
        length, flags = struct.unpack_from("<HB", chunk, at)
        at += 3
        runs = struct.unpack_from("<H", chunk, at)[0] if flags & 8 else 0
        at += 2 if flags & 8 else 0
        extra = struct.unpack_from("<I", chunk, at)[0] if flags & 4 else 0
        at += 4 if flags & 4 else 0
        pieces = []
        while length:
            width = 2 if flags & 1 else 1
            taken = min(length, max(0, (len(chunk) - at) // width))
            pieces.append(_characters(chunk, at, taken, flags))
            at += taken * width
            length -= taken
            if length:
                index += 1
                if index >= len(chunks) or not chunks[index]:
                    yield "".join(pieces)
                    return
                chunk, flags, at = chunks[index], chunks[index][0], 1
        yield "".join(pieces)
        at += 4 * runs + extra
        while index < len(chunks) and at > len(chunks[index]):
            at -= len(chunks[index])
            index += 1
        if index >= len(chunks):
            return

"""Binary workbooks: the same cells, formats and comments as in any workbook, and an end for whatever is broken."""

from __future__ import annotations

import struct
from typing import Any

import pytest

NUMBER = "070761-4285"


def record(kind: int, body: bytes = b"") -> bytes:
    head = bytes((kind,)) if kind < 0x80 else bytes((kind & 0x7F | 0x80, kind >> 7))
    size, length = len(body), b""
    while size >= 0x80:
        length += bytes((size & 0x7F | 0x80,))
        size >>= 7
    return head + length + bytes((size,)) + body


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def cell(column: int, value: bytes, style: int = 0) -> bytes:
    return struct.pack("<I", column) + style.to_bytes(3, "little") + b"\0" + value


def row(number: int) -> bytes:
    return record(0, struct.pack("<I", number) + bytes(13))


def workbook(make: Any, *records: bytes, **parts: bytes) -> bytes:
    named = {f"xl/{name.replace('__', '/')}.bin": data for name, data in parts.items()}
    sheet = {"xl/workbook.bin": b"", "xl/worksheets/sheet1.bin": b"".join(records)}
    return make.zip({"[Content_Types].xml": "<Types/>", **sheet, **named})  # type: ignore[no-any-return]


STYLES = (
    record(44, struct.pack("<H", 164) + wide("000000\\-0000"))
    + record(47, struct.pack("<HH", 0xFFFF, 0))
    + record(617)
    + record(47, struct.pack("<HH", 0, 0))
    + record(47, struct.pack("<HH", 0, 164))
    + record(618)
)


@pytest.mark.parametrize(
    ("records", "parts", "where"),
    [
        pytest.param((row(6), record(6, cell(1, wide(NUMBER)))), {}, " › sheet 1", id="a text in a cell"),
        pytest.param(
            (row(0), record(7, cell(0, struct.pack("<I", 1)))),
            {"sharedStrings": record(19, b"\0" + wide("x")) + record(19, b"\0" + wide(NUMBER))},
            " › sheet 1",
            id="a shared text",
        ),
        pytest.param(
            (row(0), record(5, cell(0, struct.pack("<d", 707614285), 1))),
            {"styles": STYLES},
            " › sheet 1",
            id="a format",
        ),
        pytest.param((row(0), record(8, cell(0, wide(NUMBER) + b"formula"))), {}, " › sheet 1", id="a formula's text"),
        pytest.param((record(479, b"\0\0" + wide(f"&C{NUMBER}") + b"\xff" * 20),), {}, " › sheet 1", id="a header"),
        pytest.param((), {"comments1": record(637, b"\0" + wide(NUMBER))}, "", id="a comment"),
        pytest.param((), {"workbook": record(156, bytes(8) + wide("rId1") + wide(NUMBER))}, "", id="a sheet's name"),
    ],
)  # fmt: skip
def test_every_text_of_a_binary_workbook_is_read(
    reading: Any, make: Any, records: tuple[bytes, ...], parts: dict[str, bytes], where: str
) -> None:
    got = reading(workbook(make, *records, **parts))
    assert [str(item.place) for item in got.fragments if NUMBER in item.text] == [f"attachment:xlsb 1{where}"]
    assert not got.unreadable


def test_its_cells_are_marked(reading: Any, make: Any) -> None:
    got = reading(workbook(make, row(6), record(6, cell(1, wide(NUMBER)))))
    assert [fragment.marks for fragment in got.fragments if fragment.marks] == [((1, "B7"),)]


@pytest.mark.parametrize(
    "data", [b"\x06", b"\x06\xff\xff\xff\xff", b"\x06\x04abcd", b"\x07\x0c" + bytes(8) + b"\xff" * 4]
)
def test_broken_records_end(reading: Any, make: Any, data: bytes) -> None:
    assert reading(workbook(make, data)) is not None

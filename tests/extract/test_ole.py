"""OLE files as other programs than Office write them, and one whose sectors run in a ring."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from gateway.mail.fragment import Extraction, Reason

NUMBER = "150322-6239"
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SECTOR, SMALLEST = 512, 4096


def texts(extraction: Extraction) -> str:
    return "\n".join(fragment.text for fragment in extraction.fragments)


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    spelled = name.encode("utf-16-le") + b"\0\0"
    head = spelled.ljust(64, b"\0") + struct.pack("<HBBIII", len(spelled), kind, 1, FREE, FREE, child)
    return head.ljust(116, b"\0") + struct.pack("<IQ", start, size)


def ole(name: str, data: bytes, *, claimed: int = 0, is_ring: bool = False) -> bytes:
    """An OLE file with this one stream: its table in the first sector, its directory in the second."""
    data = data.ljust(SMALLEST, b"\0")
    count = -(-len(data) // SECTOR)
    chain = [*range(3, count + 2), 2 if is_ring else END]
    table = struct.pack(f"<{SECTOR // 4}I", *[FAT, END, *chain, *[FREE] * (SECTOR // 4 - 2 - count)])
    directory = _entry("Root Entry", 5, 1, END, 0) + _entry(name, 2, FREE, 2, claimed or len(data))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, SMALLEST, END, 0, END, 0) + struct.pack("<109I", 0, *[FREE] * 108)
    return head + table + directory.ljust(SECTOR, b"\0") + data.ljust(count * SECTOR, b"\0")


@pytest.mark.parametrize("name", ["Package", "PACKAGE", "package_stream", "EmbeddedOdf", "CONTENTS", "Something"])
def test_a_file_in_a_stream_is_read(reading: Any, make: Any, name: str) -> None:
    inner = make.docx(f"<w:p><w:r><w:t>cpr {NUMBER}</w:t></w:r></w:p>")
    assert NUMBER in texts(reading(ole(name, inner)))


def test_sectors_in_a_ring_are_told_as_damage(reading: Any) -> None:
    got = reading(ole("WordDocument", f"cpr {NUMBER}".encode(), claimed=1 << 20, is_ring=True))
    assert NUMBER in texts(got)
    assert [each.reason for each in got.unreadable] == [Reason.DAMAGED]


def test_a_stream_that_ends_as_it_should_is_whole(reading: Any, make: Any) -> None:
    assert not reading(ole("Package", make.docx("<w:p><w:r><w:t>Hej</w:t></w:r></w:p>"))).unreadable


def test_what_fails_to_open_is_read_by_its_strings(reading: Any) -> None:
    got = reading(ole("WordDocument", f"cpr {NUMBER}".encode())[:-SMALLEST] + f"cpr {NUMBER}".encode())
    assert NUMBER in texts(got)
    assert [each.reason for each in got.unreadable] == [Reason.DAMAGED]

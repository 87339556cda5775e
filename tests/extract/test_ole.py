"""OLE files as other programs than Office write them, and one whose sectors run in a ring."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from gateway.extract import ole_streams
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


def test_a_message_whose_sectors_run_in_a_ring_is_damaged(reading: Any) -> None:
    data = ole("__substg1.0_1000001F", f"cpr {NUMBER}".encode("utf-16-le"), claimed=1 << 15, is_ring=True)
    assert [each.reason for each in reading(data).unreadable] == [Reason.DAMAGED]


def test_streams_that_share_their_bytes_are_not_all_opened(reading: Any) -> None:
    got = reading(ole("Something", bytes(SMALLEST), claimed=1 << 30))
    assert [each.reason for each in got.unreadable]


def test_properties_that_people_named_are_read_with_their_names() -> None:
    dictionary = struct.pack("<III", 1, 2, 4) + b"cpr\0"
    value = struct.pack("<II", 0x1E, 12) + NUMBER.encode() + b"\0"
    page = struct.pack("<II", 2, 1252)
    start = 8 + 3 * 8
    places = struct.pack("<6I", 0, start, 1, start + len(dictionary), 2, start + len(dictionary) + len(page))
    section = struct.pack("<II", 0, 3) + places + dictionary + page + value
    head = bytes(24) + struct.pack("<I", 2) + bytes(16) + struct.pack("<I", 0) + bytes(16) + struct.pack("<I", 68)
    assert list(ole_streams.custom_properties(head + section)) == [f"cpr: {NUMBER}"]
    for length in range(len(head + section)):
        assert isinstance(list(ole_streams.custom_properties((head + section)[:length])), list)

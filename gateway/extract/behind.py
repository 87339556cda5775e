"""An archive behind another file: a picture or a PDF in front, a zip, 7z or rar behind it.

A program that goes by the name, or is told to, opens the archive, for it looks for its marks anywhere; a viewer shows
what is in front. So both are read. Only what fits counts: a directory whose members are where it says, a head with
the right checksum. A file that holds an archive as a part of its own is then read twice at worst.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from gateway.extract import seven_zip_header

_LOCAL, _DIRECTORY, _ZIP_END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END = struct.Struct("<4s4HIIH")
"""The end of a zip's directory: in its last fields the directory's size and place, and the length of a comment."""

_ENTRY = struct.Struct("<28xHHH8xI")
"""A member in the directory: the lengths of name, extra and comment, and its place."""

_LARGE = 0xFFFFFFFF
_TAIL = _END.size + 65_535

_MEMBERS_LOOKED_AT = 200
_RAR4, _RAR5 = b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"
_RAR4_MAIN = 0x73
_SEVEN_ZIP_HEAD = 32
_TRIES = 20
_ARCHIVES = frozenset(
    ("zip", "docx", "xlsx", "xlsb", "pptx", "vsdx", "xps", "odt", "ods", "odp", "odg", "epub", "self-extracting")
)
"""Formats that are read as archives, wherever in them the archive begins."""

_SCATTERED = frozenset(("ole", "doc", "xls", "ppt", "msg", "pub", "vsd", "encrypted office"))
"""Formats that keep a file of theirs in sectors, which need not follow each other: it may look like damage."""

_ENDINGS = {"jpg": b"\xff\xd9", "png": b"IEND\xaeB`\x82", "pdf": b"%%EOF"}
_NO_ENDING = b"\0\0"
_LAST = 64

_HOLDERS = _ARCHIVES | _SCATTERED | {"7z", "rar", "tar", "cab", "ar", "eml", "mbox", "p7m", "winmail.dat"}
"""Formats that may hold an archive as it is, and give it when they are read."""


def archives(data: bytes, format: str) -> Iterator[bytes]:
    """The archives behind what the format's reader reads, each from its first byte on."""
    if format not in _ARCHIVES:
        start = _zip_start(data, is_scattered=format in _SCATTERED)
        if start > 0:
            yield data[start:]
    if format not in _HOLDERS and not _ends_itself(data, format):
        for start in (seven_zip_start(data), rar_start(data)):
            if start > 0:
                yield data[start:]


def _ends_itself(data: bytes, format: str) -> bool:
    """Whether nothing can stand behind it: the file ends as its format does, or holds no zero byte, as archives do."""
    return data[-_LAST:].rstrip(b"\0\r\n\t ").endswith(_ENDINGS.get(format, _NO_ENDING)) or b"\0" not in data


def _zip_start(data: bytes, *, is_scattered: bool) -> int:
    """Where a zip begins whose directory stands at the end of the data; -1 where there is none."""
    end = data.rfind(_ZIP_END, max(0, len(data) - _TAIL))
    if end < 0 or end + _END.size > len(data):
        return -1
    *_, size, offset, comment = _END.unpack_from(data, end)
    if is_scattered and end + _END.size + comment != len(data):
        return -1
    if _LARGE in (size, offset):
        return data.find(_LOCAL)
    starts = [end - size - offset + start for start in _members(data, end - size, end)]
    fits = starts and min(starts) > 0 and all(data.startswith(_LOCAL, start) for start in starts)
    return min(starts) if fits else -1


def _members(data: bytes, at: int, end: int) -> Iterator[int]:
    """Where a directory says that its first members are, counted from the start of the archive."""
    for _ in range(_MEMBERS_LOOKED_AT):
        if not 0 < at <= end - _ENTRY.size or not data.startswith(_DIRECTORY, at):
            return
        name, extra, comment, start = _ENTRY.unpack_from(data, at)
        yield start
        at += _ENTRY.size + name + extra + comment


def seven_zip_start(data: bytes) -> int:
    """Where a 7z begins whose first header has the right checksum; -1 where there is none."""
    return next((at for at in _places(data, seven_zip_header.MAGIC) if _has_seven_zip_head(data, at)), -1)


def _has_seven_zip_head(data: bytes, at: int) -> bool:
    head = data[at + 12 : at + _SEVEN_ZIP_HEAD]
    return len(head) == 20 and zlib.crc32(head) == int.from_bytes(data[at + 8 : at + 12], "little")


def rar_start(data: bytes) -> int:
    """Where a rar begins, of the old kind or the new one; -1 where there is none."""
    places = _places(data, _RAR4[:-1])
    return next((at for at in places if _has_rar4_head(data, at) or _has_rar5_head(data, at)), -1)


def _has_rar4_head(data: bytes, at: int) -> bool:
    return data.startswith(_RAR4, at) and data[at + 9 : at + 10] == bytes((_RAR4_MAIN,))


def _has_rar5_head(data: bytes, at: int) -> bool:
    """Whether the first block has the right checksum; its size is one byte, for it names nothing."""
    head = data[at + 12 : at + 13 + data[at + 12]] if len(data) > at + 12 else b""
    return data.startswith(_RAR5, at) and zlib.crc32(head) == int.from_bytes(data[at + 8 : at + 12], "little")


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    """Where a mark stands, the first few times."""
    at = data.find(mark)
    for _ in range(_TRIES):
        if at < 0:
            return
        yield at
        at = data.find(mark, at + 1)

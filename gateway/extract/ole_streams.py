"""Streams of an OLE file: their bytes, whether their sectors run in a ring, and the properties people add to a file."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import olefile

from gateway.extract.budget import DamagedError
from gateway.mail import charset as charsets

_DICTIONARY, _CODE_PAGE, _UTF_16 = 0, 1, 1200
_TEXT, _WIDE_TEXT, _INTEGER, _REAL = 0x1E, 0x1F, 0x03, 0x05
_MOST_PROPERTIES = 5_000


def bytes_of(ole: olefile.OleFileIO, path: list[str]) -> bytes:
    """The bytes of a stream. Sectors that run in a ring repeat themselves: that is noted as the file's damage."""
    if _is_ring(ole, path):
        ole.parsing_issues.append((DamagedError, "a stream's sectors run in a ring"))
    return bytes(ole.openstream(path).read())


def _is_ring(ole: olefile.OleFileIO, path: list[str]) -> bool:
    """Whether a stream comes to a sector again before its size is reached."""
    entry = ole.direntries[ole._find(path)]
    is_small = entry.size < ole.minisectorcutoff
    if is_small and ole.minifat is None:
        ole.loadminifat()
    table, width = (ole.minifat, ole.minisectorsize) if is_small else (ole.fat, ole.sectorsize)
    sector, seen = entry.isectStart, set[int]()
    for _ in range(min(-(-entry.size // width), len(table))):
        if sector in seen:
            return True
        seen.add(sector)
        if not 0 <= sector < len(table):
            return False
        sector = table[sector] & 0xFFFFFFFF
    return False


def custom_properties(data: bytes) -> Iterator[str]:
    """The properties that people named themselves, each with its name: the second set of a summary (MS-OLEPS 2.21)."""
    try:
        if struct.unpack_from("<I", data, 24)[0] > 1:
            yield from _named(data[struct.unpack_from("<I", data, 64)[0] :])
    except struct.error:
        return  # a set cut short says nothing more; what stands before it is read


def _named(section: bytes) -> Iterator[str]:
    count = min(struct.unpack_from("<I", section, 4)[0], _MOST_PROPERTIES)
    offsets = dict(struct.unpack_from("<II", section, 8 + 8 * number) for number in range(count))
    code_page = struct.unpack_from("<H", section, offsets[_CODE_PAGE] + 4)[0] if _CODE_PAGE in offsets else 1252
    names = dict(_dictionary(section, offsets[_DICTIONARY], code_page)) if _DICTIONARY in offsets else {}
    left = len(section)
    for identity, at in offsets.items():
        if identity > _CODE_PAGE and left > 0:  # only properties that share their bytes are larger than their set
            value = _value(section, at, code_page)
            left -= len(value)
            yield f"{names.get(identity, '')}: {value}".strip(": ")


def _dictionary(section: bytes, at: int, code_page: int) -> Iterator[tuple[int, str]]:
    count = min(struct.unpack_from("<I", section, at)[0], _MOST_PROPERTIES)
    at += 4
    for _ in range(count):
        identity, length = struct.unpack_from("<II", section, at)
        size = 2 * length if code_page == _UTF_16 else length
        yield identity, _decoded(section[at + 8 : at + 8 + size], code_page)
        at += 8 + (size + 3 & ~3 if code_page == _UTF_16 else size)


def _value(section: bytes, at: int, code_page: int) -> str:
    kind = struct.unpack_from("<I", section, at)[0]
    if kind in (_INTEGER, _REAL):
        return f"{struct.unpack_from('<i' if kind == _INTEGER else '<d', section, at + 4)[0]:.15g}"
    if kind not in (_TEXT, _WIDE_TEXT):
        return ""
    length = struct.unpack_from("<I", section, at + 4)[0]
    size = 2 * length if kind == _WIDE_TEXT else length
    return _decoded(section[at + 8 : at + 8 + size], _UTF_16 if kind == _WIDE_TEXT else code_page)


def _decoded(data: bytes, code_page: int) -> str:
    text = data.decode("utf-16-le", "replace") if code_page == _UTF_16 else charsets.decode(data, _charset(code_page))
    return text.partition("\0")[0]


def _charset(code_page: int) -> str:
    return "utf-8" if code_page == 65001 else charsets.canonical(f"cp{code_page}") or "cp1252"

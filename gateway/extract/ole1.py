"""Objects as old Office wraps them: an OLE 1 stream or a `Package`, with the real file somewhere inside."""

from __future__ import annotations

import struct

from gateway.extract.document import Embedded

MARKS = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"PK\x03\x04",
    b"%PDF-",
    b"{\\rtf",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
)
_HEAD = 4096


def embedded_object(data: bytes) -> Embedded:
    """The file inside an OLE 1 object: by its mark when it has one, else the package as it says it is."""
    marks = [at for at in (data.find(mark, 0, _HEAD + 8) for mark in MARKS) if at >= 0]
    if marks:
        return Embedded(data[min(marks) :])
    package = native_package(data[data.find(b"Package\0") + 12 :] if b"Package\0" in data[:200] else data)
    return package or Embedded(data)


def native_package(data: bytes) -> Embedded | None:
    """The file of an `\\x01Ole10Native` stream, with the names it went by; None when it is no package."""
    try:
        start = 6 if data[4:6] == b"\x02\x00" else 2 if data[:2] == b"\x02\x00" else -1
        if start < 0:
            return None
        label, start = _until_nul(data, start)
        path, start = _until_nul(data, start)
        length = struct.unpack_from("<I", data, start + 4)[0]
        start += 8 + min(length, len(data))
        size = struct.unpack_from("<I", data, start)[0]
    except (struct.error, ValueError):
        return None
    return Embedded(data[start + 4 : start + 4 + size], tuple(dict.fromkeys((label, path))))


def _until_nul(data: bytes, start: int) -> tuple[str, int]:
    end = data.index(b"\0", start)
    return data[start:end].decode("cp1252", "replace"), end + 1

"""The part of a JPEG file before its pixels: sizes, EXIF, comments. All that is wanted of a photo without OCR."""

from __future__ import annotations

_START, _SCAN, _END = 0xD8, 0xDA, 0xD9
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers that carry no length: restart marks, and the one for arithmetic coding (T.81 B.1.1.3)."""


def head(data: bytes) -> bytes:
    """The segments before the first scan; the whole file where its segments are not as they should be."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in (_SCAN, _END):
            return data[: at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE or marker == _START:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data

"""The texts of an enhanced metafile, a drawing that Office pastes for cells and charts (MS-EMF 2.3.5.7, 2.3.5.8).

Each call that writes text is a record; what is written on one line is one line here, in the order of the drawing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from gateway.extract.document import Document, Items
from gateway.extract.legacy import strings
from gateway.mail.fragment import Fragment

_ANSI, _WIDE = 83, 84
_LEAST = 52
"""A record that writes text has so many bytes before its text."""

_MOST = 200_000


def read_emf(document: Document) -> Items:
    """What is written, line by line, and whatever else is printable."""
    yield Fragment(document.place, "\n".join(_lines(document.data)))
    yield Fragment(document.place, strings(document.data))


def _lines(data: bytes) -> Iterator[str]:
    line: list[str] = []
    height = None
    for at, text in _written(data):
        if height is not None and at != height:
            yield " ".join(line)
            line = []
        height = at
        line.append(text)
    yield " ".join(line)


def _written(data: bytes) -> Iterator[tuple[int, str]]:
    """How far down each text stands, and the text."""
    at = 0
    for _ in range(_MOST):
        if at + 8 > len(data):
            return
        kind, size = struct.unpack_from("<II", data, at)
        if kind in (_ANSI, _WIDE) and _LEAST <= size <= len(data) - at:
            down, count, offset = struct.unpack_from("<iII", data, at + 40)
            width = 2 if kind == _WIDE else 1
            written = data[at + offset : at + min(size, offset + count * width)]
            yield down, written.decode("utf-16-le" if width == 2 else "cp1252", "replace")
        if size < 8:
            return
        at += size

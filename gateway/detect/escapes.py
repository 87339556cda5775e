"""Digits, marks and spaces that another program has written as code: `%2D`, `&#45;`, `&ndash;`, `\\u2013`.

HTML is decoded when it is read; here are links, pasted sources and data, where the code stands as text. Which codes
there are is found in one pass, each once, and only those are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detect.engine import Engine, Pattern

_PLAIN = {
    "-": (0x2D, *range(0x2010, 0x2016), 0x2212),
    " ": (0x20, 0xA0, 0x2002, 0x2003, 0x2009, 0x202F),
    "": (0xAD, 0x200B, 0x200C, 0x200D, 0x2060),
    **{mark: (ord(mark),) for mark in "./:,_0123456789"},
}
_NAMED = {
    "-": ("ndash", "mdash", "minus", "hyphen", "dash"),
    " ": ("nbsp", "ensp", "emsp", "thinsp"),
    "": ("shy", "zwnj", "zwj"),
}


_QUOTED_PRINTABLE = {b"=2D": b"-", b"=E2=80=93": b"-", b"=E2=80=91": b"-", b"=C2=A0": b" ", b"=C2=AD": b""}
"""What is left of a transfer encoding that some gateway did not undo. Not digits, not spaces: `x=20` is none."""


_SOFT_BREAK = re.compile(rb"(?<=[0-9-])=\n(?=[0-9-])")


def _codes() -> Iterator[tuple[bytes, bytes]]:
    for plain, points in _PLAIN.items():
        for point in points:
            percent = "".join(f"%{byte:02X}" for byte in chr(point).encode())
            written = {percent, f"&#{point};", f"&#x{point:x};", f"&#x{point:X};", f"\\u{point:04x}", f"\\u{point:04X}"}
            yield from ((each.encode(), plain.encode()) for each in sorted(written | {percent.lower()}))
    for plain, names in _NAMED.items():
        yield from ((f"&{name};".encode(), plain.encode()) for name in names)


_CODES = list(_codes())
_ENGINE = Engine(
    [Pattern(number, code) for number, (code, _) in enumerate(_CODES)], literal=True, starts=False, once=True
)


def decoded(data: bytes) -> bytes:
    """The text with such codes as what they stand for."""
    if b"=" in data:
        data = _without_quoted_printable(data)
    if b"%" in data or b"&" in data or b"\\u" in data:
        for number in sorted(number for number, _, _ in _ENGINE.matches(data)):
            code, plain = _CODES[number]
            data = data.replace(code, plain)
    return data


def _without_quoted_printable(data: bytes) -> bytes:
    if b"=\n" in data:
        data = _SOFT_BREAK.sub(b"", data)
    if b"=2D" in data or b"=E2=80" in data or b"=C2=A" in data:
        for code, plain in _QUOTED_PRINTABLE.items():
            data = data.replace(code, plain)
    return data

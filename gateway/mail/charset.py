"""Bytes to text, whatever charset was declared, missing or lied about. Never raises, never loses a digit.

Digits are the same bytes in every 8-bit charset people use, so the charset decides only letters there; it is UTF-16 and
UTF-32 without a mark that hide a number, and they show by their NULs.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
)
_UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii", "unknown-8bit"})
_NOT_A_CHARSET = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
"""Codecs Python offers that no mail program knows; some of them take quadratic time."""

_SAMPLE = 4096
_MOST_STRAYS = 50_000
"""More bytes than this that are no UTF-8, and the whole is cp1252: mending each costs time, and digits need none."""

_NO_CONTINUATION = bytes(set(range(256)) - set(range(0x80, 0xC0)))
"""Without any byte from 80 to BF a text holds no letter of UTF-8 beyond ASCII, and none that cp1252 has of its own."""

_FIRST_WORD = re.compile(r"[\s(,;].*", re.S)
"""What may stand behind a charset's name: a comment, or another name."""
_ESCAPES = re.compile("\x1b(?:[($%&][ -/]?[@-~]|\\[[0-9;]{0,5}[mK])")
"""Switches between character sets (ISO 2022) and colours of terminals (ECMA-48): no reader reads
them. No more digits are taken than a colour has, for a mail program shows them."""

_LATIN_1 = frozenset(("iso-8859-1", "iso8859-1", "iso_8859-1", "latin-1", "latin1", "l1"))
"""Whoever says so may mean cp1252, which has dashes where this has control characters; programs read it so."""

_STRAY = re.compile("[\udc80-\udcff]+")


def decode(data: bytes, charset: str = "") -> str:
    """The text of the bytes: mark, declared charset if it fits, UTF-8, and cp1252 for what is none of them.

    Bytes that are UTF-8 with letters outside ASCII are UTF-8 though an 8-bit charset was declared: chance makes none.
    """
    if charset in _UTF8 and b"\0" not in data and data[:1] not in b"\xef\xff\xfe":
        text = utf8(data)
        return _ESCAPES.sub("", text) if "\x1b" in text else text
    for mark, marked in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(marked, "replace")
    wide = wide_charset(data)
    if wide:
        return data.decode(wide, "replace")
    declared = _declared(data, canonical(charset))
    text = (utf8(data) if declared is None else declared).replace("\0", "")
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def utf8(data: bytes) -> str:
    """UTF-8, and each byte that is not UTF-8 as cp1252 has it: half-converted files keep both their halves."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        if not data.translate(None, _NO_CONTINUATION):
            return data.decode("latin-1")  # no UTF-8 at all, and here the same as cp1252, at a fifth of the cost
        fitting = data.decode("utf-8", "ignore")
    text = data.decode("utf-8", "surrogateescape")
    if fitting.isascii() or len(text) - len(fitting) > _MOST_STRAYS:
        return data.decode("cp1252", "replace")
    return _STRAY.sub(_stray_bytes, text)


def _stray_bytes(run: re.Match[str]) -> str:
    return run[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _declared(data: bytes, charset: str) -> str | None:
    """The declared reading, or None when it does not fit the bytes."""
    if not charset or charset in _UTF8:
        return None
    if charset.startswith(("utf-16", "utf-32", "utf16", "utf32")) and b"\0" not in data:
        return None
    try:
        text = data.decode("cp1252" if charset in _LATIN_1 else charset)
    except (UnicodeError, ValueError, LookupError):
        return None
    if not data.isascii() and _is_utf8(data):
        return None
    return text


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(maxsize=256)
def canonical(charset: str) -> str:
    """The name Python knows the charset by; empty when it knows none that a mail may use."""
    name = charset.strip().strip("\"'").lower().replace(" ", "")
    if name.startswith("cp-"):
        name = "cp" + name[3:]
    if name.startswith("x-"):
        name = name[2:]
    if name in ("iso-8859-8-i", "iso-8859-8-e"):
        name = "iso-8859-8"
    if name in ("gb2312", "gbk", "gb_2312-80"):
        name = "gb18030"  # which holds them, and is what is sent under their names
    if name.replace("-", "_") in _NOT_A_CHARSET:
        return ""
    try:
        b"0000".decode(name or "utf-8")  # no bytes at all would be no text in any charset, known or not
    except UnicodeError:
        return name
    except (LookupError, ValueError):
        first = _FIRST_WORD.sub("", charset.strip())
        return canonical(first) if first != charset else ""
    return name


@lru_cache(maxsize=256)
def hides_digits(charset: str) -> bool:
    """Whether digits are other bytes in this charset than in ASCII, so that a text must be read in it to be seen."""
    name = canonical(charset)
    return bool(name) and (name.replace("-", "") == "utf7" or b"07".decode(name, "replace") != "07")


def wide_charset(data: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, told by where its NULs lie; empty for text of single bytes."""
    sample = data[: _SAMPLE - _SAMPLE % 4]
    if b"\0" not in sample:
        return ""
    quarter = max(1, len(sample) // 4)
    nuls = [sample[position::4].count(0) for position in range(4)]
    often = [count * 10 > quarter * 6 for count in nuls]
    never = [count * 10 < quarter * 4 for count in nuls]
    if often[1] and often[2] and often[3] and never[0]:
        return "utf-32-le"
    if often[0] and often[1] and often[2] and never[3]:
        return "utf-32-be"
    if often[1] and often[3] and never[0] and never[2]:
        return "utf-16-le"
    if often[0] and often[2] and never[1] and never[3]:
        return "utf-16-be"
    return ""

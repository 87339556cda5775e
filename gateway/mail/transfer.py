"""Content-Transfer-Encoding undone, as forgivingly as the most forgiving mail program: no byte of text is dropped.

Besides the decoded bytes `decoded_and_beside` says what stood beside them, because rubbish in an encoded body is
skipped by one program and shown by the next.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from functools import lru_cache, partial

try:
    import pybase64
except ImportError:  # an accelerator only: binascii does the same, eleven times slower
    pybase64 = None  # type: ignore[assignment]

_b64decode: Callable[[bytes], bytes] = pybase64.b64decode if pybase64 else binascii.a2b_base64
_b64strictly: Callable[[bytes], bytes] = (
    partial(pybase64.b64decode, validate=True) if pybase64 else partial(binascii.a2b_base64, strict_mode=True)
)
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_BASE64_AND_PADDING = _BASE64 + b"="
_BASE64_LINES = _BASE64_AND_PADDING + b"\r\n"
_NAMES = {"base64": "base64", "quoted": "quoted-printable", "printable": "quoted-printable", "uue": "uuencode"}
_KINDS = frozenset(_NAMES.values())
_PROPER = frozenset(("base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue", "uue"))
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_ODD_SOFT_BREAK = re.compile(rb"=(?:[ \t]|\r(?!\n))")
_SPACED_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\n)")
_UU_BEGIN = re.compile(rb"(?:\A|(?<=\n))begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,300})\r?\n")
_YENC_BEGIN = re.compile(rb"(?:\A|(?<=\n))=ybegin [^\r\n]*?name=([^\r\n]{1,300})\r?\n")
_MOST_FILES = 500
_YENC_ROTATED = bytes((byte - 42) % 256 for byte in range(256))


@lru_cache(maxsize=256)
def kinds(encoding: str) -> tuple[str, ...]:
    """What programs take a declared encoding for: a name that is nearly one is decoded by some and not by others."""
    plain = "".join(filter(str.isalnum, encoding.lower()))
    for name, kind in _NAMES.items():
        if name in plain:
            return (kind,) if encoding.lower() in _PROPER else (kind, "")
    return ("",)


def decode(data: bytes, encoding: str) -> bytes:
    """The body with its transfer encoding undone; an unknown encoding leaves it as it is (rfc2045#6.4)."""
    return decoded_and_beside(data, encoding)[0]


def decoded_and_beside(data: bytes, encoding: str) -> tuple[bytes, bytes]:
    """The body with its transfer encoding undone, and the lines of a base64 body that are not base64."""
    kind = encoding if not encoding or encoding in _KINDS else kinds(encoding)[0]
    if kind == "quoted-printable":
        return quoted_printable(data), b""
    if kind == "base64":
        return _base64_and_beside(data)
    if kind == "uuencode":
        files = uuencoded(data)
        return files[0][1] if files else b"".join(map(_uu_line, data.splitlines())), b""
    return data, b""


def quoted_printable(data: bytes) -> bytes:
    """Soft breaks and escapes undone; a soft break may have spaces behind it or end in a bare CR (rfc2045#6.7)."""
    if b"=" not in data:
        return data
    if data.count(b"=\r") == data.count(b"=\r\n"):
        decoded = binascii.a2b_qp(data)
        if b"= " not in decoded and b"=\t" not in decoded:  # a soft break with spaces behind it is left as it stood
            return decoded
    if _ODD_SOFT_BREAK.search(data):
        data = _SPACED_SOFT_BREAK.sub(b"=", data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    return binascii.a2b_qp(data)


def base64(data: bytes) -> bytes:
    """Every group that decodes, padding wherever it stands, characters outside the alphabet skipped."""
    return _base64_and_beside(data)[0]


def _base64_and_beside(data: bytes) -> tuple[bytes, bytes]:
    """Most bodies are lines of nothing else, and a strict decoder says so faster than anyone could look."""
    try:
        return _b64strictly(_in_one_line(data)), b""
    except (binascii.Error, ValueError):
        return _base64_patiently(data), _beside_base64(data)


def _in_one_line(data: bytes) -> bytes:
    """Without line ends; most end in CRLF all the way, and one look for both is half the cost of one for each."""
    line = data.replace(b"\r\n", b"")
    return line.translate(None, b"\r\n") if b"\n" in line or b"\r" in line else line


def _base64_patiently(data: bytes) -> bytes:
    padding = data.find(b"=")
    if padding < 0 or not data[padding:].strip(b"= \t\r\n"):
        try:
            return _b64decode(data)
        except (binascii.Error, ValueError):
            pass  # a group is short of its padding: the patient way below
    return b"".join(_base64_group(group) for group in re.split(rb"=+", data))


def other_base64(data: bytes) -> list[bytes]:
    """What programs make of a base64 body that is not only that: some skip whole lines, some the padding inside it.

    Empty for the bodies all programs agree on.
    """
    padding = data.find(b"=")
    is_padded_inside = padding >= 0 and data[padding:].strip(b"= \t\r\n") != b""
    strange = data.translate(None, _BASE64_LINES)
    found = []
    if strange:
        lines = map(bytes.strip, data.splitlines())
        whole = [line for line in lines if not line.translate(None, _BASE64_AND_PADDING)]
        found.append(_base64_patiently(b"\n".join(whole)))
        if b"-" in strange or b"_" in strange:
            found.append(_base64_patiently(data.translate(_URL_SAFE)))
    if is_padded_inside:
        found.append(_base64_group(data))
    return found


def _base64_group(group: bytes) -> bytes:
    clean = group.translate(None, _NOT_BASE64)
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def _beside_base64(data: bytes) -> bytes:
    """The lines of a base64 body that are not base64; empty for the bodies all programs agree on."""
    if not data.translate(None, _BASE64_LINES):
        return b""
    return b"\n".join(line for line in data.splitlines() if line.strip().translate(None, _BASE64_AND_PADDING))


def looks_like_base64(data: bytes) -> bool:
    """Whether a body is nothing but lines of base64, though its header does not say so; a short one must be text."""
    sample = data[:4096].strip()
    if len(sample) < 16 or b" " in sample or sample.translate(None, _BASE64_AND_PADDING + b"\r\n"):
        return False
    return len(sample) > 60 or (len(sample) % 4 == 0 and base64(sample).isascii() and b"\0" not in base64(sample))


def uuencoded(data: bytes) -> list[tuple[bytes, bytes]]:
    """Every uuencoded file in the text, as (name, content); broken lines are padded, not dropped."""
    files: list[tuple[bytes, bytes]] = []
    match = _UU_BEGIN.search(data)
    while match and len(files) < _MOST_FILES:
        is_base64 = match.group().startswith(b"begin-base64")
        stop = data.find(b"\n====" if is_base64 else b"\nend", match.end() - 1)
        body = data[match.end() : stop if stop >= 0 else len(data)]
        content = base64(body) if is_base64 else b"".join(map(_uu_line, body.splitlines()))
        files.append((match[1].strip(), content))
        match = _UU_BEGIN.search(data, stop) if stop >= 0 else None
    return files


def _uu_line(line: bytes) -> bytes:
    if not line or not 32 <= line[0] <= 96:
        return b""
    length = (line[0] - 32) & 63
    body = line[1 : 1 + (length + 2) // 3 * 4].ljust((length + 2) // 3 * 4)
    try:
        return binascii.a2b_uu(line[:1] + bytes(byte if 32 <= byte <= 96 else 32 for byte in body))
    except binascii.Error:
        return b""


def yencoded(data: bytes) -> list[tuple[bytes, bytes]]:
    """Every yEnc file in the text, as (name, content)."""
    files: list[tuple[bytes, bytes]] = []
    match = _YENC_BEGIN.search(data)
    while match and len(files) < _MOST_FILES:
        stop = data.find(b"\n=yend", match.end() - 1)
        lines = data[match.end() : stop if stop >= 0 else len(data)].splitlines()
        body = b"".join(line for line in lines if not line.startswith((b"=ypart", b"=ybegin")))
        files.append((match[1].strip(), _yenc_body(body)))
        match = _YENC_BEGIN.search(data, stop) if stop >= 0 else None
    return files


def _yenc_body(body: bytes) -> bytes:
    first, *escaped = body.split(b"=")
    plain = [first.translate(_YENC_ROTATED)]
    for piece in escaped:
        plain.append(bytes(((piece[0] - 64 - 42) % 256,)) if piece else b"")
        plain.append(piece[1:].translate(_YENC_ROTATED))
    return b"".join(plain)

"""Header fields: unfolded, decoded, their parameters and addresses, with every abuse of RFC 2047 and 2231 read.

Nothing here judges which of two contradicting fields is the right one: all of them are given back.
"""

from __future__ import annotations

import binascii
import re
from urllib.parse import unquote_to_bytes

from gateway.mail import charset as charsets
from gateway.mail import transfer
from gateway.mail.address import Address

Fields = dict[bytes, list[bytes]]

_ENCODED_WORD = re.compile(rb"=\?([^?\s]{0,60})\?([bBqQ])\?(.*?)(?:\?=|(?==\?[^?\s]{0,60}\?[bBqQ]\?)|$)", re.S)
_PARAMETER = re.compile(rb';\s*([^=;\s"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*(?:"|\Z)|[^;]*)', re.S)
_FIELD_START = re.compile(rb"[!-9;-~]{1,998}[ \t]{0,99}:")
_QUOTED_PAIR = re.compile(rb"\\(.)", re.S)
_QUOTED_NAME = re.compile(rb'"(?:[^"\\]|\\.)*"(?!@)', re.S)
_QUOTED_LOCAL = re.compile(rb'"(?:[^"\\]|\\.)*"@[^\s<>,;"]+')
_COMMENT = re.compile(rb"\([^()]*\)")
_ANGLES = re.compile(rb"<([^<>]*)>?")
_BARE_ADDRESS = re.compile(r"[^\s<>\"'(),;:\\]+@[^\s<>\"'(),;:\\]+")
_SEPARATORS = re.compile(rb"[,;:\s]+")


def parse(block: bytes) -> tuple[Fields, list[bytes]]:
    """The fields of a header block by lower-case name, unfolded, and the lines that are no field (rfc5322#2.2)."""
    block = block.replace(b"\r\n", b"\n")
    if b"\0" in block:
        block = block.replace(b"\0", b"")
    fields: Fields = {}
    broken: list[bytes] = []
    if b"\r" in block:
        block = block.replace(b"\r", b"\n")
    for line in block.replace(b"\n ", b" ").replace(b"\n\t", b"\t").split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and name:
            fields.setdefault(name.strip().lower(), []).append(value.strip())
        elif line and not line.isspace():
            broken.append(line)
    return fields, broken


def is_field(content: bytes, start: int) -> bool:
    """Whether a header block can open here: a name of printable ASCII without spaces, then a colon (rfc5322#2.2)."""
    return _FIELD_START.match(content, start) is not None


def decoded(value: bytes) -> str:
    """A field as people read it: encoded words decoded wherever they stand, the rest as UTF-8 or cp1252 (rfc2047).

    Where an encoded word holds another one, or is cut inside a letter of base64, both readings are given.
    """
    if b"=?" not in value:
        return charsets.decode(value)
    text, joined = _once_decoded(value)
    readings = [text, joined]
    if "=?" in text and text.encode("utf-8", "replace") != value:
        readings.append(_once_decoded(text.encode("utf-8", "replace"))[0])
    return "\n".join(dict.fromkeys(filter(None, readings))) if any(readings[1:]) else text


def _once_decoded(value: bytes) -> tuple[str, str]:
    """The field with its encoded words decoded one by one; those of base64 joined first, where that differs."""
    pieces: list[str] = []
    run: list[bytes] = []
    run_charset = ""
    cut: list[bytes] = []
    cut_charset = ""
    at = 0
    for match in _ENCODED_WORD.finditer(value):
        between = value[at : match.start()]
        at = match.end()
        word_charset = match[1].partition(b"*")[0].decode("ascii", "replace").lower()
        if run and (between.strip() or word_charset != run_charset):
            pieces.append(charsets.decode(b"".join(run), run_charset))
            run = []
        if between.strip() or (between and not run and not pieces):
            pieces.append(charsets.decode(between))
        run_charset = word_charset
        run.append(_word(match[2], match[3]))
        if match[2] in b"bB":
            cut.append(match[3])
            cut_charset = cut_charset or word_charset
    if run:
        pieces.append(charsets.decode(b"".join(run), run_charset))
    pieces.append(charsets.decode(value[at:]))
    is_cut = len(cut) > 1 and any(len(text) % 4 for text in cut[:-1])
    return "".join(pieces), charsets.decode(transfer.base64(b"".join(cut)), cut_charset) if is_cut else ""


def _word(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"bB":
        return transfer.base64(text)
    return binascii.a2b_qp(text.replace(b" ", b"_"), header=True)


def parameters(value: bytes) -> list[tuple[str, bytes]]:
    """The parameters of a structured field in their order, duplicates kept, RFC 2231 pieces joined and unquoted."""
    if value.count(b'"') <= 2 and b"*" not in value and b"\\" not in value and value.count(b";") <= 1:
        return _one_parameter(value)
    found: list[tuple[str, bytes]] = []
    pieces: dict[str, dict[int, bytes]] = {}
    for match in _PARAMETER.finditer(value):
        name, star, rest = match[1].decode("latin-1").lower().partition("*")
        text = _unquoted(match[2])
        if not star:
            found.append((name, text))
        elif rest == "":
            found.append((name, _extended(text, is_first=True)))
        else:
            number, extended, _ = rest.partition("*")
            index = int(number) if number.isdecimal() and len(number) < 5 else len(pieces.get(name, {}))
            pieces.setdefault(name, {})[index] = _extended(text, is_first=index == 0) if extended else text
    for name, numbered in pieces.items():
        found.append((name, b"".join(numbered[index] for index in sorted(numbered))))
    return found


def _one_parameter(value: bytes) -> list[tuple[str, bytes]]:
    """The commonest field of all, `text/plain; charset="utf-8"`, without a pattern."""
    name, equals, text = value.partition(b";")[2].partition(b"=")
    return [(name.strip().lower().decode("latin-1"), text.strip().strip(b'"'))] if equals else []


def _unquoted(text: bytes) -> bytes:
    text = text.strip()
    if text.startswith(b'"'):
        text = text[1:-1] if len(text) > 1 and text.endswith(b'"') else text[1:]
        if b"\\" in text:
            text = _QUOTED_PAIR.sub(rb"\1", text)
    return text


def _extended(text: bytes, is_first: bool) -> bytes:
    """`charset'language'%41` as UTF-8 bytes, so that pieces of any charset can be joined (rfc2231#4)."""
    name = ""
    if is_first and text.count(b"'") >= 2:
        charset, _, text = text.split(b"'", 2)
        name = charset.decode("latin-1").lower()
    return charsets.decode(unquote_to_bytes(text), name).encode("utf-8", "replace")


def addresses(value: bytes) -> list[Address]:
    """Every address in a From, Sender or To field, as tolerant programs together would see them (rfc5322#3.4).

    A quoted display name is no address; an unquoted one that looks like an address counts: programs differ on it.
    """
    plain = _QUOTED_NAME.sub(b" ", value)
    for _ in range(3):
        plain = _COMMENT.sub(b" ", plain)
    quoted = _QUOTED_LOCAL.findall(plain)
    plain = _QUOTED_LOCAL.sub(b" ", plain)
    found = quoted + [angle.rpartition(b":")[2].strip() for angle in _ANGLES.findall(plain)]
    found += [word for word in _SEPARATORS.split(_ANGLES.sub(b" ", plain)) if b"@" in word]
    found = [word for word in found if word and b"=?" not in word]
    if found:
        return [Address(word) for word in dict.fromkeys(found)]
    return [Address.of(word) for word in dict.fromkeys(_BARE_ADDRESS.findall(decoded(value)))]

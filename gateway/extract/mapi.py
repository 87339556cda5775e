"""Outlook's own forms of a mail: .msg files and winmail.dat (TNEF). Both are lists of MAPI properties.

Texts become the same places as in any mail: subject, text, html, header; attachments are documents. Properties that
only machines read (ids, keys, classes) are left out, because their digits look like numbers of people.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import NamedTuple

import olefile

from gateway.extract import html as markup
from gateway.extract import rtf
from gateway.extract.budget import DamagedError
from gateway.extract.document import Document, Embedded, Items
from gateway.extract.ole_streams import bytes_of
from gateway.mail import charset as charsets
from gateway.mail.fragment import Fragment
from gateway.mail.place import Step

_TEXT8, _TEXT16, _BINARY, _OBJECT = 0x1E, 0x1F, 0x102, 0x0D
_SUBJECT, _BODY, _RTF, _HTML, _ATTACHED, _CODEPAGE = 0x0037, 0x1000, 0x1009, 0x1013, 0x3701, 0x3FFD
_NAMES = frozenset((0x3001, 0x3704, 0x3707))
_FIELDS = {0x0C1A: "from", 0x0C1F: "from", 0x0042: "from", 0x5D01: "from", 0x0E04: "to", 0x0E03: "cc", 0x0E02: "bcc",
           0x0070: "thread-topic", 0x0050: "reply-to"}  # fmt: skip
_MACHINE = frozenset((
    0x001A, 0x0036, 0x003B, 0x0041, 0x0051, 0x0052, 0x0064, 0x0065, 0x0075, 0x0076, 0x0077, 0x0078, 0x0C1D,
    0x0C1E, 0x0E58, 0x0E59, 0x1035, 0x1039, 0x1042, 0x1046, 0x300B, 0x3002, 0x3016, 0x370E, 0x3712, 0x3703,
    0x370A, 0x3FDF, 0x5D0A, 0x5D0B, 0x6707,
))  # fmt: skip
_TNEF_CODES = {0x9006: 0, 0x8004: _SUBJECT, 0x800C: _BODY}
_PREFILL = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What the ring of LZFu holds before the first byte (MS-OXRTFCP 2.1.3.1)."""

_EXPANDED = 64 * 1024 * 1024


class Property(NamedTuple):
    """One property: its number, its type, its bytes."""

    number: int
    kind: int
    data: bytes


def read_msg(document: Document) -> Items:
    """An Outlook message file, and the messages stored inside it."""
    try:
        with olefile.OleFileIO(io.BytesIO(document.data)) as ole:
            streams = ole.listdir(streams=True, storages=False)
            yield from _storage(document, ole, streams, [])
            if ole.parsing_issues:
                raise DamagedError
    except (OSError, struct.error, IndexError, ValueError, TypeError) as error:
        raise DamagedError from error


def _storage(document: Document, ole: olefile.OleFileIO, streams: list[list[str]], at: list[str]) -> Items:
    """One message of the file: its properties, its recipients, its attachments, its nested messages."""
    depth = len(at)
    inside = [path for path in streams if path[:depth] == at]
    yield from _message(document, _properties(ole, [path for path in inside if len(path) == depth + 1]))
    for name in dict.fromkeys(path[depth] for path in inside if len(path) > depth + 1):
        folder = [*at, name]
        below = [path for path in inside if path[: depth + 1] == folder]
        if name.startswith("__recip"):
            people = [property for property in _properties(ole, below) if property.number in (0x3001, 0x3003, 0x39FE)]
            yield Fragment(document.place.inside(Step("header", "to")), "\n".join(map(_text, people)))
        elif name.startswith("__attach"):
            yield from _attachment(document, ole, below, folder)


def _properties(ole: olefile.OleFileIO, paths: list[list[str]]) -> list[Property]:
    found = []
    for path in paths:
        name = path[-1]
        if name.startswith("__substg1.0_") and len(name) >= 20:
            tag = int(name[12:20], 16)
            found.append(Property(tag >> 16, tag & 0xFFFF, bytes_of(ole, path)))
    return found


def _attachment(document: Document, ole: olefile.OleFileIO, below: list[list[str]], folder: list[str]) -> Items:
    document.meter.part()
    own = _properties(ole, [path for path in below if len(path) == len(folder) + 1])
    yield from _attached(own)
    nested = [*folder, "__substg1.0_3701000D"]
    if any(path[: len(nested)] == nested for path in below):
        place = document.place.inside(Step("attachment", "msg"))
        yield from _storage(document._replace(place=place), ole, below, nested)


def _attached(properties: list[Property]) -> Iterator[Embedded]:
    names = tuple(dict.fromkeys(_text(item) for item in properties if item.number in _NAMES and _is_text(item)))
    data = [item.data for item in properties if item.number == _ATTACHED and item.kind in (_BINARY, _OBJECT)]
    for content in data or [b""]:
        yield Embedded(content, names)


def _message(document: Document, properties: list[Property]) -> Items:
    """The texts of one message, each at the place it would have in a mail."""
    place, others = document.place, []
    for item in properties:
        if item.number == _RTF and item.kind == _BINARY:
            text = uncompressed(item.data)
            yield from rtf.of_rtf(text, document._replace(place=place.inside(Step("text"))))
        elif item.number == _HTML:
            for reading in markup.readings(_text(item)):
                yield Fragment(place.inside(Step("html")), reading)
        elif not _is_text(item) or item.number in _MACHINE:
            continue
        elif item.number == _SUBJECT:
            yield Fragment(place.inside(Step("subject")), _text(item))
        elif item.number == _BODY:
            yield Fragment(place.inside(Step("text")), _text(item))
        elif item.number in _FIELDS:
            yield Fragment(place.inside(Step("header", _FIELDS[item.number])), _text(item))
        elif item.number != 0x007D:
            others.append(_text(item))
    yield Fragment(place.inside(Step("properties")), "\n".join(dict.fromkeys(filter(None, others))))


def _is_text(item: Property) -> bool:
    return item.kind in (_TEXT8, _TEXT16, _TEXT8 | 0x1000, _TEXT16 | 0x1000)


def _text(item: Property) -> str:
    if item.kind & 0xFFF == _TEXT16:
        return item.data.decode("utf-16-le", "replace").replace("\0", "")
    return charsets.decode(item.data).replace("\0", "")


def read_tnef(document: Document) -> Items:
    """winmail.dat: attributes in a row, those of the message first, then those of each attachment (MS-OXTNEF)."""
    message: list[Property] = []
    attachments: list[list[Property]] = []
    is_whole = True
    for level, number, data in _attributes(document.data):
        if level == 2 and (number == 0x9002 or not attachments):
            attachments.append([])
        if number in (0x9003, 0x9005):
            properties, is_whole_list = _property_list(data)
            is_whole = is_whole and is_whole_list
            (attachments[-1] if number == 0x9005 and attachments else message).extend(properties)
        elif level == 1 and number in _TNEF_CODES:
            message.append(Property(_TNEF_CODES[number], _TEXT8, data))
        elif number in (0x800F, 0x8010):
            own = Property(_ATTACHED, _BINARY, data) if number == 0x800F else Property(0x3704, _TEXT8, data)
            (attachments[-1] if attachments else message).append(own)
    yield from _message(document, [item for item in message if item.number])
    for attachment in attachments:
        document.meter.part()
        for embedded in _attached(attachment):
            yield embedded._replace(data=_without_class(embedded.data))
    if not is_whole or not (message or attachments):
        raise DamagedError


def _attributes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 6
    while at + 9 <= len(data):
        level, number, size = struct.unpack_from("<BII", data, at)
        yield level, number & 0xFFFF, data[at + 9 : at + 9 + size]
        at += 9 + size + 2


def _without_class(data: bytes) -> bytes:
    """An embedded message stands behind the class id of its interface."""
    return data[16:] if data[16:20] == b"\x78\x9f\x3e\x22" else data


_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}


def _property_list(data: bytes) -> tuple[list[Property], bool]:
    """The properties of a TNEF attribute, and whether the list was whole."""
    found: list[Property] = []
    try:
        count, at = struct.unpack_from("<I", data)[0], 4
        for _ in range(min(count, len(data) // 4)):
            kind, number = struct.unpack_from("<HH", data, at)
            at += 4
            if number >= 0x8000:
                at = _after_name(data, at)
            base, values = kind & 0xFFF, 1
            if kind & 0x1000 or base not in _FIXED:
                values = struct.unpack_from("<I", data, at)[0]
                at += 4
            for _ in range(min(values, len(data))):
                size = _FIXED.get(base, -1)
                if size < 0:
                    size = struct.unpack_from("<I", data, at)[0]
                    at += 4
                if at + size > len(data):
                    raise struct.error
                found.append(Property(number, base, data[at : at + size]))
                at += (size + 3) // 4 * 4
    except struct.error:
        return found, False
    return found, True


def _after_name(data: bytes, at: int) -> int:
    kind = struct.unpack_from("<I", data, at + 16)[0]
    if kind == 0:
        return at + 24
    size = struct.unpack_from("<I", data, at + 20)[0]
    return at + 24 + (int(size) + 3) // 4 * 4


def uncompressed(data: bytes) -> bytes:
    """The RTF behind PR_RTF_COMPRESSED (MS-OXRTFCP): stored, or LZFu over a ring of 4096 bytes."""
    if len(data) < 16:
        raise DamagedError
    size, kind = struct.unpack_from("<I", data, 4)[0], data[8:12]
    if kind == b"MELA":
        return data[16 : 16 + size]
    ring, out, write, at = bytearray(4096), bytearray(), len(_PREFILL), 16
    ring[:write] = _PREFILL
    while at < len(data) and len(out) < min(size, _EXPANDED):
        flags = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data):
                break
            if not flags >> bit & 1:
                piece = data[at : at + 1]
                at += 1
            else:
                token = int.from_bytes(data[at : at + 2], "big")
                at += 2
                read, length = token >> 4, (token & 15) + 2
                if read == write % 4096:
                    return bytes(out)
                piece = b""
                for step in range(length):
                    value = ring[(read + step) % 4096]
                    ring[(write + step) % 4096] = value
                    piece += bytes((value,))
            for step, value in enumerate(piece):
                ring[(write + step) % 4096] = value
            write += len(piece)
            out += piece
    return bytes(out)

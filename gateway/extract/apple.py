"""What old and new Macs wrap files in: BinHex 4.0 (RFC 1741) and property lists, such as Safari's web archives."""

from __future__ import annotations

import plistlib
import re
import struct
from collections.abc import Iterator

from gateway.extract.budget import DamagedError
from gateway.extract.document import Document, Embedded, Items
from gateway.mail import charset as charsets
from gateway.mail.fragment import Fragment

_ALPHABET = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
_VALUES = bytes(_ALPHABET.find(bytes((byte,))) & 0xFF for byte in range(256))
_BINHEX = re.compile(rb"^:([^:]*)", re.M)
_REPEAT = 0x90


def read_binhex(document: Document) -> Items:
    """The text before the file, then the file: its data fork and, when there is one, its resource fork."""
    match = _BINHEX.search(document.data)
    if not match:
        raise DamagedError
    yield Fragment(document.place, charsets.decode(document.data[: match.start()]))
    packed = _bytes_of(match[1])
    document.meter.expand(255 * packed.count(_REPEAT) + len(packed))
    content = _repeated(packed)
    try:
        at = 1 + content[0] + 1
        data_size, resource_size = struct.unpack_from(">II", content, at + 10)
    except (IndexError, struct.error) as error:
        raise DamagedError from error
    data_at = at + 20
    resource_at = data_at + data_size + 2
    yield Embedded(content[data_at : data_at + data_size], (content[1 : 1 + content[0]].decode("mac_roman"),))
    if resource_size:
        yield Embedded(content[resource_at : resource_at + resource_size])
    if len(content) < resource_at + resource_size:
        raise DamagedError


def _bytes_of(text: bytes) -> bytes:
    """Four characters of six bits to three bytes; line ends and strangers are skipped."""
    values = text.translate(_VALUES, bytes(byte for byte in range(256) if byte not in _ALPHABET))
    found = bytearray()
    for at in range(0, len(values) - 1, 4):
        group = values[at : at + 4]
        whole = 0
        for value in group.ljust(4, b"\0"):
            whole = whole << 6 | value
        found += whole.to_bytes(3, "big")[: len(group) - 1]
    return bytes(found)


def _repeated(packed: bytes) -> bytes:
    """The run-length packing undone: a mark and a count behind a byte; a count of nothing is the mark itself."""
    found, at = bytearray(), 0
    while at < len(packed):
        mark = packed.find(b"\x90", at)
        if mark < 0 or mark + 1 >= len(packed):
            found += packed[at:]
            break
        found += packed[at:mark]
        count = packed[mark + 1]
        if not count:
            found.append(_REPEAT)
        elif found:
            found += found[-1:] * (count - 1)
        at = mark + 2
    return bytes(found)


def read_plist(document: Document) -> Items:
    """Every text of a property list, and every piece of data as a file of its own."""
    try:
        root = plistlib.loads(document.data)
    except Exception as error:  # the library lets errors of many kinds out of a broken list
        raise DamagedError from error
    texts: list[str] = []
    for value in _values(root):
        if isinstance(value, bytes):
            document.meter.part()
            yield Embedded(value)
        else:
            texts.append(str(value))
    yield Fragment(document.place, "\n".join(texts))


def _values(root: object) -> Iterator[object]:
    """The values of a list without its keys; a list that holds itself is looked at once."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            if id(value) not in seen:
                seen.add(id(value))
                waiting += reversed(list(value.values() if isinstance(value, dict) else value))
        elif isinstance(value, bytes | str | int):
            yield value

"""S/MIME and other CMS wrappings: what is only signed or compressed is read, what is encrypted is said to be (rfc5652).

A walk over DER (and the indefinite lengths that Outlook writes), as far as the content and no further.
"""

from __future__ import annotations

import re
import zlib

from gateway.extract.budget import DamagedError, EncryptedError, OverBudgetError
from gateway.extract.document import Document, Embedded, Items
from gateway.mail import transfer

_SIGNED = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")
_COMPRESSED = bytes.fromhex("2a864886f70d0109100109")
_OID, _OCTETS, _OCTETS_IN_PIECES = 0x06, 0x04, 0x24
_DEPTH = 40
_ENTITY = re.compile(rb"\s{0,8}(?:content-[a-z-]{2,40}|mime-version):", re.IGNORECASE)
"""How what is signed begins: it is a part of a message, with its header (rfc8551#3.1)."""
_LARGEST_SIGNATURE = 32 * 1024

Node = tuple[int, int, int]
"""A tag, and where its contents start and end."""


def read_cms(document: Document) -> Items:
    data = document.data
    if data.startswith(b"-----BEGIN"):
        data = transfer.base64(b"".join(line for line in data.splitlines() if not line.startswith(b"-----")))
    top = _nodes(data)
    kind = _first_oid(data, top)
    if kind not in (_SIGNED, _COMPRESSED):
        raise EncryptedError
    wrapped = _encapsulated(data, top)
    if wrapped is None:
        if kind == _COMPRESSED:
            raise DamagedError
        if len(data) > _LARGEST_SIGNATURE:
            raise DamagedError
        return  # a detached signature: the text it signs stands beside it
    content = _inflated(document, wrapped) if kind == _COMPRESSED else wrapped
    yield Embedded(content, declared="message/rfc822" if _ENTITY.match(content) else "")


def _nodes(data: bytes) -> list[Node]:
    """All elements, parents first, down to some levels."""
    found: list[Node] = []
    _gather(data, 0, len(data), 1, found, is_open=False)
    return found


def _gather(data: bytes, start: int, end: int, levels: int, found: list[Node], *, is_open: bool) -> int:
    """Adds the elements of a stretch and those inside them; returns where it ended, which is sooner than `end` for what
    is open: has no length but a mark at its end. Anywhere else such a mark ends nothing, or it would hide the rest."""
    at = start
    while at + 2 <= end:
        tag, length, at = data[at], data[at + 1], at + 2
        if is_open and tag == length == 0:
            return at  # x690#8.1.5
        stop = end
        if length & 0x80 and length != 0x80:
            size = length & 0x7F
            stop = min(end, at + size + int.from_bytes(data[at : at + size], "big"))
            at += size
        elif length != 0x80:
            stop = min(end, at + length)
        number = len(found)
        found.append((tag, at, stop))
        if tag & 0x20 and levels < _DEPTH:
            inner = _gather(data, at, stop, levels + 1, found, is_open=length == 0x80)
            if length == 0x80:
                stop = inner
                found[number] = (tag, at, stop)
        at = stop
    return at


def _first_oid(data: bytes, nodes: list[Node]) -> bytes:
    return next((data[start:end] for tag, start, end in nodes if tag == _OID), b"")


def _encapsulated(data: bytes, nodes: list[Node]) -> bytes | None:
    """The octets right behind the inner content type; in one piece or in several; None when there are none."""
    seen_inner = False
    for number, (tag, start, end) in enumerate(nodes):
        if tag == _OID and number and data[start:end] not in (_SIGNED, _COMPRESSED):
            if seen_inner:
                return None
            seen_inner = data[start:end] == _DATA or seen_inner
        elif seen_inner and tag == _OCTETS:
            return data[start:end]
        elif seen_inner and tag == _OCTETS_IN_PIECES:
            return b"".join(data[at:to] for kind, at, to in nodes[number + 1 :] if kind == _OCTETS and to <= end)
    return None


def _inflated(document: Document, data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(data, max(1, document.meter.expanded))
    except zlib.error as error:
        raise DamagedError from error
    document.meter.expand(len(found))
    if inflater.unconsumed_tail:
        raise OverBudgetError
    return found

"""Answers we know and the client has not heard: its line broke, the next hop spoke too late, or we could not record it.

The client comes again with the same message. For some minutes it is answered from here instead of being delivered
twice. The table lies in memory that all workers share; it holds keyed hashes and replies, nothing of a message.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
import time

from gateway.mail.envelope import Envelope
from gateway.mail.reply import Reply

_HEAD = 8
"""When the newest answer is forgotten: before that, somebody may ask."""
_SLOTS = 4096
_WIRE_BYTES = 222
_SLOT = struct.Struct(f"<16sdH{_WIRE_BYTES}s")
"""Identity, when it is forgotten (monotonic clock, which all processes share), length of the reply, the reply."""


class Answers:
    """A fixed table; a newer answer may push out an older one that fell into the same slot."""

    def __init__(self, key: bytes, seconds: float) -> None:
        self._key = key[:64]
        self.seconds = seconds
        self._memory = mmap.mmap(-1, _HEAD + _SLOTS * _SLOT.size)

    def identity(self, envelope: Envelope, content: bytes) -> bytes:
        """What makes two deliveries the same: client, envelope and every byte of the message."""
        digest = hashlib.blake2b(content, digest_size=16, key=self._key, person=b"postvagt again")
        recipients = sorted(path.address.raw for path in envelope.forward_paths)
        for piece in (envelope.client.ip.encode(), envelope.sender.raw, *recipients):
            digest.update(len(piece).to_bytes(4, "little") + piece)
        return digest.digest()

    def remember(self, identity: bytes, reply: Reply) -> None:
        wire = _in_one_line(reply)
        until = time.monotonic() + self.seconds
        _SLOT.pack_into(self._memory, self._place(identity), identity, until, len(wire), wire)
        struct.pack_into("<d", self._memory, 0, until)

    def recall(self, identity: bytes) -> Reply | None:
        """The answer, once: the client that hears it is done."""
        place = self._place(identity)
        kept, until, length, wire = _SLOT.unpack_from(self._memory, place)
        if kept != identity or until < time.monotonic():
            return None
        _SLOT.pack_into(self._memory, place, bytes(16), 0.0, 0, b"")
        return Reply.parse(wire[:length])

    @property
    def is_empty(self) -> bool:
        """Whether nothing is remembered now: then nobody need hash a message to ask."""
        latest: float = struct.unpack_from("<d", self._memory, 0)[0]
        return latest < time.monotonic()

    @staticmethod
    def _place(identity: bytes) -> int:
        return _HEAD + int.from_bytes(identity[:4], "little") % _SLOTS * _SLOT.size


def _in_one_line(reply: Reply) -> bytes:
    """As much of a reply as a slot holds: all of it, or the beginning of its first line."""
    wire = reply.encode()
    if len(wire) <= _WIRE_BYTES:
        return wire
    return reply._replace(text=reply.text.partition("\n")[0]).encode()[:_WIRE_BYTES]

"""The chain of hashes over the record, in three lines anyone can repeat with sha256 and a pencil.

    genesis = sha256("postvagt audit " + store id)
    digest  = sha256(the event's stored line, UTF-8)
    hash n  = sha256(hash n-1 + "n microseconds keep\\n" + digest)

The digest stands between so that retention may remove an event's line and leave its digest: the chain still adds up,
and what stays readable of the removed event is only when it was and which class of retention it had.
Pure: nothing here reads a store, a clock or a key.
"""

from __future__ import annotations

from hashlib import sha256


def genesis(store_id: str) -> bytes:
    """What the first event is linked to; another store has another, so stores cannot be passed off as each other."""
    return sha256(b"postvagt audit " + store_id.encode("ascii")).digest()


def digest_of(line: bytes) -> bytes:
    return sha256(line).digest()


def link(previous: bytes, seq: int, at: int, keep: str, digest: bytes) -> bytes:
    """The hash of event number `seq` after the one whose hash was `previous`."""
    return sha256(previous + f"{seq} {at} {keep}\n".encode() + digest).digest()

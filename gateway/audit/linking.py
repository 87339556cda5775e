"""Continuing the chain: events become rows, each linked to the one before it, and the new end is sealed.

This is the path every message takes, so statements are prepared once and go straight to the driver.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from gateway.audit import chain, schema
from gateway.audit.database import Bulk, Database, Statement, raw
from gateway.audit.errors import AuditError
from gateway.audit.event import Event, marks_as_json
from gateway.audit.rows import LOST_ENDS
from gateway.audit.seal import Checkpoint, Signer

CHECKPOINT_EVENTS, CHECKPOINT_MICROSECONDS = 10_000, 60_000_000
"""A checkpoint stays after so many events or with the first one after a minute. Each is logged, so that it leaves."""


class Entry(NamedTuple):
    """An event made ready for its row, so that the lock is not held while JSON is written. `marks`: a list in JSON."""

    at: int
    keep: str
    case_id: str
    line: str
    digest: bytes
    marks: str

    @classmethod
    def of(cls, event: Event) -> Entry:
        line = event.encode()
        marks = marks_as_json(event.marks)
        return cls(event.microseconds, event.keep, event.case_id, line, chain.digest_of(line.encode()), marks)


class _Head(NamedTuple):
    """Where the chain ends, as the writer reads it under its lock."""

    seq: int
    hash: bytes
    checkpoint_seq: int
    checkpoint_at: int


_HEAD = select(*(schema.head.c[name] for name in _Head._fields)).with_for_update()
_SEALED: dict[str, Any] = {name: bindparam(name) for name in ("seq", "at", "hash", "signer", "signature")}
_NEW_HEAD = update(schema.head).values(
    **_SEALED, checkpoint_seq=bindparam("checkpoint_seq"), checkpoint_at=bindparam("checkpoint_at")
)
_NEW_CHECKPOINT = insert(schema.checkpoint).values(**_SEALED)


class Linker:
    """Writes events at the end of one store's chain, and seals it with one key."""

    def __init__(self, database: Database, signer: Signer, store_id: str) -> None:
        self._signer, self._store_id = signer, store_id
        self._events = Bulk(database, "event", ("seq", "at", "keep", "case_id", "line", "hash"))
        self._fresh = Bulk(database, "fresh", ("seq", "words"))
        self._head, self._new_head = Statement(database, _HEAD), Statement(database, _NEW_HEAD)
        self._new_checkpoint = Statement(database, _NEW_CHECKPOINT)

    def link(self, cursor: Any, entries: Sequence[Entry]) -> Checkpoint | None:
        """Continue the chain with these events and seal it, with a driver's cursor inside the caller's transaction.

        Gives the checkpoint it left, if any, to be told of once the transaction is on the disk, and not before.
        """
        self._head.run(cursor, {})
        ends = cursor.fetchone()
        if ends is None:
            raise AuditError(LOST_ENDS)
        head = _Head._make(ends)
        seq, previous = head.seq, raw(head.hash)
        rows: list[Any] = []
        words: list[Any] = []
        for at, keep, case_id, line, digest, marks in entries:
            seq += 1
            previous = chain.link(previous, seq, at, keep, digest)
            rows += (seq, at, keep, case_id, line, previous)
            words += (seq, marks)
        self._events.run(cursor, rows)
        self._fresh.run(cursor, words)
        return self._seal(cursor, head, seq, entries[-1].at, previous)

    def _seal(self, cursor: Any, old: _Head, seq: int, at: int, hash_: bytes) -> Checkpoint | None:
        """Sign the new end; now and then leave the seal behind as a checkpoint."""
        seal = self._signer.seal(self._store_id, seq, at, hash_)
        new = {"seq": seq, "at": at, "hash": hash_, "signer": seal.signer, "signature": seal.signature}
        kept = {"checkpoint_seq": old.checkpoint_seq, "checkpoint_at": old.checkpoint_at}
        stays = seq - old.checkpoint_seq >= CHECKPOINT_EVENTS or abs(at - old.checkpoint_at) >= CHECKPOINT_MICROSECONDS
        if stays:
            self._new_checkpoint.run(cursor, new)
            kept = {"checkpoint_seq": seq, "checkpoint_at": at}
        self._new_head.run(cursor, new | kept)
        return seal if stays else None

"""Reading the record as it lies in the store: its two ends, its seals and its events page by page.

No reader holds a transaction open for longer than a page, so that a proof of ten million events holds nothing back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, func, literal, select, tuple_

from gateway.audit import schema
from gateway.audit.database import Database
from gateway.audit.errors import AuditError
from gateway.audit.seal import Checkpoint

PAGE = 5000
"""Rows read at a time."""

_event, _mark, _checkpoint = schema.event, schema.mark, schema.checkpoint
_COLUMNS = tuple(_event.c[name] for name in ("seq", "at", "keep", "case_id", "line", "digest", "hash"))


class Row(NamedTuple):
    """An event as it lies in the store."""

    seq: int
    at: int
    keep: str
    case_id: str
    line: str | None
    digest: bytes | None
    hash: bytes


class Ends(NamedTuple):
    """Where the chain begins (the event before its first, and that one's hash) and the seal of its newest event."""

    store: str
    origin_seq: int
    origin_hash: bytes
    seal: Checkpoint


def ends_of(connection: Connection) -> Ends:
    head, store = connection.execute(select(schema.head)).one_or_none(), schema.store_id(connection)
    if head is None:
        raise AuditError("the audit store has lost the row that says where its chain ends")
    seal = Checkpoint(store, head.seq, head.at, bytes(head.hash), head.signer, bytes(head.signature))
    return Ends(store, head.origin_seq, bytes(head.origin_hash), seal)


def checkpoints(connection: Connection, ends: Ends) -> Iterator[Checkpoint]:
    """Those up to the seal: later ones came while we read. Beyond the newest event none may stand at all."""
    newest = connection.execute(select(func.max(_event.c.seq))).scalar() or 0
    for row in connection.execute(select(_checkpoint).order_by(_checkpoint.c.seq)):
        if row.seq <= ends.seal.seq or row.seq > newest:
            yield Checkpoint(ends.store, row.seq, row.at, bytes(row.hash), row.signer, bytes(row.signature))


def rows_between(database: Database, first: int, last: int) -> Iterator[Row]:
    """Every event from the first number to the last, both included."""
    after = first - 1
    while True:
        page = select(*_COLUMNS).where(_event.c.seq > after, _event.c.seq <= last).order_by(_event.c.seq).limit(PAGE)
        with database.reading() as connection:
            rows = connection.execute(page).all()
        if not rows:
            return
        for row in rows:
            yield Row._make(row)
        after = rows[-1].seq


def marks_up_to(database: Database, last: int) -> Iterator[tuple[str, int]]:
    """All that events up to the last number are found by."""
    after = ("", -1)
    while True:
        behind = tuple_(_mark.c.word, _mark.c.seq) > tuple_(*map(literal, after))
        page = select(_mark.c.word, _mark.c.seq).where(behind).order_by(_mark.c.word, _mark.c.seq).limit(PAGE)
        with database.reading() as connection:
            rows = connection.execute(page).all()
        if not rows:
            return
        after = (rows[-1].word, rows[-1].seq)
        for word, seq in rows:
            if seq <= last:
                yield word, seq

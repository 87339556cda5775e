"""Keeping and letting go: retention, and what events are found by. A pruning is itself an event of the chain.

Pruning empties an event (its line goes, its digest stays) and drops the oldest ones for good once all before them have
gone too. It says first what it will do, in the chain, and then does it in small steps that hold up no mail; killed on
the way, what it said is still true and the next pruning finishes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, tuple_, update

from gateway.audit import chain, schema
from gateway.audit.database import raw
from gateway.audit.event import KEEPS, Event, marks_of, microseconds, record_of
from gateway.audit.linking import Entry
from gateway.audit.release import forget_claims
from gateway.audit.store import Store

KEEP_DAYS: Mapping[str, int] = dict.fromkeys(KEEPS, 180)
"""Six months, as the old sikkerhedsbekendtgørelse had it and data processing agreements still do (danish-rules §7)."""

_STEP = 1000
"""Events in one step: a step is short enough for a message to wait for."""

_event, _mark, _head = schema.event, schema.mark, schema.head


class Pruned(NamedTuple):
    """What a pruning did: events emptied, and events dropped with all before them."""

    emptied: int
    dropped: int


def prune(
    store: Store,
    days: Mapping[str, int],
    now: datetime,
    details: Mapping[str, Any],
    progress: Callable[[int], None] = lambda done: None,
) -> Pruned:
    """Let go of every event that is older than its class is kept. `details`: who asked for it."""
    before = {keep: microseconds(now - timedelta(days=days[keep])) for keep in KEEPS}
    with store.database.writing() as connection:
        origin, origin_hash = _new_origin(connection, before)
        forget_claims(connection, now)
        told = {"before": before, "days": dict(days), "origin": origin, "origin_hash": origin_hash.hex(), **details}
        store.link(connection, [Entry.of(Event(f"prune-{now:%Y%m%dT%H%M%S}", now, kind="prune", details=told))])
    dropped = _drop(store, origin, progress)
    emptied = _empty(store, before, progress)
    store.database.forget()
    return Pruned(emptied, dropped)


def _new_origin(connection: Connection, before: Mapping[str, int]) -> tuple[int, bytes]:
    """The last event of the unbroken run of old ones at the beginning; where the chain begins now if there is none."""
    head = connection.execute(select(_head)).one()
    kept = select(func.min(_event.c.seq)).where(~_is_old(before))
    first_kept = connection.execute(kept).scalar()
    last_old = head.seq if first_kept is None else first_kept - 1
    found = connection.execute(select(_event.c.seq, _event.c.hash).where(_event.c.seq == last_old)).one_or_none()
    return (found.seq, raw(found.hash)) if found else (head.origin_seq, raw(head.origin_hash))


def _is_old(before: Mapping[str, int]) -> ColumnElement[bool]:
    return or_(*(and_(_event.c.keep == keep, _event.c.at < at) for keep, at in before.items()))


def _drop(store: Store, origin: int, progress: Callable[[int], None]) -> int:
    """Remove the events up to the origin, the chain's beginning moving along with each step."""
    columns = (_event.c.seq, _event.c.hash, _event.c.line)
    query = select(*columns).where(_event.c.seq <= origin).order_by(_event.c.seq).limit(_STEP)
    dropped = 0
    while True:
        with store.database.writing() as connection:
            rows = connection.execute(query).all()
            if not rows:
                return dropped
            last = rows[-1]
            _forget_marks(connection, [(row.seq, row.line) for row in rows])
            connection.execute(delete(_event).where(_event.c.seq <= last.seq))
            connection.execute(delete(schema.checkpoint).where(schema.checkpoint.c.seq < last.seq))
            connection.execute(update(_head).values(origin_seq=last.seq, origin_hash=last.hash))
        dropped += len(rows)
        progress(dropped)


def _empty(store: Store, before: Mapping[str, int], progress: Callable[[int], None]) -> int:
    """Take the lines of old events that stand behind younger ones, and leave their digests."""
    emptied, last = 0, 0
    while True:
        query = select(_event.c.seq, _event.c.line).where(_is_old(before), _event.c.line.is_not(None))
        with store.database.writing() as connection:
            rows = connection.execute(query.where(_event.c.seq > last).order_by(_event.c.seq).limit(_STEP)).all()
            if not rows:
                return emptied
            _forget_marks(connection, [(row.seq, row.line) for row in rows])
            for row in rows:
                emptied_row = {"line": None, "digest": chain.digest_of(row.line.encode()), "case_id": ""}
                connection.execute(update(_event).where(_event.c.seq == row.seq).values(**emptied_row))
        emptied, last = emptied + len(rows), rows[-1].seq
        progress(emptied)


def _forget_marks(connection: Connection, lines: list[tuple[int, str | None]]) -> None:
    connection.execute(delete(schema.fresh).where(schema.fresh.c.seq.in_([seq for seq, _ in lines])))
    records = [(seq, record_of(line)) for seq, line in lines if line is not None]
    if damaged := [seq for seq, record in records if record is None]:
        connection.execute(delete(_mark).where(_mark.c.seq.in_(damaged)))
    marks = [(word, seq) for seq, record in records if record is not None for word in marks_of(record)]
    for start in range(0, len(marks), 500):
        some = marks[start : start + 500]
        connection.execute(delete(_mark).where(tuple_(_mark.c.word, _mark.c.seq).in_(some)))


def reindex(store: Store, progress: Callable[[int], None] = lambda done: None) -> int:
    """Build what events are found by anew from their lines. Mail waits while it runs: for repair, not for every day."""
    with store.database.writing() as connection:
        connection.execute(delete(_mark))
        connection.execute(delete(schema.fresh))
        done, last = 0, 0
        while rows := _lines_after(connection, last):
            last = rows[-1][0]
            records = [(seq, record) for seq, line in rows if (record := record_of(line)) is not None]
            words = [{"word": word, "seq": seq} for seq, record in records for word in marks_of(record)]
            if words:
                connection.execute(insert(_mark), words)
            for seq, record in records:
                mine = (_event.c.seq == seq, _event.c.case_id != record["case_id"])
                connection.execute(update(_event).where(*mine).values(case_id=record["case_id"]))
            done += len(records)
            progress(done)
    return done


def _lines_after(connection: Connection, last: int) -> list[tuple[int, str]]:
    query = select(_event.c.seq, _event.c.line).where(_event.c.seq > last, _event.c.line.is_not(None))
    return [(row.seq, row.line) for row in connection.execute(query.order_by(_event.c.seq).limit(_STEP))]

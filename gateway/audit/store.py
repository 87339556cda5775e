"""The store: an event is appended when it is on the disk, and many that wait share one journey there.

Theory of operation. Each process has one writer thread. `append` puts the event in a queue and awaits; the thread takes
the store's lock, then everything that waits by then, links it into the chain, writes it, commits, and wakes the event
loop once for the whole batch. While one process waits for its disk the other collects, so batches grow with the load
and the lock is handed straight over. What fails fails whole: every waiter hears `AuditError`, and the next batch starts
afresh.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from gateway.audit import chain, schema
from gateway.audit.database import Bulk, Database, Statement
from gateway.audit.errors import AuditError
from gateway.audit.event import Event
from gateway.audit.keys import signing_key
from gateway.audit.release import Release, open_releases
from gateway.audit.seal import Checkpoint, Signer, complaint, keyring
from gateway.audit.search import Filter, Record, find
from gateway.mail.address import Address

_log = logging.getLogger(__name__)

MAX_BATCH = 1000
"""Events in one transaction: bounds how long a commit takes and how much it holds."""

CHECKPOINT_EVENTS, CHECKPOINT_MICROSECONDS = 10_000, 60_000_000
"""A checkpoint stays after so many events or with the first one after a minute. Each is logged, so that it leaves."""


class Entry(NamedTuple):
    """An event made ready for its row, so that the lock is not held while JSON is written."""

    at: int
    keep: str
    case_id: str
    line: str
    digest: bytes
    marks: tuple[str, ...]

    @classmethod
    def of(cls, event: Event) -> Entry:
        line = event.encode()
        return cls(event.microseconds, event.keep, event.case_id, line, chain.digest_of(line), event.marks)


class _Waiter(NamedTuple):
    entry: Entry
    done: asyncio.Future[None]


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


class Store:
    """The record of one worker process; several processes and nodes may have one each on the same database."""

    def __init__(self, database: Database, keys: Path) -> None:
        self.database = database
        self.keys = keys
        self._signer: Signer | None = None
        self._id = ""
        self._waiting: SimpleQueue[_Waiter | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_failing = False
        self._events = Bulk(database, "event", ("seq", "at", "keep", "case_id", "line", "hash"))
        self._marks = Bulk(database, "mark", ("word", "seq"))
        self._head, self._new_head = Statement(database, _HEAD), Statement(database, _NEW_HEAD)
        self._new_checkpoint = Statement(database, _NEW_CHECKPOINT)

    def open(self, end_may_be_broken: bool = False) -> None:
        """Make or migrate the tables, find the keys. AuditError when the store or its chain's end cannot be used."""
        self.database.prepare()
        self._signer = signing_key(self.keys)
        with self.database.reading() as connection:
            self._id = schema.store_id(connection)
            if not end_may_be_broken:
                _check_end(connection, self._signer)

    def start(self) -> None:
        """Open and begin to write. Why it cannot is said in the log too, wherever the error ends."""
        try:
            self.open()
        except AuditError as error:
            _log.critical("audit: %s", error)
            raise
        self._thread = threading.Thread(target=self._write_batches, name="audit", daemon=True)
        self._thread.start()

    async def append(self, event: Event) -> None:
        """Return once the event is durable, or raise AuditError. Cancelling the wait does not unwrite the event."""
        waiter = _Waiter(Entry.of(event), asyncio.get_running_loop().create_future())
        if self._thread is None:
            raise AuditError("the audit store is not open")
        self._waiting.put(waiter)
        await waiter.done

    def write(self, events: Iterable[Event]) -> None:
        """Append without an event loop, for commands. Durable when it returns."""
        entries = [Entry.of(event) for event in events]
        if not entries:
            return
        with self.database.writing() as connection:
            checkpoint = self.link(connection, entries)
        _tell(checkpoint)

    def recent(self, limit: int = 50, **wanted: Any) -> list[Record]:
        """The newest events that fit the filters of `search.Filter`, newest first."""
        with self.database.reading() as connection:
            return find(connection, Filter(**wanted), limit)

    def open_releases(self, sender: Address, now: datetime) -> tuple[Release, ...]:
        """What this sender may send once more (`postvagt release`). A short read: ask it from a thread."""
        with self.database.reading() as connection:
            return open_releases(connection, sender, now)

    def close(self) -> None:
        """Write what waits, then stop."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None
        self.database.close()

    def link(self, connection: Connection, entries: list[Entry]) -> Checkpoint | None:
        """Continue the chain with these events and seal it, inside the caller's transaction of `Database.writing`.

        Gives the checkpoint it left, if any, to be told of once the transaction has been committed, and not before.
        """
        cursor = connection.connection.cursor()
        self._head.run(cursor, {})
        head = _Head._make(cursor.fetchone() or ())
        seq, previous = head.seq, bytes(head.hash)
        rows: list[tuple[Any, ...]] = []
        marks: list[tuple[str, int]] = []
        for entry in entries:
            seq += 1
            previous = chain.link(previous, seq, entry.at, entry.keep, entry.digest)
            rows.append((seq, entry.at, entry.keep, entry.case_id, entry.line, previous))
            marks.extend((word, seq) for word in entry.marks)
        self._events.run(cursor, rows)
        self._marks.run(cursor, marks)
        checkpoint = self._seal(cursor, head, seq, entries[-1].at, previous)
        cursor.close()
        return checkpoint

    def _seal(self, cursor: Any, old: _Head, seq: int, at: int, hash_: bytes) -> Checkpoint | None:
        """Sign the new end; now and then leave the seal behind as a checkpoint."""
        assert self._signer is not None
        seal = self._signer.seal(self._id, seq, at, hash_)
        new = {"seq": seq, "at": at, "hash": hash_, "signer": seal.signer, "signature": seal.signature}
        kept = {"checkpoint_seq": old.checkpoint_seq, "checkpoint_at": old.checkpoint_at}
        stays = seq - old.checkpoint_seq >= CHECKPOINT_EVENTS or abs(at - old.checkpoint_at) >= CHECKPOINT_MICROSECONDS
        if stays:
            self._new_checkpoint.run(cursor, new)
            kept = {"checkpoint_seq": seq, "checkpoint_at": at}
        self._new_head.run(cursor, new | kept)
        return seal if stays else None

    def _write_batches(self) -> None:
        closing = False
        while not closing:
            batch: list[_Waiter] = []
            closing = self._take(batch, self._waiting.get())
            error: AuditError | None = None
            try:
                if batch:
                    with self.database.writing() as connection:
                        closing |= self._take_all(batch, MAX_BATCH)
                        checkpoint = self.link(connection, [waiter.entry for waiter in batch])
                    _tell(checkpoint)
            except Exception as caught:  # whatever it is, the waiters hear it and the next batch is tried
                closing |= self._take_all(batch, self._waiting.qsize())
                error = _as_audit_error(caught)
            self._tell_operator(error)
            _wake(batch, error)

    def _take_all(self, batch: list[_Waiter], at_most: int) -> bool:
        try:
            while len(batch) < at_most:
                if self._take(batch, self._waiting.get_nowait()):
                    return True
        except Empty:
            pass
        return False

    @staticmethod
    def _take(batch: list[_Waiter], item: _Waiter | None) -> bool:
        """Whether the item says that the store closes."""
        if item is None:
            return True
        batch.append(item)
        return False

    def _tell_operator(self, error: AuditError | None) -> None:
        """One line when it begins to fail, one when it works again."""
        if error is not None and not self._is_failing:
            _log.error("audit: %s; messages are deferred with 451 until it works again", error)
        elif error is None and self._is_failing:
            _log.warning("audit: the store works again")
        self._is_failing = error is not None


def open_store(url: str, keys: Path | None = None) -> Store:
    """The store at `sqlite:////folder/audit.db` or `postgresql://…`; nothing is opened before `start`.

    keys: the folder of the signing key, made at the first start; for SQLite `audit-keys` beside the file unless said.
    """
    database = Database(url)
    if keys is None:
        if not database.is_sqlite:
            raise AuditError("a PostgreSQL audit store needs a folder for its keys: `audit: {keys: FOLDER}`")
        keys = Path(str(database.url.database)).parent / "audit-keys"
    return Store(database, keys)


def _check_end(connection: Connection, signer: Signer) -> None:
    """Refuse to go on where the newest event and the seal disagree; whether all the rest adds up, `verify` says."""
    head = connection.execute(select(schema.head)).one_or_none()
    newest = select(schema.event.c.seq, schema.event.c.hash).order_by(schema.event.c.seq.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    end = (last.seq, bytes(last.hash)) if last else None
    if head is None or end != ((head.seq, bytes(head.hash)) if head.seq > head.origin_seq else None):
        raise AuditError(
            "the end of the audit chain is not where its seal says: `audit verify` tells more, `audit reseal` goes on"
        )
    if head.signer == signer.id:
        seal = Checkpoint(
            schema.store_id(connection), head.seq, head.at, bytes(head.hash), head.signer, bytes(head.signature)
        )
        if wrong := complaint(seal, keyring([signer.public])):
            raise AuditError(f"the seal of the audit chain {wrong}: `audit verify` tells more, `audit reseal` goes on")


def _as_audit_error(caught: Exception) -> AuditError:
    if isinstance(caught, AuditError):
        return caught
    _log.error("audit: a fault of our own while writing: %s", type(caught).__name__, exc_info=caught)
    return AuditError(f"cannot write the audit store: {type(caught).__name__}")


def _tell(checkpoint: Checkpoint | None) -> None:
    """Into the log, which is kept elsewhere; only what is on the disk, or a lost commit would look like tampering."""
    if checkpoint is not None:
        _log.info("audit checkpoint %s", checkpoint)


def _wake(batch: list[_Waiter], error: AuditError | None) -> None:
    """Give every waiter its answer with one call into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for waiter in batch:
        by_loop.setdefault(waiter.done.get_loop(), []).append(waiter.done)
    for loop, futures in by_loop.items():
        try:
            loop.call_soon_threadsafe(_answer, futures, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _answer(futures: list[asyncio.Future[None]], error: AuditError | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(AuditError(str(error)))

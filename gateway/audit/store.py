"""The store: an event is appended when it is on the disk, and what was recorded is found again.

`linking` says how events become rows of the chain, `writer` how many messages share one journey to the disk.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from gateway.audit import index, schema
from gateway.audit.database import Database, raw
from gateway.audit.errors import AuditError
from gateway.audit.event import Event
from gateway.audit.keys import signing_key
from gateway.audit.linking import Entry, Linker
from gateway.audit.release import Release, claim, give_back, open_releases
from gateway.audit.rows import ends_of
from gateway.audit.seal import Checkpoint, Signer, complaint, keyring
from gateway.audit.search import Filter, Record, find
from gateway.audit.writer import Writer, tell
from gateway.mail.address import Address

_THE_WAY_ON = "`audit verify` tells more, `audit reseal` goes on"

_log = logging.getLogger(__name__)


class Store:
    """The record of one worker process; several processes and nodes may have one each on the same database."""

    def __init__(self, database: Database, keys: Path) -> None:
        self.database = database
        self.keys = keys
        self._linker: Linker | None = None
        self._writer: Writer | None = None

    def open(self, end_may_be_broken: bool = False) -> None:
        """Make or migrate the tables, find the keys. AuditError when the store or its chain's end cannot be used."""
        self.database.prepare()
        signer = signing_key(self.keys)
        with self.database.reading() as connection:
            self._linker = Linker(self.database, signer, schema.store_id(connection))
            if not end_may_be_broken:
                _check_end(connection, signer)

    def start(self) -> None:
        """Open and begin to write. Why it cannot is said in the log too, wherever the error ends."""
        try:
            self.open()
            index.catch_up(self.database)
            self._writer = Writer(self.database, lambda cursor, entries: self._link(cursor, entries))
        except AuditError as error:
            _log.critical("audit: %s", error)
            raise

    def expecting(self) -> AbstractContextManager[object]:
        """While a message is carried out whose event will follow: those of other messages may wait a moment for it."""
        return self._writer.expected if self._writer is not None else nullcontext()

    def append(self, event: Event) -> Awaitable[None]:
        """Done once the event is durable, or AuditError. Cancelling the wait does not unwrite the event."""
        if self._writer is None:
            raise AuditError("the audit store is not open")
        return self._writer.append(Entry.of(event))

    def write(self, events: Iterable[Event]) -> None:
        """Append without an event loop, for commands. Durable when it returns."""
        entries = [Entry.of(event) for event in events]
        if not entries:
            return
        with self.database.writing() as connection:
            checkpoint = self.link(connection, entries)
        tell(checkpoint)

    def recent(self, limit: int = 50, **wanted: Any) -> list[Record]:
        """The newest events that fit the filters of `search.Filter`, newest first."""
        filter_ = Filter(**wanted)
        if filter_ != Filter():
            index.catch_up(self.database)
        with self.database.reading() as connection:
            return find(connection, filter_, limit)

    def open_releases(self, sender: Address, now: datetime) -> tuple[Release, ...]:
        """What this sender may send once more (`postvagt release`). A short read: ask it from a thread."""
        with self.database.reading() as connection:
            return open_releases(connection, sender, now)

    def claim(self, release: Release, holder: str, now: datetime) -> bool:
        """Take a release for one message; False when another has it or it is used up. A write: ask it from a thread."""
        with self.database.writing() as connection:
            return claim(connection, release, holder, now)

    def give_back(self, release: Release, holder: str) -> None:
        """The message that claimed it was not given on. A write: ask it from a thread."""
        with self.database.writing() as connection:
            give_back(connection, release, holder)

    def close(self) -> None:
        """Write what waits, then stop."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self.database.close()

    def link(self, connection: Connection, entries: list[Entry]) -> Checkpoint | None:
        """Continue the chain with these events, inside the caller's transaction of `Database.writing`, and index them.

        Gives the checkpoint it left, if any, to be told of once the transaction has been committed, and not before.
        """
        checkpoint = self._link(connection.connection.cursor(), entries)
        index.move(connection)
        return checkpoint

    def _link(self, cursor: Any, entries: list[Entry]) -> Checkpoint | None:
        assert self._linker is not None
        return self._linker.link(cursor, entries)


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
    ends = ends_of(connection)
    seal = ends.seal
    newest = select(schema.event.c.seq, schema.event.c.hash).order_by(schema.event.c.seq.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    end = (last.seq, raw(last.hash)) if last else None
    if end != ((seal.seq, seal.hash) if seal.seq > ends.origin_seq else None):
        raise AuditError(f"the end of the audit chain is not where its seal says: {_THE_WAY_ON}")
    if seal.signer == signer.id and (wrong := complaint(seal, keyring([signer.public]))):
        raise AuditError(f"the seal of the audit chain {wrong}: {_THE_WAY_ON}")

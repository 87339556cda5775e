"""SQLite written to without waiting for the disk: the path that every message takes.

What `write` has committed others see and a kill does not undo; a loss of power would, until `sync` has returned.
SQLite's log of writes is one file, so one sync covers every commit before it, whoever made them.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from gateway.audit.database import Database, set_up_sqlite
from gateway.audit.errors import AuditError

Result = TypeVar("Result")

_SETTINGS = (
    "PRAGMA synchronous=NORMAL",  # a commit does not wait, `sync` does
    "PRAGMA wal_autocheckpoint=0",  # emptying the log takes its time: whoever keeps the index does it
    "PRAGMA busy_timeout=0",
)


class Busy(AuditError):
    """Somebody else is writing."""


class Journal:
    """A connection of its own, used by one thread at a time."""

    def __init__(self, database: Database) -> None:
        path = str(database.url.database)
        self._lock = database.lock
        with database.as_audit_error("write"):
            self._connection = sqlite3.connect(path, check_same_thread=False, cached_statements=256)
            set_up_sqlite(self._connection, None)
            for setting in _SETTINGS:
                self._connection.execute(setting)
            self._cursor = self._connection.cursor()
            self._cursor.execute("SELECT seq FROM head").fetchone()  # the log of writes is there from now on
            self._log = os.open(path + "-wal", os.O_RDWR | os.O_CLOEXEC)
            _sync_folder(Path(path).parent)

    def write(self, work: Callable[[Any], Result]) -> Result:
        """What `work` does with a cursor, in one transaction. Busy, at once, when another writer is at it."""
        if not self._lock.take_if_free():
            raise Busy("the audit store is being written to")
        try:
            self._cursor.execute("BEGIN IMMEDIATE")
            try:
                result = work(self._cursor)
                self._cursor.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._cursor.execute("ROLLBACK")
                raise
            return result
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise Busy("the audit store is being written to") from None
            raise
        finally:
            self._lock.let_go()

    def sync(self) -> None:
        """Wait until everything committed before is on the disk."""
        os.fdatasync(self._log)

    def rescue(self) -> None:
        """After a sync that failed: bring every page out of the log, synced, so that nothing rests on what was lost."""
        busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise Busy("the audit store is being written to")

    def close(self) -> None:
        os.close(self._log)
        self._connection.close()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

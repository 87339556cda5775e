"""One database behind one interface: SQLite or PostgreSQL, one writer at a time, every failure an `AuditError`.

SQLite polls when two processes want to write; a lock file with a blocking flock hands over the moment the other is
done. PostgreSQL needs none: the row lock on `head` does the same between nodes. Parameters never show in an exception.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

from gateway.audit import schema
from gateway.audit.errors import AuditError

_SQLITE_SETTINGS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # every commit is on the disk before it returns
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA cache_size=-16000",
    "PRAGMA busy_timeout=5000",
    "PRAGMA secure_delete=ON",  # what retention removes is overwritten, not only forgotten
)
_POSTGRES_SETTINGS = "-c synchronous_commit=on -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
_POSTGRES_CONNECT = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "application_name": "postvagt"}


class Database:
    """Connections to the store, for reading at any time and for writing under the lock."""

    def __init__(self, url: str) -> None:
        self.url = _parsed(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _engine(self.url, self.is_sqlite)
        self._driver_error: type[Exception] = self.engine.dialect.loaded_dbapi.Error
        self.lock = _FileLock(Path(f"{self.url.database}.lock")) if self.is_sqlite else _NoLock()

    def must_exist(self) -> None:
        """AuditError for a store nobody has made: reading one must not make it."""
        if self.is_sqlite and not Path(str(self.url.database)).is_file():
            raise AuditError(f"there is no audit store at {self.url.database}")
        with self.reading() as connection:
            schema.check_version(connection)

    def prepare(self) -> None:
        """Make or migrate the tables. A new file is for our eyes only; SQLite's files beside it follow it."""
        if self.is_sqlite:
            with self.as_audit_error("make"):
                Path(str(self.url.database)).touch(0o600)
        with self.writing() as connection:
            if not self.is_sqlite:  # there is no head to lock yet
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7265686)")
            schema.prepare(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer shares, durable when the block has been left without an error."""
        with self.as_audit_error("write"), self.lock, self.engine.begin() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the store, however long it reads."""
        with self.as_audit_error("read"), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    def forget(self) -> None:
        """Let what was deleted leave the disk too: SQLite's log of writes is emptied. PostgreSQL has VACUUM."""
        if self.is_sqlite:
            with self.as_audit_error("write"), self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def as_audit_error(self, doing: str) -> Iterator[None]:
        """The driver's failures in our one word, with the first line of what it said: never parameters or rows."""
        try:
            yield
        except AuditError:
            raise
        except (SQLAlchemyError, OSError, self._driver_error) as error:
            said = str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__]
            raise AuditError(f"cannot {doing} the audit store: {said[0][:200]}") from error

    def close(self) -> None:
        self.engine.dispose()
        self.lock.close()


class Statement:
    """A statement of the hot path, compiled once and given straight to the driver: building it anew costs ten times."""

    def __init__(self, database: Database, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=database.engine.dialect)
        assert isinstance(compiled, SQLCompiler)
        self._text = str(compiled)
        self._order = compiled.positiontup if compiled.positional else None

    def run(self, cursor: Any, values: Mapping[str, Any]) -> None:
        cursor.execute(self._text, [values[name] for name in self._order] if self._order is not None else values)


class Bulk:
    """Inserts many rows with one statement: each statement is one turn of the interpreter's lock, whatever it carries.

    A driver's `executemany` gives the lock back and takes it again for every row, and beside a busy event loop each
    taking is a wait. A statement's text depends on nothing but how many rows it has, so that drivers keep it prepared.
    """

    _MOST = 100

    def __init__(self, database: Database, table: str, columns: Sequence[str]) -> None:
        self._columns = len(columns)
        row = "(" + ", ".join(["?" if database.is_sqlite else "%s"] * len(columns)) + ")"
        head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 (names of our own)
        self._statements = [head + ", ".join([row] * size) for size in range(self._MOST + 1)]

    def run(self, cursor: Any, values: list[Any]) -> None:
        """Insert the values of all columns of all rows, one after the other."""
        step = self._MOST * self._columns
        for start in range(0, len(values), step):
            some = values[start : start + step]
            cursor.execute(self._statements[len(some) // self._columns], some)


class _NoLock:
    """PostgreSQL locks by itself."""

    def take_if_free(self) -> bool:
        return True

    def let_go(self) -> None: ...

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None: ...


class _FileLock:
    """One writer at a time among the threads and processes of this machine; a writer that dies lets go by dying."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._file = -1

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            self._open()
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def take_if_free(self) -> bool:
        """Take it if that needs no waiting; whether it was taken."""
        if not self._threads.acquire(blocking=False):
            return False
        try:
            self._open()
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException as error:
            self._threads.release()
            if isinstance(error, BlockingIOError):
                return False
            raise
        return True

    def _open(self) -> None:
        if self._file < 0:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def let_go(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def __exit__(self, *_: object) -> None:
        self.let_go()

    def close(self) -> None:
        with self._threads:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1


def raw(value: object) -> bytes:
    """A column of bytes, whatever somebody has put into it: SQLite takes any kind of value."""
    return value if isinstance(value, bytes) else str(value).encode()


def _parsed(text: str) -> URL:
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, SQLAlchemyError, ValueError):
        raise AuditError("the audit store is no database address; sqlite:////folder/audit.db would be one") from None
    if backend == "sqlite" and url.database:
        return url.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise AuditError("the audit store is neither sqlite:////folder/audit.db nor postgresql://host/name")


def _engine(url: URL, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        arguments = {**_POSTGRES_CONNECT, "options": _POSTGRES_SETTINGS}
        return create_engine(url, hide_parameters=True, connect_args=arguments, pool_size=2)
    engine = create_engine(
        url, hide_parameters=True, connect_args={"check_same_thread": False, "cached_statements": 256}
    )
    event.listen(engine, "connect", set_up_sqlite)
    return engine


def set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # transactions begin where this file says so
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")  # a damaged row is read, and judged
    for setting in _SQLITE_SETTINGS:
        connection.execute(setting)

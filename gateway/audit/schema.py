"""The tables of the record, for SQLite and PostgreSQL alike, and how an older store becomes this one.

The event's line is the record; every other column and the whole table `mark` are drawn from it, so that it is found
fast, and `audit verify` checks that they still say the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
    update,
)

from gateway.audit import chain
from gateway.audit.errors import AuditError

VERSION = 3

metadata = MetaData()
_Number = BigInteger().with_variant(Integer, "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""`schema`: the version of these tables. `store`: the random id the chain begins with."""

event = Table(
    "event",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False),
    Column("at", _Number, nullable=False),
    Column("keep", String(16), nullable=False),
    Column("case_id", Text, nullable=False),
    Column("line", Text),
    Column("digest", LargeBinary),
    Column("hash", LargeBinary, nullable=False),
    Index("event_at", "at", "keep"),
    Index("event_case", "case_id"),
)
"""One row an event. `line` is gone and `digest` there once retention has removed it, never both and never neither."""

mark = Table(
    "mark",
    metadata,
    Column("word", Text, primary_key=True),
    Column("seq", _Number, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""What an event is found by: `to:example.dk`, `category:cpr`, `verdict:block`; see `Event.marks`."""

fresh = Table(
    "fresh",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False),
)
"""The newest events whose words are not in `mark` yet, as lists in JSON: they go there many at a time (`index`)."""

claim = Table(
    "claim",
    metadata,
    Column("release", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("at", _Number, nullable=False),
)
"""Releases that a message is using or has used, and a keyed hash of that message: see `release.claim`."""

head = Table(
    "head",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", _Number, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("at", _Number, nullable=False),
    Column("origin_seq", _Number, nullable=False),
    Column("origin_hash", LargeBinary, nullable=False),
    Column("signer", String(32), nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("checkpoint_seq", _Number, nullable=False),
    Column("checkpoint_at", _Number, nullable=False),
)
"""The chain's two ends, one row: the newest event (sealed with every batch) and the one before the oldest kept.

In PostgreSQL its row lock is what lets several nodes write one chain.
"""

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False),
    Column("at", _Number, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("signer", String(32), nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
"""Seals that stay: what the head was at some moment, signed."""


def _remember_checkpoints(connection: Connection) -> None:
    """To version 2: the head knows where the last checkpoint was."""
    for column in ("checkpoint_seq", "checkpoint_at"):
        connection.exec_driver_sql(f"ALTER TABLE head ADD COLUMN {column} BIGINT NOT NULL DEFAULT 0")


def _index_later(connection: Connection) -> None:
    """To version 3: words wait in `fresh`, and a release is claimed before it is used."""
    metadata.create_all(connection, [fresh, claim])


MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: _remember_checkpoints, 2: _index_later}
"""From version n to n + 1. Each runs inside the writer's lock and one transaction with those before it."""


def prepare(connection: Connection) -> None:
    """Make the tables in an empty database, migrate older ones, refuse newer ones. The writer's lock is held."""
    if not inspect(connection).has_table("meta"):
        _create(connection)
        return
    version = _version(connection)
    for step in range(version, VERSION):
        MIGRATIONS[step](connection)
    if version < VERSION:
        connection.execute(update(meta).where(meta.c.name == "schema").values(value=str(VERSION)))


def check_version(connection: Connection) -> None:
    """For reading: the tables must be there and of this version."""
    if not inspect(connection).has_table("meta"):
        raise AuditError("the database holds no audit store")
    if _version(connection) < VERSION:
        raise AuditError("the audit store is of an older version; the gateway migrates it when it starts")


def _version(connection: Connection) -> int:
    given = _meta(connection, "schema")
    if not given.isdecimal():
        raise AuditError("the audit store does not say which version it has: its table `meta` is damaged")
    version = int(given)
    if version > VERSION:
        raise AuditError(
            f"the audit store has version {version}, this program knows {VERSION}: it was made by a newer Postvagt"
        )
    return version


def store_id(connection: Connection) -> str:
    return _meta(connection, "store")


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    identity = secrets.token_hex(16)
    begin = chain.genesis(identity)
    connection.execute(insert(meta), [{"name": "schema", "value": str(VERSION)}, {"name": "store", "value": identity}])
    ends = {"seq": 0, "hash": begin, "at": 0, "origin_seq": 0, "origin_hash": begin}
    unsealed = {"signer": "", "signature": b"", "checkpoint_seq": 0, "checkpoint_at": 0}
    connection.execute(insert(head).values(id=1, **ends, **unsealed))


def _meta(connection: Connection, name: str) -> str:
    value = connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
    if value is None:
        raise AuditError(f"the audit store has lost the row `{name}` of its table `meta`")
    return str(value)

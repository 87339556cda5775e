"""Reading the record as it lies in the store: its two ends, its seals and its events page by page.

No reader holds a transaction open for longer than a page, so that a proof of ten million events holds nothing back.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, Connection, LargeBinary, cast, func, select

from gateway.audit import schema
from gateway.audit.database import Database, raw
from gateway.audit.errors import AuditError
from gateway.audit.seal import Checkpoint

LOST_ENDS = "the audit store has lost the row that says where its chain ends: `audit reseal` makes it anew"

PAGE = 5000
"""Rows read at a time."""

_event, _mark, _fresh, _checkpoint = schema.event, schema.mark, schema.fresh, schema.checkpoint
_COLUMNS = tuple(_event.c[name] for name in ("seq", "at", "keep", "case_id", "line", "digest", "hash"))
_KINDS_OF_SQLITE = {"at": BigInteger, "line": LargeBinary, "digest": LargeBinary, "hash": LargeBinary}
_COLUMNS_OF_SQLITE = tuple(cast(each, _KINDS_OF_SQLITE.get(each.name, each.type)) for each in _COLUMNS)
"""SQLite lets any kind of value into any column: whoever put it there must be found, and not end the proof."""


class Row(NamedTuple):
    """An event as it lies in the store. line: its bytes, which are what is hashed."""

    seq: int
    at: int
    keep: str
    case_id: str
    line: bytes | None
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
        raise AuditError(
            "the audit store has lost the row that says where its chain ends: `audit reseal` makes it anew"
        )
    if not isinstance(head.seq, int) or not isinstance(head.origin_seq, int):
        raise AuditError(
            "the row of the audit store that says where its chain ends is damaged: `audit reseal` makes it anew"
        )
    return Ends(store, head.origin_seq, raw(head.origin_hash), _seal(store, head))


def _seal(store: str, row: Any) -> Checkpoint:
    return Checkpoint(store, row.seq, row.at, raw(row.hash), row.signer, raw(row.signature))


def outside(connection: Connection, ends: Ends) -> tuple[int | None, int | None]:
    """The first event that stands before the chain's beginning, and the last behind its end, if there are such."""
    seq = _event.c.seq
    before = select(func.min(seq)).where(seq <= ends.origin_seq)
    behind = select(func.max(seq)).where(seq > ends.seal.seq)
    return connection.execute(before).scalar(), connection.execute(behind).scalar()


def checkpoints(connection: Connection, ends: Ends) -> Iterator[Checkpoint]:
    """Those up to the seal: later ones came while we read. Beyond the newest event none may stand at all."""
    newest = connection.execute(select(func.max(_event.c.seq))).scalar() or 0
    for row in connection.execute(select(_checkpoint).order_by(_checkpoint.c.seq)):
        if row.seq <= ends.seal.seq or row.seq > newest:
            yield _seal(ends.store, row)


def rows_between(database: Database, first: int, last: int) -> Iterator[Row]:
    """Every event from the first number to the last, both included."""
    columns = _COLUMNS_OF_SQLITE if database.is_sqlite else _COLUMNS
    after = first - 1
    while True:
        page = select(*columns).where(_event.c.seq > after, _event.c.seq <= last).order_by(_event.c.seq).limit(PAGE)
        with database.reading() as connection:
            # The driver's own tuples: SQLAlchemy's rows cost as much again, ten million times.
            found = connection.execute(page).cursor.fetchall()
        if not found:
            return
        yield from map(Row._make, found if database.is_sqlite else map(_line_as_bytes, found))
        after = found[-1][0]


def _line_as_bytes(row: tuple[Any, ...]) -> tuple[Any, ...]:
    line = row[4]
    return row if line is None else (*row[:4], line.encode(), *row[5:])


class Sums:
    """Sums over the numbers of the events a word finds, by which two sets of them are told apart.

    Multiply and cut with random factors: whoever moves a mark cannot know what would make up for it. The database adds
    up its side by itself, which is what makes it quick.
    """

    _PRIME, _CUT = 2_147_483_647, 128

    def __init__(self) -> None:
        self._factors = [secrets.randbelow(self._PRIME - 2) + 1 for _ in range(2)]

    def of(self, seq: int) -> tuple[int, int]:
        seq, (one, other) = seq % self._PRIME, self._factors
        return seq * one % self._PRIME // self._CUT, seq * other % self._PRIME // self._CUT

    def over(self, seqs: Sequence[int]) -> tuple[int, int, int]:
        """How many they are, and their two sums."""
        both = [self.of(seq) for seq in seqs]
        return len(both), sum(one for one, _ in both), sum(other for _, other in both)

    def in_database(self, connection: Connection, last: int) -> dict[str, tuple[int, ...]]:
        """By word, in the index or on its way there: how many events up to the last it finds, and their sums."""
        seq = _mark.c.seq
        sums = [func.sum(seq % self._PRIME * factor % self._PRIME // self._CUT) for factor in self._factors]
        query = select(_mark.c.word, func.count(), *sums).where(seq <= last).group_by(_mark.c.word)
        added = {row[0]: tuple(map(int, row[1:])) for row in connection.execute(query)}
        for number, words in connection.execute(select(_fresh).where(_fresh.c.seq <= last)):
            for word in _listed(words):
                count, one, other = added.get(word, (0, 0, 0))
                more = self.of(number)
                added[word] = count + 1, one + more[0], other + more[1]
        return added


def _listed(words: str) -> list[str]:
    """The words of a row of `fresh`. Whatever else stands there finds no event, which is seen."""
    try:
        given = orjson.loads(words)
    except ValueError:
        return []
    return [word for word in given if isinstance(word, str)] if isinstance(given, list) else []

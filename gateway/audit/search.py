"""Finding events: by time, sender, recipient's domain, verdict, category, kind and case id, newest first.

Every filter but time is a word in `mark`; the rarest word leads and the others are asked event by event, so ten million
events answer as fast as ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from gateway.audit.event import RELAY, Event, microseconds, sender_mark
from gateway.audit.schema import event, mark
from gateway.mail.address import Address, a_label

_DISORDER = timedelta(minutes=10) // timedelta(microseconds=1)
"""How far an event's time may stand from its neighbours': a message takes its time, and nodes' clocks differ."""

_COUNTED = 2000
"""Beyond this many events a word is simply common."""


class Record(NamedTuple):
    """An event as the store holds it; `event` is None when retention has removed it."""

    seq: int
    hash: bytes
    event: Event | None


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for. Empty finds everything."""

    since: datetime | None = None
    until: datetime | None = None
    sender: str = ""
    domain: str = ""
    verdict: str = ""
    category: str = ""
    kind: str = ""
    case_id: str = ""

    @property
    def words(self) -> list[str]:
        """The marks an event must carry."""
        words = []
        if self.sender:
            words.append(sender_mark(Address.of(self.sender).shown))
        if self.domain:
            words.append("to:" + a_label(self.domain))
        if self.verdict and self.verdict != RELAY:
            words.append("verdict:" + self.verdict)
        if self.category:
            words.append("category:" + self.category)
        if self.kind and self.kind != "message":
            words.append("kind:" + self.kind)
        return words


def find(connection: Connection, wanted: Filter, limit: int) -> list[Record]:
    """The newest events that fit, newest first."""
    query: Select[Any] = _by_words(connection, wanted.words) if wanted.words else select(*_COLUMNS)
    query = _narrowed(connection, query, wanted).order_by(event.c.seq.desc()).limit(limit)
    return list(_records(connection, query))


_COLUMNS = (event.c.seq, event.c.hash, event.c.line)


def _records(connection: Connection, query: Select[Any]) -> Iterator[Record]:
    for seq, hash_, line in connection.execute(query):
        yield Record(seq, bytes(hash_), Event.decode(line) if line is not None else None)


def _by_words(connection: Connection, words: list[str]) -> Select[Any]:
    first, *others = sorted(words, key=lambda word: _commonness(connection, word))
    query = select(*_COLUMNS).join(mark, mark.c.seq == event.c.seq).where(mark.c.word == first)
    for word in others:
        also = mark.alias()
        query = query.where(select(1).where(also.c.word == word, also.c.seq == mark.c.seq).exists())
    return query


def _commonness(connection: Connection, word: str) -> int:
    some = select(mark.c.seq).where(mark.c.word == word).limit(_COUNTED).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def _narrowed(connection: Connection, query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.case_id:
        query = query.where(event.c.case_id == wanted.case_id)
    if wanted.kind == "message":
        query = query.where(event.c.keep != "service")
    if wanted.verdict == RELAY:
        deferred = mark.alias()
        is_deferred = select(1).where(deferred.c.word == "verdict:defer", deferred.c.seq == event.c.seq).exists()
        query = query.where(event.c.keep == RELAY, ~is_deferred)
    if wanted.since:
        since = microseconds(wanted.since)
        query = query.where(event.c.at >= since, event.c.seq >= _seq_near(connection, since - _DISORDER, 0))
    if wanted.until:
        until = microseconds(wanted.until)
        last = _seq_near(connection, until + _DISORDER, 2**62)
        query = query.where(event.c.at < until, event.c.seq <= last)
    return query


def _seq_near(connection: Connection, at: int, otherwise: int) -> int:
    """The number of the first event at that time or later. Time and number run together, `_DISORDER` apart at most."""
    query = select(event.c.seq).where(event.c.at >= at).order_by(event.c.at).limit(1)
    found = connection.execute(query).scalar()
    return otherwise if found is None else int(found)

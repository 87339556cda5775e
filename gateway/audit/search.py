"""Finding events: by time, sender, recipient's domain, verdict, category, kind and case id, newest first.

Every filter but time is a word in `mark`; the rarest word leads and the others are asked event by event, so ten million
events answer as fast as ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from gateway.audit.database import raw
from gateway.audit.event import MESSAGE, RELAY, Event, marks_of, microseconds, recorded_recipient, sender_mark
from gateway.audit.rows import Row
from gateway.audit.schema import event, mark
from gateway.mail.address import Address, a_label, masked_numbers

_DISORDER = timedelta(minutes=10) // timedelta(microseconds=1)
"""How far an event's time may stand from its neighbours': a message takes its time, and nodes' clocks differ."""

_COUNTED = 2000
"""Beyond this many events a word is simply common."""


class Record(NamedTuple):
    """An event as the store holds it, and its line byte for byte; both are None when retention has removed it.

    A line without an event is damaged.
    """

    seq: int
    hash: bytes
    event: Event | None
    line: str | None


class Person(NamedTuple):
    """Whom an access request is about: the mark of what they sent, and by what they are known where they received."""

    from_mark: str
    to_mark: str
    identity: str

    @classmethod
    def of(cls, address: Address, key: bytes) -> Person:
        received = recorded_recipient(address, "", key)
        return cls(sender_mark(address.shown), "to:" + received.domain, received.identity)


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
    about: Person | None = None

    @property
    def words(self) -> list[str]:
        """The marks an event must carry."""
        words = []
        if self.sender:
            words.append(sender_mark(Address.of(self.sender).shown))
        if self.domain:
            words.append("to:" + masked_numbers(a_label(self.domain)))
        if self.verdict and self.verdict != RELAY:
            words.append("verdict:" + self.verdict)
        if self.category:
            words.append("category:" + self.category)
        if self.kind and self.kind != MESSAGE:
            words.append("kind:" + self.kind)
        return words

    def fits(self, row: Row, record: Mapping[str, Any]) -> bool:
        """Whether an event read one by one is among those `find` would give."""
        marks = marks_of(record)
        return (
            all(word in marks for word in self.words)
            and (not self.since or row.at >= microseconds(self.since))
            and (not self.until or row.at < microseconds(self.until))
            and (not self.case_id or row.case_id == self.case_id)
            and (self.kind != MESSAGE or record["kind"] == MESSAGE)
            and (self.verdict != RELAY or record.get("verdict") == RELAY)
            and (self.about is None or _is_about(self.about, marks, row.line or b""))
        )


def _is_about(person: Person, marks: tuple[str, ...], line: bytes) -> bool:
    return person.from_mark in marks or (person.to_mark in marks and person.identity.encode() in line)


def find(connection: Connection, wanted: Filter, limit: int) -> list[Record]:
    """The newest events that fit, newest first."""
    if wanted.about is not None:
        return _find_about(connection, wanted, wanted.about, limit)
    return _find(connection, wanted, wanted.words, limit)


def _find(
    connection: Connection, wanted: Filter, words: list[str], limit: int, *more: ColumnElement[bool]
) -> list[Record]:
    """Newest first by the leading word's own order, so that the database stops reading at the limit."""
    query: Select[Any] = _by_words(connection, words) if words else select(*_COLUMNS)
    by_number = (mark.c.seq if words else event.c.seq).desc()
    return list(
        _records(connection, _narrowed(connection, query.where(*more), wanted).order_by(by_number).limit(limit))
    )


def _find_about(connection: Connection, wanted: Filter, person: Person, limit: int) -> list[Record]:
    sent = _find(connection, wanted, [*wanted.words, person.from_mark], limit)
    holds = event.c.line.contains(person.identity, autoescape=True)
    received = _find(connection, wanted, [*wanted.words, person.to_mark], limit, holds)
    return sorted({record.seq: record for record in [*sent, *received]}.values(), reverse=True)[:limit]


_COLUMNS = (event.c.seq, event.c.hash, event.c.line)


def _records(connection: Connection, query: Select[Any]) -> Iterator[Record]:
    for seq, hash_, line in connection.execute(query):
        yield Record(seq, raw(hash_), Event.decode(line) if line is not None else None, line)


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
    if wanted.kind == MESSAGE:
        query = query.where(event.c.keep != "service")
    if wanted.verdict == RELAY:
        other = mark.alias()
        has_another = other.c.word.in_(["verdict:defer", "verdict:refuse", "verdict:"])
        query = query.where(event.c.keep == RELAY, ~select(1).where(has_another, other.c.seq == event.c.seq).exists())
    first, last = seq_span(connection, wanted)
    if wanted.since:
        query = query.where(event.c.at >= microseconds(wanted.since), event.c.seq >= first)
    if wanted.until:
        query = query.where(event.c.at < microseconds(wanted.until), event.c.seq <= last)
    return query


def seq_span(connection: Connection, wanted: Filter) -> tuple[int, int]:
    """The first and the last number an event of the wanted time can have."""
    first = _seq_near(connection, microseconds(wanted.since) - _DISORDER, 0) if wanted.since else 0
    last = _seq_near(connection, microseconds(wanted.until) + _DISORDER, 2**62) if wanted.until else 2**62
    return first, last


def _seq_near(connection: Connection, at: int, otherwise: int) -> int:
    """The number of the first event at that time or later. Time and number run together, `_DISORDER` apart at most."""
    query = select(event.c.seq).where(event.c.at >= at).order_by(event.c.at).limit(1)
    found = connection.execute(query).scalar()
    return otherwise if found is None else int(found)

"""What a month of the record adds up to, for leaders: counts, and the few events that are people's own decisions.

Common events are counted by the database, only stopped and unreadable ones are read, so a month of millions is quick.
Nothing here writes or draws; `report_page` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, func, select

from gateway.audit.database import Database, raw
from gateway.audit.event import BREACH, SERVICE, danish_time, microseconds, record_of
from gateway.audit.proof import Proof
from gateway.audit.rows import ends_of
from gateway.audit.schema import event, mark
from gateway.audit.seal import complaint
from gateway.audit.search import Filter, find, seq_span

PAGE = 2000
OUTSIDE = "udefra"
"""Senders that are not our own: the record masks them, so they are one."""


@dataclass(frozen=True, slots=True)
class ListAge:
    """A list the policy trusts, when it was checked, and when it should be checked again."""

    title: str
    checked: date
    review_after: date

    def is_overdue(self, today: date) -> bool:
        return today > self.review_after


@dataclass(frozen=True, slots=True)
class Names:
    """What the policy calls things: a sender's dagtilbud, a class of recipients, the lists."""

    dagtilbud: Callable[[str], str]
    classes: Mapping[str, str]
    lists: tuple[ListAge, ...]
    organisation: str


@dataclass(frozen=True, slots=True)
class Released:
    """A release or its withdrawal: whose decision it was and why."""

    at: datetime
    case_id: str
    by: str
    why: str
    revoked: bool


@dataclass(slots=True)
class Month:
    """The counts.

    weeks: (ISO week, stopped, all messages). chain: how the record itself is; None for what is neither good nor bad.
    """

    begins: datetime
    ends: datetime
    messages: int = 0
    relayed: int = 0
    stopped: int = 0
    let_through: int = 0
    deferred: int = 0
    refused: int = 0
    by_dagtilbud: Counter[str] = field(default_factory=Counter)
    by_category: Counter[str] = field(default_factory=Counter)
    by_class: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)
    weeks: list[tuple[int, int, int]] = field(default_factory=list)
    releases: list[Released] = field(default_factory=list)
    service: Counter[str] = field(default_factory=Counter)
    removed: int = 0
    damaged: int = 0
    chain: list[tuple[bool | None, str]] = field(default_factory=list)


def month_of(year: int, month: int) -> tuple[datetime, datetime]:
    """The first moment of the month and of the next one, on a Danish clock, as UTC."""
    return _danish_midnight(date(year, month, 1)), _danish_midnight(date(year + month // 12, month % 12 + 1, 1))


def _danish_midnight(day: date) -> datetime:
    naive = datetime(day.year, day.month, day.day, tzinfo=UTC)
    offset = danish_time(naive).utcoffset()
    assert offset is not None
    return naive - offset


def collect(
    database: Database,
    begins: datetime,
    ends: datetime,
    names: Names,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Month:
    """Add the month up."""
    month = Month(begins, ends)
    span = Filter(since=begins, until=ends)
    with database.reading() as connection:
        _count_all(connection, month)
        _count_weeks(connection, month)
        _count_service(connection, month, span)
    _count_stopped(database, month, span, names, progress)
    _count_unreadable(database, month, span)
    return month


# ---------------------------------------------------------------- counting


def _between(begins: datetime, ends: datetime) -> Any:
    return (event.c.at >= microseconds(begins)) & (event.c.at < microseconds(ends))


def _count_all(connection: Connection, month: Month) -> None:
    here = _between(month.begins, month.ends)
    counted = select(event.c.keep, func.count().label("events")).where(here).group_by(event.c.keep)
    by_keep: dict[str, int] = {row.keep: row.events for row in connection.execute(counted)}
    by_keep.pop(SERVICE, None)
    month.messages, month.let_through = sum(by_keep.values()), by_keep.get(BREACH, 0)
    month.stopped = by_keep.get("block", 0)
    for verdict, name in (("defer", "deferred"), ("refuse", "refused")):
        those = select(func.count()).select_from(event).join(mark, mark.c.seq == event.c.seq)
        setattr(month, name, connection.execute(those.where(mark.c.word == f"verdict:{verdict}", here)).scalar_one())
    month.relayed = by_keep.get("relay", 0) - month.deferred - month.refused


def _count_weeks(connection: Connection, month: Month) -> None:
    for begins, ends in _weeks(month.begins, month.ends):
        counted = select(event.c.keep, func.count().label("events")).where(
            _between(begins, ends), event.c.keep != SERVICE
        )
        by_keep: dict[str, int] = {row.keep: row.events for row in connection.execute(counted.group_by(event.c.keep))}
        stopped = by_keep.get("block", 0) + by_keep.get(BREACH, 0)
        month.weeks.append((danish_time(begins).isocalendar().week, stopped, sum(by_keep.values())))


def _weeks(begins: datetime, ends: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The ISO weeks of the month, the first and the last cut off at its ends."""
    while begins < ends:
        day = danish_time(begins).date()
        next_monday = _danish_midnight(day + timedelta(days=7 - day.weekday()))
        yield begins, min(next_monday, ends)
        begins = next_monday


def _count_stopped(
    database: Database, month: Month, span: Filter, names: Names, progress: Callable[[int, int], None]
) -> None:
    total, done = month.stopped + month.let_through, 0
    for line in _lines(database, span, "verdict:block"):
        done += 1
        if not done % PAGE:
            progress(done, total)
        if line is None:
            month.removed += 1
            continue
        record = record_of(line)
        if record is None:
            month.damaged += 1
            continue
        month.by_dagtilbud[_dagtilbud(record, names)] += 1
        month.by_category.update(_categories(record))
        classes = {recipient.get("kind", "") for recipient in record.get("recipients", ())}
        month.by_class.update(names.classes.get(kind, kind) or "ukendt" for kind in classes)
    month.removed += max(0, total - done)


def _dagtilbud(record: Mapping[str, Any], names: Names) -> str:
    sender = record.get("sender", "")
    if record.get("role") == "inbound" or "…" in sender or sender == "<>":
        return OUTSIDE
    return names.dagtilbud(sender)


def _categories(record: Mapping[str, Any]) -> set[str]:
    """What it was stopped for: what was only possible counts when there was nothing surer."""
    found = record.get("findings", ())
    sure = {row["category"] for row in found if row["confidence"] != "possible"}
    if "unreadable" in record:
        sure.add("unreadable")
    return sure or {row["category"] for row in found}


def _count_unreadable(database: Database, month: Month, span: Filter) -> None:
    for line in _lines(database, span, "category:unreadable"):
        if line is not None:
            month.by_reason.update(part["reason"] for part in (record_of(line) or {}).get("unreadable", ()))


def _count_service(connection: Connection, month: Month, span: Filter) -> None:
    for kind in ("start", "stop", "reload", "refused_policy", "ambiguity", "export", "prune", "reseal"):
        counted = select(func.count()).select_from(event).join(mark, mark.c.seq == event.c.seq)
        here = _between(month.begins, month.ends)
        month.service[kind] = connection.execute(counted.where(mark.c.word == f"kind:{kind}", here)).scalar_one()
    for kind in ("release", "revoke"):
        for record in find(connection, Filter(since=span.since, until=span.until, kind=kind), 1000):
            if record.event is not None:
                by, why = record.event.details.get("by", ""), record.event.details.get("why", "")
                month.releases.append(Released(record.event.local, record.event.case_id, by, why, kind == "revoke"))
    month.releases.sort(key=lambda release: release.at)


def _lines(database: Database, span: Filter, word: str) -> Iterator[str | None]:
    """The lines of all events of the span with this mark, in their order, page by page."""
    with database.reading() as connection:
        first, last = seq_span(connection, span)
    assert span.since is not None
    assert span.until is not None
    here = _between(span.since, span.until)
    columns = select(event.c.seq, event.c.line).join(mark, mark.c.seq == event.c.seq).where(mark.c.word == word, here)
    after = first - 1
    while True:
        page = columns.where(mark.c.seq > after, mark.c.seq <= last).order_by(mark.c.seq).limit(PAGE)
        with database.reading() as connection:
            rows = connection.execute(page).all()
        if not rows:
            return
        for row in rows:
            yield row.line
        after = rows[-1].seq


# ---------------------------------------------------------------- the record itself


def chain_state(database: Database, keys: Mapping[str, Ed25519PublicKey]) -> list[tuple[bool | None, str]]:
    """What a quick look says: the seal of the end, and how many seals there are. A full proof says `proof_state`."""
    with database.reading() as connection:
        seal = ends_of(connection).seal
        newest = connection.execute(select(event.c.hash).where(event.c.seq == seal.seq)).scalar()
    if not seal.seq:
        return [(None, "Loggen er tom.")]
    fits = newest is not None and raw(newest) == seal.hash and not complaint(seal, keys)
    said = "Seglet på den nyeste hændelse" + (" er ægte" if fits else " passer IKKE")
    when = danish_time(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=seal.at))
    return [
        (fits, f"{said} (nr. {seal.seq}, {when:%d-%m-%Y %H:%M})."),
        (None, "Hele kæden er ikke gennemgået i denne rapport; det gør postvagt audit verify."),
    ]


def proof_state(proof: Proof) -> list[tuple[bool | None, str]]:
    """What a full proof found."""
    said = f"Hele kæden er gennemgået: hændelse {proof.first}-{proof.last}, {proof.seals} segl."
    result = "Intet er ændret, fjernet eller føjet til." if proof.holds else "Kæden er BRUDT:"
    broken = [(False, str(fault)) for fault in proof.faults[:10]]
    known = [(None, f"Kendt og forklaret tidligere: {fault}") for fault in proof.acknowledged[:10]]
    return [(None, said), (proof.holds, result), *broken, *known]

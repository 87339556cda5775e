"""Letting a false alarm through: the same sender may send the same values once more, and nothing else.

No message is kept for it. What a release allows are the keyed HMACs that the blocked message's event holds, for the
sender of that event, for some days. All of it lives in the record itself: the `release` event gives, a `revoke` event
takes back, and a message that passed by it names it in its `details`, which uses it up. Before a message is given on it
claims the release, so that of two messages decided in one moment one passes; what the next hop did not take gives it
back, and what it may have taken keeps it for its own next try.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from gateway.audit import index, schema
from gateway.audit.errors import AuditError
from gateway.audit.event import MESSAGE, Event, microseconds, recorded_sender
from gateway.audit.schema import mark
from gateway.audit.search import Filter, find
from gateway.mail.address import Address

RELEASE, REVOKE = "release", "revoke"
LONGEST_DAYS = 90
_MOST = 1000
_FORGOTTEN = timedelta(hours=1)
"""Longer than any message takes from its claim to its event."""

_claims = schema.claim


@dataclass(frozen=True, slots=True)
class Release:
    """What one sender may send once more, until when. `id` is what the message that uses it names in its details."""

    id: str
    case_id: str
    sender: str
    identities: frozenset[str]
    until: datetime

    def covers(self, identities: Iterable[str]) -> bool:
        """Whether these values, and at least one, were all released."""
        wanted = frozenset(identities)
        return bool(wanted) and wanted <= self.identities


def open_releases(connection: Connection, sender: Address, now: datetime) -> tuple[Release, ...]:
    """The releases this sender may use now: not run out, not taken back, not used. Newest first."""
    given = Filter(kind=RELEASE, sender=recorded_sender(sender, own=True), since=now - timedelta(days=LONGEST_DAYS))
    found = [_release(record.event) for record in find(connection, given, _MOST) if record.event]
    return tuple(release for release in found if release.until > now and not _is_over(connection, release))


def claim(connection: Connection, release: Release, holder: str, now: datetime) -> bool:
    """Take a release for one message, inside `Database.writing`; False when another message has it or it is over.

    holder: what makes two tries the same message. A claim that nobody used or gave back, because the worker was killed,
    is nobody's after `_FORGOTTEN`.
    """
    index.move(connection)  # this transaction keeps other claims out, and sees every use there was
    if _is_over(connection, release):
        return False
    others = _claims.c.release == release.id, _claims.c.holder != holder
    if connection.execute(select(_claims.c.at).where(*others, _claims.c.at > microseconds(now - _FORGOTTEN))).first():
        return False
    connection.execute(delete(_claims).where(_claims.c.release == release.id))
    connection.execute(insert(_claims).values(release=release.id, holder=holder, at=microseconds(now)))
    return True


def give_back(connection: Connection, release: Release, holder: str) -> None:
    """The message was not given on: the release is open again."""
    connection.execute(delete(_claims).where(_claims.c.release == release.id, _claims.c.holder == holder))


def forget_claims(connection: Connection, now: datetime) -> None:
    """Those on releases that ran out long ago."""
    connection.execute(delete(_claims).where(_claims.c.at < microseconds(now - timedelta(days=2 * LONGEST_DAYS))))


def release_event(connection: Connection, case_id: str, by: str, why: str, days: int, now: datetime) -> Event:
    """The event that releases what the case's message was blocked for. AuditError when there is nothing to release."""
    blocked = _blocked(connection, case_id)
    identities = sorted({identity for found in blocked.findings for identity in found.identities})
    if not identities:
        raise AuditError(
            f"case {case_id} was stopped for parts that could not be read: there is nothing to recognise them by"
        )
    until = now + timedelta(days=days)
    details = {
        "id": f"{case_id}/{now.astimezone(UTC):%Y%m%dT%H%M%S.%f}",
        "by": by,
        "why": why,
        "until": until.astimezone(UTC).isoformat(timespec="seconds"),
        "identities": identities,
    }
    return Event(case_id, now, kind=RELEASE, sender=blocked.sender, details=details)


def revoke_events(connection: Connection, case_id: str, by: str, why: str, now: datetime) -> Iterator[Event]:
    """The events that take back what is still open of a case's releases. AuditError when nothing is."""
    given = find(connection, Filter(kind=RELEASE, case_id=case_id), _MOST)
    releases = [_release(record.event) for record in given if record.event]
    still_open = [release for release in releases if release.until > now and not _is_over(connection, release)]
    if not still_open:
        raise AuditError(f"case {case_id} has no release that is still open")
    for release in still_open:
        details = {"release": release.id, "by": by, "why": why}
        yield Event(case_id, now, kind=REVOKE, sender=release.sender, details=details)


def _blocked(connection: Connection, case_id: str) -> Event:
    records = find(connection, Filter(kind=MESSAGE, case_id=case_id), 1)
    event = records[0].event if records else None
    if event is None and records and records[0].line is not None:
        raise AuditError(f"the event of case {case_id} is damaged: `audit verify` tells more")
    if event is None:
        raise AuditError(f"no message has the case id {case_id}, or retention has removed it")
    if event.verdict != "block":
        raise AuditError(f"case {case_id} was not stopped: its verdict is {event.verdict}")
    if not event.sender or event.sender == "<>" or "…" in event.sender:
        raise AuditError(f"case {case_id} did not come from one of our own senders")
    return event


def _release(event: Event) -> Release:
    details = event.details
    until = datetime.fromisoformat(details["until"])
    return Release(details["id"], event.case_id, event.sender, frozenset(details["identities"]), until)


def _is_over(connection: Connection, release: Release) -> bool:
    """Used by a message or taken back: either names it."""
    query = select(mark.c.seq).where(mark.c.word == f"release:{release.id}").limit(1)
    return connection.execute(query).first() is not None

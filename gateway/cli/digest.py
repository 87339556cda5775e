"""`postvagt digest`: the day's list for leaders and the data protection officer, from the record.

For a timer, once a day. Prints it unless `--send` says to hand it to the next hop; writes nothing to the record.
"""

from __future__ import annotations

import smtplib
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.common import FAULT, config_option
from gateway.cli.record import store_of

if TYPE_CHECKING:
    from gateway.audit import Event, Store
    from gateway.notice import Notice
    from gateway.notice.leaders import Report, Stopped
    from gateway.policy import Policy
    from gateway.settings import NextHop, Settings

MOST_CASES = 1000
SECONDS = 60


@click.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="2026-11-24; without it yesterday, on a Danish clock.")
@click.option("--to", "addresses", metavar="ADDRESS", multiple=True, help="Instead of the policy's `digest_to`.")
@click.option("--send", is_flag=True, help="Hand it to the next hop; otherwise it is printed.")
@config_option
def command(day: datetime | None, addresses: tuple[str, ...], send: bool, config: Path | None) -> None:
    """Tell leaders what was stopped on a day: case ids, kinds and counts, no content."""
    from gateway import reading
    from gateway.mail.address import Address

    with store_of(config) as (store, settings):
        policy = reading.read_policy(settings.policy)
        told = tuple(map(Address.of, addresses)) or getattr(policy.organisation, "digest_to", ())
        if send and not told:
            raise click.UsageError("nobody to tell: name them in organisation.yaml, `digest_to`, or with --to")
        wanted = day.date() if day else _yesterday(datetime.now(UTC))
        cases, passed = _stopped_on(store, wanted), _passed_on(store, wanted)
    reports = _reports(told or (Address.of("leder@example.org"),), wanted, cases, passed, settings, policy)
    _tell(reports, policy, settings, send=send)


def _yesterday(now: datetime) -> date:
    from gateway.audit import danish_time

    return danish_time(now).date() - timedelta(days=1)


def _span(day: date) -> tuple[datetime, datetime]:
    """The Danish day in time: 23, 24 or 25 hours."""
    from gateway.cli.record import on_a_danish_clock

    first = datetime.combine(day, datetime.min.time())
    return on_a_danish_clock(first), on_a_danish_clock(first + timedelta(days=1))


def _stopped_on(store: Store, day: date) -> tuple[Stopped, ...]:
    since, until = _span(day)
    records = store.recent(MOST_CASES, since=since, until=until, verdict="block")
    return tuple(_case(record.event) for record in reversed(records) if record.event)


def _passed_on(store: Store, day: date) -> int:
    """How many messages went on; counted by the database, not read."""
    from sqlalchemy import func, select

    from gateway.audit.event import RELAY, microseconds
    from gateway.audit.schema import event

    since, until = map(microseconds, _span(day))
    query = select(func.count()).where(event.c.keep == RELAY, event.c.at >= since, event.c.at < until)
    with store.database.reading() as connection:
        return int(connection.execute(query).scalar_one())


def _case(event: Event) -> Stopped:
    """An event as leaders hear of it: the sender masked, the values counted by their keyed HMACs."""
    from gateway.audit.event import BREACH
    from gateway.mail.address import Address
    from gateway.mail.finding import CATEGORIES, guessed
    from gateway.notice.leaders import Stopped

    present = {found.category for found in event.findings} | ({"unreadable"} if event.unreadable else set())
    present -= guessed((found.detector, found.category) for found in event.findings)
    numbers = {identity for found in event.findings if found.category == "cpr" for identity in found.identities}
    return Stopped(
        event.case_id,
        event.local,
        Address.of(event.sender).masked if event.sender else "<>",
        tuple(category for category in CATEGORIES if category in present),
        len(numbers),
        len(event.recipients),
        delivered=event.keep == BREACH,
    )


def _reports(
    told: Iterable[object], day: date, cases: tuple[Stopped, ...], passed: int, settings: Settings, policy: Policy
) -> Iterator[Report]:
    import socket

    from gateway.audit import danish_time
    from gateway.mail.address import Address
    from gateway.notice.leaders import Report

    host = settings.hostname or socket.getfqdn()
    for number, address in enumerate(told, 1):
        name = f"digest-{day:%Y%m%d}-{number}"
        assert isinstance(address, Address)
        yield Report(
            to=address,
            organisation=policy.organisation,
            time=danish_time(datetime.now(UTC)),
            day=day,
            host=host,
            message_id=f"<{name}@{host}>",
            boundary=f"=_postvagt_{name}",
            cases=cases,
            passed=passed,
        )


def _tell(reports: Iterator[Report], policy: Policy, settings: Settings, *, send: bool) -> None:
    from gateway.notice import Wording
    from gateway.notice.leaders import build_digest, leaders_letter
    from gateway.notice.letter import as_text

    wording = Wording(policy.texts)
    if not send:
        subject, letter = leaders_letter(next(reports), "digest", wording)
        click.echo(f"{subject}\n\n{as_text(letter)}", nl=False)
        return
    hop = settings.next_hop_of(settings.listeners[0])
    for report in reports:
        try:
            _hand_over(build_digest(report, wording), hop)
        except (OSError, smtplib.SMTPException) as error:
            click.echo(f"postvagt: {hop.host}:{hop.port}: the list was not sent ({error})", err=True)
            sys.exit(FAULT)
        click.echo(f"sent to {report.to.masked}")


def _hand_over(notice: Notice, hop: NextHop) -> None:
    """To the next hop, reverse-path null, like every notice."""
    from gateway.reading import next_hop_tls
    from gateway.settings import NextHopTls

    context = next_hop_tls(hop)
    with smtplib.SMTP(hop.host, hop.port, timeout=SECONDS) as client:
        client.ehlo()
        if context and (hop.tls is NextHopTls.REQUIRED or client.has_extn("starttls")):
            client.starttls(context=context)
            client.ehlo()
        options = ["SMTPUTF8", "BODY=8BITMIME"] if notice.needs_smtputf8 else []
        client.sendmail("", [notice.recipient.text], notice.content, options)

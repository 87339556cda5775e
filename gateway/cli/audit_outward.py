"""`postvagt audit export`, `forward` and `report`: the record handed out."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.common import config_option, faults_told
from gateway.cli.record import filter_of, filter_options, now, progress, record, software, store_of, who

if TYPE_CHECKING:
    from gateway.audit.report import Names
    from gateway.policy import Policy

LOOK_SECONDS, RETRY_SECONDS = 1, 10


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@filter_options
@click.option("--by", default=who, help="Who asks for it; it is recorded.")
@config_option
def export(config: Path | None, folder: Path, by: str, about: str | None, **wanted: Any) -> None:
    """Write JSON lines, a table for Excel and a manifest into a new FOLDER, provable with docs/verify_audit.py."""
    from gateway.audit.export import export as take_out
    from gateway.audit.export import export_details

    with store_of(config, must_write=True) as (store, settings):
        asked = filter_of(settings, about, wanted)
        with progress("exporting") as show_progress:
            made = take_out(store.database, folder, asked, now(), software(), show_progress)
        record(store, "export", export_details(asked, made, by))
    click.echo(f"{folder}: {made.events} events, {made.left_out} more only as digests")


@click.command()
@click.option("--from", "first", type=click.IntRange(1), help="Send again from this event on.")
@click.option("--once", is_flag=True, help="Send what there is and end; without it, go on for ever.")
@config_option
def forward(config: Path | None, first: int | None, once: bool) -> None:
    """Send every event to the collector of `audit: {syslog: …}` (RFC 5424 over TLS), from where it came last time."""
    from gateway.audit import AuditError
    from gateway.audit.forward import Collector, Line, forward_step, move_cursor

    with store_of(config) as (store, settings):
        there = settings.audit.syslog
        if there is None:
            raise AuditError("the settings name no collector: `audit: {syslog: {host: …}}`")
        if first:
            move_cursor(store.database, first - 1)
        line = Line(Collector(there.host, there.port, there.ca, there.hostname))
        sent = 0
        while True:
            try:
                sent += (step := forward_step(store.database, line))
            except AuditError as error:
                if once:
                    raise
                click.echo(f"postvagt: {error}; trying again", err=True)
                time.sleep(RETRY_SECONDS)
                continue
            if not step and once:
                break
            if not step:
                time.sleep(LOOK_SECONDS)
    click.echo(f"{sent} events sent")


class MonthName(click.ParamType[tuple[int, int]]):
    """A month: `2026-11`."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        try:
            given = datetime.strptime(value, "%Y-%m").replace(tzinfo=UTC)
        except ValueError:
            self.fail(f"{value} is no month; write 2026-11", param, ctx)
        return given.year, given.month


@click.command()
@click.option("--month", type=MonthName(), required=True, help="The month: 2026-11.")
@click.option("--html", type=click.Path(path_type=Path), help="Write the page here; without --html and --pdf: stdout.")
@click.option("--pdf", type=click.Path(path_type=Path), help="Write it as PDF here; needs Chromium.")
@click.option("--prove", is_flag=True, help="Prove the whole chain too; takes a while on a large record.")
@config_option
def report(config: Path | None, month: tuple[int, int], html: Path | None, pdf: Path | None, prove: bool) -> None:
    """The month in Danish for leaders: what was stopped, where, why, and whether the record is whole."""
    from gateway import reading
    from gateway.audit import AuditError, report_page
    from gateway.audit import report as counting
    from gateway.audit.keys import believed_keys
    from gateway.audit.verify import verify as prove_all

    with store_of(config) as (store, settings):
        with faults_told():
            names = names_of(reading.read_policy(settings.policy))
        keys = believed_keys(store.keys)
        with progress("counting") as show_progress:
            counts = counting.collect(store.database, *counting.month_of(*month), names, show_progress)
        if prove:
            with progress("proving") as show_progress:
                counts.chain = counting.proof_state(prove_all(store.database, keys, progress=show_progress))
        else:
            counts.chain = counting.chain_state(store.database, keys)
        page = report_page.page(counts, names, now())
        try:
            if html:
                html.write_text(page, encoding="utf-8")
        except OSError as error:
            raise AuditError(f"cannot write {html}: {error.strerror}") from error
        if pdf:
            report_page.as_pdf(page, pdf)
        if not html and not pdf:
            click.echo(page)


def names_of(policy: Policy) -> Names:
    """What the policy calls things, for the report."""
    from gateway.audit.report import ListAge, Names
    from gateway.mail.address import Address

    def dagtilbud(sender: str) -> str:
        mailbox = policy.faellesmail.own_row(Address.of(sender))
        return mailbox.shown if mailbox else sender

    lists = (ListAge(each.title, each.date, each.review_after) for each in policy.lists.values() if each.active)
    classes = {name: each.title or name for name, each in policy.classes.items()}
    return Names(dagtilbud, classes, tuple(lists), policy.organisation.name)


VERBS = (export, forward, report)

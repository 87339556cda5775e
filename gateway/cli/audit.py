"""`postvagt audit`: read the record, prove it, hand it out, let go of what is old. Thin: the work is in gateway/audit.

Exit 0 fine; 1 `verify` found that something is not as it was recorded; 2 one line on stderr says what is wrong.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import gateway
from gateway.cli.common import FAULT, config_option, default_policy, faults_told

if TYPE_CHECKING:
    from gateway.audit import Store
    from gateway.audit.search import Filter, Record
    from gateway.settings import Settings

TAMPERED = 1
LOOK_SECONDS, RETRY_SECONDS = 1, 10
VERDICTS = ("relay", "block", "defer", "refuse", "repeat")


@click.group()
def command() -> None:
    """Read the record, prove it, hand it out, let go of what is old."""


class When(click.ParamType[datetime]):
    """A day (`2026-11-24`) or a moment (`2026-11-24T13:00`), on a Danish clock unless it says its own offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            given = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is no time; write 2026-11-24 or 2026-11-24T13:00", param, ctx)
        return given if given.tzinfo else _on_a_danish_clock(given)


def _on_a_danish_clock(naive: datetime) -> datetime:
    from gateway.audit import danish_time

    return naive.replace(tzinfo=danish_time(naive.replace(tzinfo=UTC)).tzinfo)


def who() -> str:
    """The name of whoever runs the command; in a container that knows no names, the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def filter_options(wrapped: Callable[..., Any]) -> Callable[..., Any]:
    """The filters that `list` and `export` share."""
    for option in (
        click.option("--about", metavar="ADDRESS", help="What is recorded on a person (access request, art. 15)."),
        click.option("--kind", help="Another kind than messages: start, stop, release, prune …"),
        click.option("--case", "case_id", metavar="CASE-ID"),
        click.option("--category", help="cpr, health, …, unreadable."),
        click.option("--domain", help="A recipient's domain."),
        click.option("--sender", metavar="ADDRESS"),
        click.option("--until", type=When(), help="Before this time."),
        click.option("--since", type=When(), help="From this time on: 2026-11-24 or 2026-11-24T13:00, Danish time."),
        click.option("--verdict", type=click.Choice(VERDICTS)),
    ):
        wrapped = option(wrapped)
    return wrapped


# ---------------------------------------------------------------- reading


@command.command("list")
@filter_options
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One event a line, exactly as it is stored.")
@config_option
def list_(config: Path | None, limit: int, as_json: bool, about: str | None, **wanted: Any) -> None:
    """The newest events, newest first."""
    with store_of(config) as (store, settings), store.database.reading() as connection:
        from gateway.audit.search import find

        for record in find(connection, filter_of(settings, about, wanted), limit):
            click.echo(_as_json(record) if as_json else _as_row(record))


@command.command()
@click.argument("case_id")
@config_option
def show(config: Path | None, case_id: str) -> None:
    """Everything recorded under a case id."""
    from gateway.audit import AuditError

    with store_of(config) as (store, _):
        records = store.recent(1000, case_id=case_id)
        if not records:
            raise AuditError(f"no event has the case id {case_id}, or retention has removed it")
        for record in reversed(records):
            click.echo(_in_full(record))


@command.command()
@click.option("--key", "more_keys", type=click.Path(path_type=Path), multiple=True, help="Another key to believe.")
@click.option(
    "--checkpoint", "kept", type=click.Path(path_type=Path), multiple=True, help="A checkpoint that was kept elsewhere."
)
@config_option
def verify(config: Path | None, more_keys: tuple[Path, ...], kept: tuple[Path, ...]) -> None:
    """Prove that nothing was changed, removed, put in, moved or cut off."""
    from gateway.audit.keys import believed_keys
    from gateway.audit.verify import verify as prove

    with store_of(config) as (store, _):
        checkpoints = [_checkpoint(path) for path in kept]
        with progress("proving") as show_progress:
            proof = prove(store.database, believed_keys(store.keys, more_keys), checkpoints, show_progress)
    for fault in proof.acknowledged:
        click.echo(f"known and acknowledged: {fault}")
    for fault in proof.faults:
        click.echo(str(fault), err=True)
    span = f"events {proof.first}-{proof.last}: {proof.events} proved, {proof.pruned} of them emptied by retention"
    click.echo(f"{span}, {proof.seals} seals. {'Everything adds up.' if proof.holds else 'It does NOT add up.'}")
    if not proof.holds:
        sys.exit(TAMPERED)


@command.command()
@config_option
def checkpoint(config: Path | None) -> None:
    """Print the signed end of the chain: keep it where the keepers of the database cannot reach it."""
    from gateway.audit.rows import ends_of

    with store_of(config) as (store, _), store.database.reading() as connection:
        click.echo(str(ends_of(connection).seal))


# ---------------------------------------------------------------- handing out


@command.command()
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


@command.command()
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


@command.command()
@click.option("--month", type=MonthName(), required=True, help="The month: 2026-11.")
@click.option("--html", type=click.Path(path_type=Path), help="Write the page here; without --html and --pdf: stdout.")
@click.option("--pdf", type=click.Path(path_type=Path), help="Write it as PDF here; needs Chromium.")
@click.option("--prove", is_flag=True, help="Prove the whole chain too; takes a while on a large record.")
@config_option
def report(config: Path | None, month: tuple[int, int], html: Path | None, pdf: Path | None, prove: bool) -> None:
    """The month in Danish for leaders: what was stopped, where, why, and whether the record is whole."""
    from gateway.audit import AuditError, report_page
    from gateway.audit import report as counting
    from gateway.audit.keys import believed_keys
    from gateway.audit.verify import verify as prove_all

    with store_of(config) as (store, settings):
        names = _names(settings)
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


def _names(settings: Settings) -> Any:
    """What the policy calls things, for the report."""
    from gateway import reading
    from gateway.audit.report import ListAge, Names
    from gateway.mail.address import Address

    with faults_told():
        policy = reading.read_policy(settings.policy)

    def dagtilbud(sender: str) -> str:
        mailbox = policy.faellesmail.own_row(Address.of(sender))
        return mailbox.shown if mailbox else sender

    lists = (ListAge(each.title, each.date, each.review_after) for each in policy.lists.values() if each.active)
    classes = {name: each.title or name for name, each in policy.classes.items()}
    return Names(dagtilbud, classes, tuple(lists), policy.organisation.name)


# ---------------------------------------------------------------- keeping


@command.command()
@click.option("--days", type=click.IntRange(1), help="For every class; without it the settings' `retention`.")
@click.option("--days-block", type=click.IntRange(1), help="For stopped messages.")
@click.option("--days-breach", type=click.IntRange(1), help="For what left in monitor mode though it should not have.")
@click.option("--by", default=who, help="Who lets go of it; it is recorded.")
@config_option
def prune(config: Path | None, days: int | None, days_block: int | None, days_breach: int | None, by: str) -> None:
    """Let go of everything older than it is kept. The chain stays provable, and says that it was done."""
    from gateway.audit.keeping import prune as let_go

    with store_of(config, must_write=True) as (store, settings):
        keep = settings.audit.retention.model_dump()
        keep = dict.fromkeys(keep, days) if days else keep
        keep |= {name: given for name, given in (("block", days_block), ("breach", days_breach)) if given}
        with progress("letting go") as show_progress:
            told = {"by": by, "software": software()}
            done = let_go(store, keep, now(), told, lambda gone: show_progress(gone, None))
    click.echo(f"{done.dropped} events dropped, {done.emptied} emptied")


@command.command()
@click.option("--why", required=True, help="What happened; it stays in the record.")
@click.option("--by", default=who)
@config_option
def reseal(config: Path | None, why: str, by: str) -> None:
    """Acknowledge a broken chain by name and go on behind it. The faults stay visible for ever."""
    from gateway.audit.keeping import reseal as acknowledge
    from gateway.audit.keys import believed_keys

    with store_of(config, must_write=True, end_may_be_broken=True) as (store, _):
        proof = acknowledge(store, believed_keys(store.keys), now(), {"by": by, "why": why})
    for fault in proof.faults:
        click.echo(f"acknowledged: {fault}")
    click.echo("the chain goes on" if proof.faults else "nothing was broken; the record says that you asked")


@command.command()
@config_option
def reindex(config: Path | None) -> None:
    """Build what events are found by anew. Mail waits while it runs."""
    from gateway.audit.keeping import reindex as build_anew

    with store_of(config, must_write=True, end_may_be_broken=True) as (store, _):
        click.echo(f"{build_anew(store)} events indexed")


# ---------------------------------------------------------------- what the verbs share


@contextmanager
def store_of(
    config: Path | None, must_write: bool = False, end_may_be_broken: bool = False
) -> Iterator[tuple[Store, Settings]]:
    """The store the settings name, which must be there already. Its faults end with status 2 and one line."""
    from gateway import reading
    from gateway.audit import AuditError, open_store

    with faults_told():
        settings = reading.read_settings(config, Path.cwd(), default_policy())
    try:
        store = open_store(settings.audit.store, settings.audit.keys)
        store.database.must_exist()
        if must_write:
            store.open(end_may_be_broken)
        _bring_index_up(store)
        yield store, settings
        store.close()
    except AuditError as error:
        click.echo(f"postvagt: {error}", err=True)
        sys.exit(FAULT)


def _bring_index_up(store: Store) -> None:
    """Whoever may only read still gets an answer, and hears what may be missing in it."""
    from gateway.audit import AuditError, index

    try:
        index.catch_up(store.database)
    except AuditError as error:
        click.echo(f"postvagt: the newest events may be missing when searched for: {error}", err=True)


def filter_of(settings: Settings, about: str | None, wanted: dict[str, Any]) -> Filter:
    from gateway.audit.search import Filter, Person
    from gateway.mail.address import Address

    given = {name: value for name, value in wanted.items() if value}
    person = Person.of(Address.of(about), record_key(settings)) if about else None
    return Filter(**given, about=person)


def record_key(settings: Settings) -> bytes:
    """The key under which the service recognises values in the record."""
    from gateway.reading import derived_key, read_or_make_key

    return derived_key(read_or_make_key(settings.key), "record")


def record(store: Store, kind: str, details: dict[str, Any]) -> None:
    """What a command did, in the record."""
    from gateway.audit import Event

    at = now()
    store.write([Event(f"{kind}-{at:%Y%m%dT%H%M%S}", at, kind=kind, software=software(), details=details)])


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on the terminal while it takes long; nothing when nobody watches."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def now() -> datetime:
    return datetime.now(UTC)


def software() -> str:
    return gateway.__version__


def _checkpoint(path: Path) -> Any:
    from gateway.audit import AuditError
    from gateway.audit.seal import Checkpoint

    try:
        return Checkpoint.parse(path.read_text())
    except (OSError, ValueError) as error:
        raise AuditError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _as_json(record: Record) -> str:
    return record.event.encode() if record.event else json.dumps({"seq": record.seq, "pruned": True})


def _as_row(record: Record) -> str:
    event = record.event
    if event is None:
        return f"{record.seq:>9}  (removed by retention)"
    if event.kind != "message":
        return f"{record.seq:>9}  {event.local:%Y-%m-%d %H:%M:%S}  {event.kind:<8}  {event.case_id}"
    found = ",".join(dict.fromkeys(found.category for found in event.findings)) or "-"
    to = ", ".join(recipient.masked for recipient in event.recipients[:3])
    more = f" +{len(event.recipients) - 3}" if len(event.recipients) > 3 else ""
    when = f"{event.local:%Y-%m-%d %H:%M:%S}"
    return f"{record.seq:>9}  {when}  {event.verdict:<8}  {event.case_id}  {event.sender} → {to}{more}  {found}"


def _in_full(record: Record) -> str:
    if record.event is None:
        return f"event {record.seq}: removed by retention"
    fields = json.dumps(json.loads(record.event.encode()), indent=2, ensure_ascii=False)
    return f"event {record.seq}, hash {record.hash.hex()}\n{fields}"

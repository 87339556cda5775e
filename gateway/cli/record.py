"""What the verbs of the record share: the store they open, its filters, times, and the bar while it takes long."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import gateway
from gateway.audit.event import KINDS
from gateway.cli.common import FAULT, default_policy, faults_told
from gateway.mail.finding import CATEGORIES

if TYPE_CHECKING:
    from gateway.audit import Store
    from gateway.audit.search import Filter
    from gateway.settings import Settings

VERDICTS = ("relay", "block", "defer", "refuse", "repeat")
FOUND = (*CATEGORIES, "unreadable")


class When(click.ParamType[datetime]):
    """A day (`2026-11-24`) or a moment (`2026-11-24T13:00`), on a Danish clock unless it says its own offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            given = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is no time; write 2026-11-24 or 2026-11-24T13:00", param, ctx)
        return given if given.tzinfo else on_a_danish_clock(given)


def on_a_danish_clock(naive: datetime) -> datetime:
    from gateway.audit import danish_time

    return naive.replace(tzinfo=danish_time(naive.replace(tzinfo=UTC)).tzinfo)


def who() -> str:
    """The name of whoever runs the command; in a container that knows no names, the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


class AnAddress(click.ParamType[str]):
    """A mail address; `<>` is the null reverse-path. A slip of the pen must not look like an empty record."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        local, at, domain = str(value).rpartition("@")
        if value != "<>" and not (local and at and domain):
            self.fail(f"{value} is no address; write name@example.dk", param, ctx)
        return str(value)


def filter_options(wrapped: Callable[..., Any]) -> Callable[..., Any]:
    """The filters that `list` and `export` share."""
    for option in (
        click.option(
            "--about",
            type=AnAddress(),
            metavar="ADDRESS",
            help="What is recorded on a person (access request, art. 15).",
        ),
        click.option("--kind", type=click.Choice(KINDS), metavar="KIND", help="message, start, stop, release, prune …"),
        click.option("--case", "case_id", metavar="CASE-ID"),
        click.option("--category", type=click.Choice(FOUND), metavar="NAME", help="cpr, health, …, unreadable."),
        click.option("--domain", help="A recipient's domain."),
        click.option("--sender", type=AnAddress(), metavar="ADDRESS"),
        click.option("--until", type=When(), help="Before this time."),
        click.option("--since", type=When(), help="From this time on: 2026-11-24 or 2026-11-24T13:00, Danish time."),
        click.option("--verdict", type=click.Choice(VERDICTS)),
    ):
        wrapped = option(wrapped)
    return wrapped


@contextmanager
def store_of(
    config: Path | None, must_write: bool = False, end_may_be_broken: bool = False
) -> Iterator[tuple[Store, Settings]]:
    """The store the settings name, which must be there already. Its faults end with status 2 and one line."""
    with audit_faults_told():
        store, settings = _named_store(config)
        store.database.must_exist()
        if must_write:
            store.open(end_may_be_broken)
        _bring_index_up(store)
        yield store, settings
        store.close()


def keys_of(config: Path | None) -> Path:
    """The folder of keys of the store the settings name, whether the store is there or not."""
    return _named_store(config)[0].keys


def _named_store(config: Path | None) -> tuple[Store, Settings]:
    from gateway import reading
    from gateway.audit import open_store

    with faults_told():
        settings = reading.read_settings(config, Path.cwd(), default_policy())
    return open_store(settings.audit.store, settings.audit.keys), settings


@contextmanager
def audit_faults_told() -> Iterator[None]:
    """A fault of the record ends with status 2 and one line on stderr."""
    from gateway.audit import AuditError

    try:
        yield
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

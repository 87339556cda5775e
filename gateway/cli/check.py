"""`postvagt check`: read settings and policy as `serve` would, and print what will be applied."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.common import config_option, default_policy, faults_told

if TYPE_CHECKING:
    from gateway.settings import Settings


@click.command()
@config_option
@click.option("--policy", type=click.Path(path_type=Path), help="Another policy folder than that of the settings.")
def command(config: Path | None, policy: Path | None) -> None:
    """Read settings and policy, print the matrix as it will be applied. Opens no port and writes nothing.

    A certificate that is out of date is a fault here. A next hop with `tls: required` is asked for it.

    Warnings (a list that is due for review, a fact that is not filled in) leave the exit status at 0.
    """
    from gateway import reading

    with faults_told():
        settings = reading.read_settings(config, Path.cwd(), default_policy(), policy)
        rules = reading.read_policy(settings.policy)
        silent = asked_for_tls(settings)
        reading.checked(settings, rules)
    click.echo(f"settings: {config or 'embedded default'}, mode {settings.mode}, {settings.workers} worker(s)")
    for listener in settings.listeners:
        hop = settings.next_hop_of(listener)
        click.echo(f"listener: {listener.role} on {listener.listen} → next hop {hop.host}:{hop.port}, tls {hop.tls}")
    click.echo(f"\n{rules.describe()}")
    for warning in (*silent, *not_read_here(settings)):
        click.echo(f"warning: {warning}")
    for warning in rules.warnings(datetime.now(UTC).date()):
        click.echo(f"warning: {settings.policy}/{warning}")


def not_read_here(settings: Settings) -> list[str]:
    """What of attachments this machine cannot read, as `serve` says it at its start."""
    from gateway import reading

    with reading.sandbox(settings) as readers:
        try:
            readers.start()
        except OSError as error:
            return [f"the readers of attachments do not start: {error.strerror}"]
        return readers.shortfalls(reading.budget(settings))


def asked_for_tls(settings: Settings) -> list[str]:
    """Who did not answer. Raises SettingsError for what `serve` would not start with, for a certificate out of date,
    and for a next hop without the TLS it must have.
    """
    from gateway import preflight, reading
    from gateway.settings import SettingsError

    if faults := preflight.faults(settings) or preflight.ageing(settings, datetime.now(UTC)):
        raise SettingsError(faults)
    wrong, silent = preflight.next_hop_faults(settings, reading.next_hop_tls)
    if wrong:
        raise SettingsError(wrong)
    return silent

"""`postvagt check`: read settings and policy as `serve` would, and print what will be applied."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.cli.common import config_option, default_policy, faults_told


@click.command()
@config_option
@click.option("--policy", type=click.Path(path_type=Path), help="Another policy folder than that of the settings.")
def command(config: Path | None, policy: Path | None) -> None:
    """Read settings and policy, print the matrix as it will be applied. Opens no port and writes nothing.

    Warnings (a list that is due for review, a fact that is not filled in) leave the exit status at 0.
    """
    from gateway import reading

    with faults_told():
        settings = reading.read_settings(config, Path.cwd(), default_policy())
        folder = policy or settings.policy
        rules = reading.read_policy(folder)
        reading.checked(settings.model_copy(update={"policy": folder}), rules)
    click.echo(f"settings: {config or 'embedded default'}, mode {settings.mode}, {settings.workers} worker(s)")
    for listener in settings.listeners:
        hop = settings.next_hop_of(listener)
        click.echo(f"listener: {listener.role} on {listener.listen} → next hop {hop.host}:{hop.port}, tls {hop.tls}")
    click.echo(f"\n{rules.describe()}")
    for warning in rules.warnings(datetime.now(UTC).date()):
        click.echo(f"warning: {folder}/{warning}")

"""`postvagt check`: read settings and policy as `serve` would, and print what will be applied."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.common import config_option, default_policy, faults_told


@click.command()
@config_option
def command(config: Path | None) -> None:
    """Read settings and policy, print the matrix as it will be applied. Opens no port and writes nothing."""
    from gateway import reading

    with faults_told():
        settings = reading.read_settings(config, Path.cwd(), default_policy())
        policy = reading.read_policy(settings.policy)
        reading.checked(settings, policy)
    click.echo(f"settings: {config or 'embedded default'}, mode {settings.mode}, {settings.workers} worker(s)")
    for listener in settings.listeners:
        hop = settings.next_hop_of(listener)
        click.echo(f"listener: {listener.role} on {listener.listen} → next hop {hop.host}:{hop.port}, tls {hop.tls}")
    click.echo("")
    click.echo(policy.describe())

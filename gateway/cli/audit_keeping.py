"""`postvagt audit prune`, `reseal` and `reindex`: what keeps the record small and whole."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.common import config_option
from gateway.cli.record import now, progress, software, store_of, who


@click.command()
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


@click.command()
@click.option("--why", required=True, help="What happened; it stays in the record.")
@click.option("--by", default=who)
@config_option
def reseal(config: Path | None, why: str, by: str) -> None:
    """Acknowledge a broken chain by name and go on behind it. The faults stay visible for ever."""
    from gateway.audit.accident import reseal as acknowledge
    from gateway.audit.keys import believed_keys

    with store_of(config, must_write=True, end_may_be_broken=True) as (store, _):
        proof = acknowledge(store, believed_keys(store.keys), now(), {"by": by, "why": why})
    for fault in proof.faults:
        click.echo(f"acknowledged: {fault}")
    click.echo("the chain goes on" if proof.faults else "nothing was broken; the record says that you asked")


@click.command()
@config_option
def reindex(config: Path | None) -> None:
    """Build what events are found by anew. Mail waits while it runs."""
    from gateway.audit.keeping import reindex as build_anew

    with store_of(config, must_write=True, end_may_be_broken=True) as (store, _):
        click.echo(f"{build_anew(store)} events indexed")


VERBS = (prune, reseal, reindex)

"""`postvagt release`: let a false alarm through once, or take that back. It writes one event and keeps no message."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gateway.cli.common import config_option
from gateway.cli.record import now, store_of


@click.command()
@click.argument("case_id", metavar="CASE-ID")
@click.option("--by", required=True, metavar="WHO", help="Who decides it; it is recorded.")
@click.option("--why", required=True, metavar="TEXT", help="Why; it is recorded. No personal data here.")
@click.option("--days", type=click.IntRange(1, 90), default=14, show_default=True, help="Until it runs out.")
@click.option("--revoke", is_flag=True, help="Take a release back that was not used.")
@config_option
def command(case_id: str, by: str, why: str, days: int, revoke: bool, config: Path | None) -> None:
    """Let the sender of CASE-ID send the same values once more.

    Only what that message was stopped for passes, only from that sender, only once. Nothing else is let through.
    """
    from gateway.audit import danish_time
    from gateway.audit.release import release_event, revoke_events

    with store_of(config, must_write=True) as (store, _):
        with store.database.reading() as connection:
            if revoke:
                events = list(revoke_events(connection, case_id, by, why, now()))
            else:
                events = [release_event(connection, case_id, by, why, days, now())]
        store.write(events)
    for event in events:
        if revoke:
            click.echo(f"taken back: {event.details['release']}")
        else:
            count = len(event.details["identities"])
            values = "the value" if count == 1 else f"the {count} values"
            until = danish_time(datetime.fromisoformat(event.details["until"]))
            said = f"{event.sender} may send {values} of case {case_id} once more"
            click.echo(f"{said}, until {until:%Y-%m-%d %H:%M} Danish time")

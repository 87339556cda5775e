"""`postvagt serve`: run the gateway until it is told to stop."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from gateway.cli.common import config_option, default_policy, faults_told


@click.command()
@config_option
@click.option("--debug", is_flag=True, help="Log what the parts do. Never what is in a message.")
def command(config: Path | None, debug: bool) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; SIGHUP reads settings and policy again.

    Without a settings file it serves 127.0.0.1:10025 with the policy of policies/lavuk, records in var/audit.db
    and delivers into the Maildir var/outbox.
    """
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for talkative in ("mail.log", "asyncio"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    from gateway.service import Service

    with faults_told():
        service = Service(config, Path.cwd(), default_policy())
    service.announce()
    service.run()

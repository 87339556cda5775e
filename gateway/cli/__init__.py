"""The command `postvagt`: one thin file per verb, loaded only when its verb is asked for.

Exit codes of the contract: 0 fine; 1 `scan` found something to block or `audit verify` found tampering;
2 bad settings, policy or arguments, with one line on stderr and never a traceback.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

import gateway

VERBS = {
    "serve": "Run the gateway.",
    "check": "Read settings and policy and print the matrix as it will be applied.",
    "scan": "Read messages from files and say what would happen to them.",
    "evaluate": "Measure detection on a folder of labelled mails, beside detectors from public definitions.",
    "tjek": "Say for an address how to send to it safely, and what DNS says of it.",
    "notice": "Show the notices as people get them, and the page for people outside.",
    "audit": "List, show, verify, export, report and prune the record.",
    "release": "Let a sender send once more what was stopped by mistake.",
    "digest": "Tell leaders what was stopped on a day, from the record.",
    "schema": "Print the JSON Schema of settings or policy files, for editors.",
}
"""Every verb, in the order `--help` shows them. The file `gateway/cli/VERB.py` holds `command`."""


class Verbs(click.Group):
    """Finds a verb's command in the file of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"gateway.cli.{name}").command
        return command

    def make_context(self, *words: Any, **more: Any) -> click.Context:
        with _wrong_words_told():
            return super().make_context(*words, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _wrong_words_told():
            return super().invoke(ctx)


@contextmanager
def _wrong_words_told() -> Iterator[None]:
    """One line for wrong arguments, where click would say it in four."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        verb = error.ctx.command_path if error.ctx else "postvagt"
        click.echo(f"{verb}: {error.format_message()} (--help says more)", err=True)
        raise click.exceptions.Exit(error.exit_code) from None


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(gateway.__version__, prog_name="postvagt")
def main() -> None:
    """Postvagt, a mail gateway that stops personfølsomme oplysninger and names the lawful way."""

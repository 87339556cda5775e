"""`postvagt tjek`: may this be sent there, from where and how, and what does DNS say?"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import click

from gateway.cli.common import FAULT, config_option, default_policy, faults_told
from gateway.mail.address import Address, masked_numbers
from gateway.tjek import Lookup


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS…")
@config_option
@click.option("--policy", type=click.Path(path_type=Path), help="The policy folder; default: that of the settings.")
@click.option("--sender", help="Whom the advice is for; default: anybody with one of our secure mailboxes.")
@click.option("--lang", type=click.Choice(["da", "en"]), default="da", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object an address.")
@click.option("--resolver", metavar="IP[:PORT]", help="The DNS resolver to ask; default: that of this machine.")
def command(
    addresses: tuple[str, ...],
    config: Path | None,
    policy: Path | None,
    sender: str | None,
    lang: str,
    as_json: bool,
    resolver: str | None,
) -> None:
    """Say for each ADDRESS which class it has and why, the lawful way from here, and what DNS tells.

    What is lawful comes from the policy alone; without network the DNS line says so and the rest stands.
    """
    from gateway import reading
    from gateway.notice import Wording, way_in_words
    from gateway.tjek import as_record, as_text, tjek

    good = [address for address in map(Address.of, addresses) if _is_address(address)]
    with faults_told():
        settings = reading.read_settings(config, Path.cwd(), default_policy(), policy)
        rules = reading.read_policy(settings.policy)
        lookup = _lookup(resolver)
    who = Address.of(sender) if sender else None
    wording = Wording(rules.texts)
    for number, answer in enumerate(asyncio.run(tjek(rules, good, lookup, who))):
        if as_json:
            click.echo(json.dumps(as_record(answer), ensure_ascii=False))
        else:
            click.echo(
                ("\n" if number else "")
                + as_text(answer, way_in_words(answer.advice, rules.organisation, wording, lang), lang)
            )
    bad = [address for address in map(Address.of, addresses) if not _is_address(address)]
    for address in bad:
        click.echo(f"postvagt: `{masked_numbers(address.text)}` is no mail address, write `name@example.dk`", err=True)
    sys.exit(FAULT if bad else 0)


def _is_address(address: Address) -> bool:
    return bool(address.local) and "." in address.domain and not any(ch.isspace() for ch in address.text)


def _lookup(resolver: str | None) -> Lookup:
    """The resolver of the option, or this machine's own."""
    from gateway.reading import ServiceError

    if resolver is None:
        return Lookup.of_system()
    host, colon, port = resolver.rpartition(":") if resolver.count(":") == 1 else (resolver, "", "")
    try:
        return Lookup.at(host.strip("[]"), int(port) if colon else 53)
    except ValueError:
        raise ServiceError(f"`{resolver}` is no resolver, write `127.0.0.1` or `127.0.0.1:5353`") from None

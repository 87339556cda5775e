"""`postvagt notice`: see the notices as people will, without stopping a message.

`--preview KIND` shows one, `--page` is the page for the organisation's website. It only reads.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.common import FAULT, config_option, default_policy, faults_told

if TYPE_CHECKING:
    from gateway.notice.examples import Cast
    from gateway.notice.facts import Organisation
    from gateway.notice.letter import Block
    from gateway.notice.texts import Wording
    from gateway.policy import Policy

Letter = tuple[str, "tuple[Block, ...]"]

REPLIES = ("reply", "reply-inbound")
REPORTS = ("alert", "digest")


@click.command()
@click.option("--preview", "kind", metavar="KIND", help="Show one kind of notice; `list` names them.")
@click.option("--page", "as_page", is_flag=True, help="Print the page for people whose mail was refused, as HTML.")
@click.option("--lang", "language", type=click.Choice(["da", "en"]), help="The language; without it the policy's own.")
@click.option("--html", is_flag=True, help="The HTML half of the notice, for a browser.")
@click.option("--raw", is_flag=True, help="The whole message as it is sent.")
@config_option
def command(kind: str | None, as_page: bool, language: str | None, html: bool, raw: bool, config: Path | None) -> None:
    """Show what people get when a message is stopped."""
    from gateway import reading
    from gateway.notice import Wording
    from gateway.notice.check import faults
    from gateway.yamltext import YamlError

    if not kind and not as_page:
        raise click.UsageError("say --preview KIND (`--preview list` names the kinds) or --page")
    with faults_told():
        settings = reading.read_settings(config, Path.cwd(), default_policy())
        policy = reading.read_policy(settings.policy)
        wrong = faults(policy.texts, policy.organisation)
        if wrong:
            raise YamlError(f"{settings.policy}/beskeder/{line}" for line in wrong)
    wording = Wording(policy.texts)
    if as_page:
        from gateway.notice.page import build_page

        click.echo(build_page(policy.organisation, language or "", wording))
    else:
        click.echo(_shown(str(kind), policy, wording, language or "", html=html, raw=raw), nl=False)


def _shown(kind: str, policy: Policy, wording: Wording, language: str, *, html: bool, raw: bool) -> str:
    """One kind of notice as text, as HTML or as the whole message."""
    from gateway.notice import build_bounce, build_notification, examples, leaders, reply_line
    from gateway.notice.bounce import bounce_letter

    organisation = policy.organisation
    cases = examples.examples(organisation, cast_of(policy))
    if kind in cases:
        facts = replace(cases[kind], asked_language=language)
        build, block = (build_notification, "notify") if kind == "notify" else (build_bounce, "bounce")
        if raw:
            return build(facts, wording).content.decode()
        return _printed(bounce_letter(facts, wording, block), facts.language, html=html)
    if kind in REPORTS:
        report = replace(examples.report(organisation), asked_language=language)
        if raw:
            build_report = leaders.build_alert if kind == "alert" else leaders.build_digest
            return build_report(report, wording).content.decode()
        return _printed(leaders.leaders_letter(report, kind, wording), report.language, html=html)
    if kind in REPLIES:
        refused = examples.inbound(organisation, cast_of(policy)) if kind == "reply-inbound" else cases["unknown"]
        return f"550 5.7.1 {reply_line(replace(refused, asked_language=language), wording)}\n"
    return _kinds(kind, organisation)


def _printed(letter: Letter, language: str, *, html: bool) -> str:
    from gateway.notice.letter import as_text
    from gateway.notice.texts import page

    subject, blocks = letter
    return page(blocks, subject, language) + "\n" if html else f"{subject}\n\n{as_text(blocks)}"


def _kinds(asked: str, organisation: Organisation) -> str:
    """The names there are: an answer to `list`, a fault for any other word."""
    from gateway.notice.examples import examples
    from gateway.yamltext import did_you_mean

    known = [*examples(organisation), *REPORTS, *REPLIES]
    if asked == "list":
        return "\n".join(known) + "\n"
    click.echo(f"postvagt: no notice is called `{asked}`{did_you_mean(asked, known)}; see --preview list", err=True)
    sys.exit(FAULT)


def cast_of(policy: Policy) -> Cast:
    """The examples played by the policy's own mailboxes, as far as it has any."""
    from gateway.mail.address import Address
    from gateway.notice.examples import Cast

    rows = list(policy.faellesmail.rows.items())
    if not rows:
        return Cast()
    (sender, mailbox), (other, instead) = rows[0], rows[-1]
    leaders = policy.faellesmail.leaders_mailbox or mailbox
    domain = Address.of(mailbox.text).domain
    return replace(
        Cast(),
        sender=sender,
        mailbox=mailbox.text,
        leaders=leaders.text,
        secure=f"leder@{domain}",
        colleague=f"kollega@{domain}",
        institution=other,
        instead=instead.text,
    )

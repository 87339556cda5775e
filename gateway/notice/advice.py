"""What a notice has to say, as the values its templates read. It picks blocks, it never writes words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.mail.address import Address
from gateway.notice.facts import Facts, Organisation
from gateway.notice.letter import as_text, parse
from gateway.notice.places import found, remedies, spoken_time, unread
from gateway.notice.texts import Texts, Wording, standard_wording
from gateway.policy.verdict import Advice, Kind, Route

MOST_NAMES = 30
"""Addresses a list names before it counts the rest, so that a mail to a whole club gives a notice one can read."""

_SEND_SIKKERT = {Kind.BORGER: "to-borger", Kind.VIRKSOMHED: "to-virksomhed"}
_BLOCKS = {Route.ALMINDELIG: "to-almindelig", Route.FAELLESMAIL: "to-faellesmail", Route.NONE: "to-none"}


class Group(NamedTuple):
    """Recipients with one and the same lawful way, and the block that says it."""

    block: str
    names: tuple[str, ...]
    mailbox: str
    instead: str
    leaders: str


def values(facts: Facts, texts: Texts) -> dict[str, object]:
    """Everything the templates may name; docs/notices.md lists it."""
    verdict, organisation, words = facts.verdict, facts.organisation, texts.words
    findings = found(verdict.findings, words)
    advice = [judgement.advice for judgement in verdict.judgements if judgement.advice and not judgement.relayed]
    mailbox, own_mailbox = _mailboxes(facts, advice)
    return {
        "findings": findings,
        "only_cpr": [finding.category for finding in findings] == ["cpr"],
        "unreadable": unread(verdict.unreadable, words),
        "remedies": remedies(verdict.unreadable, words),
        "mailbox": mailbox,
        "own_mailbox": own_mailbox,
        "choices": _choices(advice),
        "insecure_domains": _insecure_domains(facts, advice),
        "groups": groups(advice, words),
        "split": bool(verdict.relayed_to),
        "stopped": _names(verdict.stopped_for, words),
        "relayed": _names(verdict.relayed_to, words),
        "case_id": facts.case_id,
        "time": spoken_time(facts.time, words),
        "sender": facts.sender.shown,
        "subject": facts.safe_subject,
        **_names_of_the_secure(organisation),
        "organisation": organisation.name,
        "contact": _text(organisation.contact),
        "phone": _text(organisation.phone),
        "homepage": _text(organisation.homepage),
        "borger_link": _text(organisation.borger_link),
        "virk_link": _text(organisation.virk_link),
    }


def way_in_words(advice: Advice, organisation: Organisation, wording: Wording | None = None, language: str = "") -> str:
    """The lawful way to one recipient, as plain text without its heading: `tjek` says it in the words of the bounce."""
    texts = (wording or standard_wording()).texts(language or organisation.language)
    (group,) = groups([advice], texts.words)
    markup = texts.fill(group.block, {"group": group, "choices": (), **_names_of_the_secure(organisation)})
    return as_text(tuple(block for block in parse(markup) if block.kind != "heading"))


def _names_of_the_secure(organisation: Organisation) -> dict[str, object]:
    """What staff call the mail that is secure, and where it is."""
    return {"secure_mail": _text(organisation.secure_mail), "secure_domain": _text(organisation.secure_domain)}


def groups(advice: list[Advice], words: Mapping[str, Any]) -> tuple[Group, ...]:
    """The recipients by their lawful way, in the order they were written to."""
    together: dict[tuple[str, Address | None, Address | None, Address | None], list[Address]] = {}
    for each in advice:
        mailbox = None if each.is_own_mailbox else each.mailbox
        together.setdefault((_block(each), mailbox, each.instead, each.leaders), []).append(each.recipient)
    return tuple(
        Group(block, _names(tuple(addresses), words), *map(_shown, others))
        for (block, *others), addresses in together.items()
    )


def _block(advice: Advice) -> str:
    if advice.route is Route.SEND_SIKKERT:
        return _SEND_SIKKERT.get(advice.kind, "to-ukendt")
    return _BLOCKS[advice.route]


def _mailboxes(facts: Facts, advice: list[Advice]) -> tuple[str, str]:
    """The faellesmail to write from, or the sender's own mailbox when that is secure: one of the two, or neither."""
    own = next((each.mailbox for each in advice if each.is_own_mailbox and each.mailbox), None)
    if own:
        return "", own.shown
    mailbox = facts.verdict.faellesmail or next((each.mailbox for each in advice if each.mailbox), None)
    return _shown(mailbox), ""


def _choices(advice: list[Advice]) -> tuple[str, ...]:
    """The faellesmails to choose from, when policy has no row for this very sender."""
    return tuple(dict.fromkeys(choice.shown for each in advice for choice in each.choices))


def _insecure_domains(facts: Facts, advice: list[Advice]) -> tuple[str, ...]:
    """The sender's domain when it may not carry such things; nothing when he may stay where he is.

    A message from a secure mailbox can be stopped for its From alone: then the domain of the mailbox is not to blame.
    """
    secure = {each.mailbox.domain for each in advice if each.mailbox}
    if any(each.is_own_mailbox for each in advice) or facts.sender.domain in ("", *secure):
        return ()
    return (facts.sender.shown.rpartition("@")[2].lower(),)


def _names(addresses: tuple[Address, ...], words: Mapping[str, Any]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(address.shown for address in addresses[:MOST_NAMES]))
    rest = len(addresses) - MOST_NAMES
    return (*names, str(words["others"]).format(count=rest)) if rest > 0 else names


def _shown(address: Address | None) -> str:
    return address.shown if address else ""


def _text(value: object) -> str:
    return str(value) if value else ""

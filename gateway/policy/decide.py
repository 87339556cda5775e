"""Envelope and findings become a verdict. Pure: the same policy and message always give the same answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gateway.mail.address import Address, masked_numbers
from gateway.mail.envelope import Client, Envelope
from gateway.mail.finding import CATEGORIES, Finding
from gateway.mail.fragment import Unreadable
from gateway.mail.hidden import Hidden
from gateway.mail.network import is_in
from gateway.mail.role import Role
from gateway.policy.advise import Adviser
from gateway.policy.policy import Policy, route_number
from gateway.policy.verdict import Action, FollowUp, Judgement, Ruling, Severity, Verdict

Headers = Sequence[tuple[str, str]]
"""Names and values of the message's own header lines, as far as policy asks for them."""

_RECIPIENT_HEADERS = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")


def decide(
    policy: Policy,
    role: str,
    envelope: Envelope,
    authors: tuple[Address, ...],
    findings: Sequence[Finding],
    unreadable: Sequence[Unreadable],
    headers: Headers = (),
) -> Verdict:
    """What happens to this message, to each recipient, and who is told.

    authors: the addresses of From and Sender; a malformed one counts as the default class.
    """
    role = Role(role)
    sender = envelope.sender
    speakers = _speakers(policy, sender, authors)
    sender_class = policy.least_secure(speaker.sender_class for speaker in speakers)
    rulings, strangers, routes = _rulings(policy, sender_class, envelope, headers)
    unread, unread_but_told = _sorted_out(policy, sender_class, unreadable) if unreadable else ((), ())
    counted = tuple(
        finding for finding in findings if _counts(policy, finding, sender_class) and not _is_route(finding, routes)
    )
    lawful = bool(rulings) and all(ruling.lawful for ruling in rulings)
    blocked = bool(counted or unread) and not lawful
    notify = bool(unread_but_told) and not blocked and not lawful
    follow_up = _follow_up(policy, role, sender, headers, blocked, notify)
    adviser = _adviser(policy, speakers, sender_class) if blocked and role is not Role.INBOUND else None
    numbers = len({finding.identity for finding in counted if finding.category == "cpr"})
    return Verdict(
        action=Action.BLOCK if blocked else Action.RELAY,
        follow_up=follow_up,
        role=role,
        sender_class=sender_class,
        judgements=_judgements(policy, envelope.recipients, rulings, blocked, adviser),
        policy_version=policy.version,
        lookalikes=_lookalikes(policy, speakers, strangers),
        findings=counted,
        unreadable=unread_but_told if notify else unread,
        categories=_categories(counted, unread),
        confidence=max((finding.confidence for finding in counted), default=None),
        numbers=numbers,
        severity=_severity(policy, numbers) if blocked else Severity.NONE,
        notice_to=sender if follow_up in (FollowUp.BOUNCE, FollowUp.NOTIFY) else None,
        faellesmail=adviser.faellesmail if adviser else None,
    )


# ---------------------------------------------------------------- senders


class _Speaker(NamedTuple):
    """One address the message is said to come from. known: the policy names its domain."""

    address: Address
    domain: str
    sender_class: str
    known: bool


def _speakers(policy: Policy, sender: Address, authors: Sequence[Address]) -> list[_Speaker]:
    """The reverse-path, unless it is null, and the authors, each address once."""
    addresses = [sender, *(author for author in authors if author != sender)] if not sender.is_null else authors
    speakers = []
    for address in addresses:
        domain = address.domain
        name = policy.senders.find(address, domain)
        speakers.append(_Speaker(address, domain, name or policy.senders.default, name is not None))
    return speakers


def _adviser(policy: Policy, speakers: Sequence[_Speaker], sender_class: str) -> Adviser | None:
    """Advice for the person behind the message: of the addresses that counted, one the faellesmail table knows."""
    candidates = [speaker.address for speaker in speakers if speaker.sender_class == sender_class]
    if len(candidates) > 1:
        candidates.sort(key=lambda address: (policy.faellesmail.own_row(address) is None, not policy.owns(address)))
    return Adviser(policy, candidates[0], sender_class) if candidates else None


# ---------------------------------------------------------------- findings


def _sorted_out(
    policy: Policy, sender_class: str, unreadable: Sequence[Unreadable]
) -> tuple[tuple[Unreadable, ...], tuple[Unreadable, ...]]:
    """Of what could not be read: what stops the message, and what the sender is only told of."""
    decision = policy.decision
    usual = decision.unreadable.get(sender_class, "block")
    words = [decision.unreadable_because.get(each.reason, usual) for each in unreadable]
    pairs = list(zip(unreadable, words, strict=True))
    return (
        tuple(each for each, word in pairs if word == "block"),
        tuple(each for each, word in pairs if word == "notify"),
    )


def _counts(policy: Policy, finding: Finding, sender_class: str) -> bool:
    """Whether a finding can block: sure enough, and of a category that does."""
    decision = policy.decision
    if finding.confidence < decision.block_at:
        return False
    if finding.category == "unreadable":
        return decision.unreadable.get(sender_class, "block") == "block"
    if finding.category in CATEGORIES:
        return finding.category not in decision.record_only
    return finding.category in decision.also_block


def _is_route(finding: Finding, routes: Sequence[Address]) -> bool:
    """Whether this is only a recipient's own Send sikkert route, repeated in To or Cc: not a leak."""
    step = finding.place.outermost
    if not routes or step.kind != "header" or step.format not in _RECIPIENT_HEADERS:
        return False
    return any(finding.identity == Hidden(route_number(route)) for route in routes)


# ---------------------------------------------------------------- recipients


def _rulings(
    policy: Policy, sender_class: str, envelope: Envelope, headers: Headers
) -> tuple[list[Ruling], set[str], list[Address]]:
    """One ruling a recipient, in their order; besides, domains nobody wrote down, and routes of Send sikkert."""
    ordinary, secured = policy.rows[sender_class]
    if _is_send_sikkert(policy, envelope.client, headers):
        ordinary = secured
    find_route, find_class = policy.send_sikkert.recipients.find, policy.recipients.find
    rulings, strangers, routes = [], set(), []
    for recipient in envelope.recipients:
        row, domain = ordinary, recipient.domain
        if find_route(recipient, domain) is not None:
            row = secured
            routes.append(recipient)
        recipient_class = find_class(recipient, domain)
        if recipient_class is None:
            recipient_class = policy.recipients.default
            strangers.add(domain)
        rulings.append(row[recipient_class])
    return rulings, strangers, routes


def _is_send_sikkert(policy: Policy, client: Client, headers: Headers) -> bool:
    """Whether the whole message came by Send sikkert."""
    marks = policy.send_sikkert
    for mark in marks.headers:
        for name, value in headers:
            if name.lower() == mark.name.lower() and mark.value in (None, value.strip()):
                return True
    return bool(marks.clients) and is_in(client.ip, marks.clients)


def _judgements(
    policy: Policy, recipients: tuple[Address, ...], rulings: Sequence[Ruling], blocked: bool, adviser: Adviser | None
) -> tuple[Judgement, ...]:
    """Each recipient's ruling, and what follows from it: who still gets the message, and the lawful way there."""
    split = policy.decision.mixed_recipients == "split"
    judgements = []
    for recipient, (recipient_class, method, row, safety, lawful) in zip(recipients, rulings, strict=True):
        relayed = not blocked or (split and lawful)
        advice = adviser.on(recipient, recipient_class) if adviser else None
        judgements.append(Judgement(recipient, recipient_class, method, row, safety, relayed, advice))
    return tuple(judgements)


# ---------------------------------------------------------------- who is told


def _follow_up(policy: Policy, role: Role, sender: Address, headers: Headers, blocked: bool, notify: bool) -> FollowUp:
    """How the sender hears of it."""
    if blocked and policy.decision.on_block == "reject":
        return FollowUp.REJECT
    if not blocked and not notify:
        return FollowUp.NONE
    if role is not Role.INBOUND and _may_be_written_to(policy, sender, headers):
        return FollowUp.BOUNCE if blocked else FollowUp.NOTIFY
    return FollowUp.REJECT if blocked else FollowUp.NONE


def _may_be_written_to(policy: Policy, sender: Address, headers: Headers) -> bool:
    """Never a stranger, a list, a machine or a bounce (rfc5321#6.2, rfc3834#2)."""
    if sender.is_null or not policy.owns(sender):
        return False
    if policy.unread_by_people.match(sender.key):
        return False
    return not any(_says_automatic(name.lower(), value.strip().lower()) for name, value in headers)


def _says_automatic(name: str, value: str) -> bool:
    """Whether a header line says that no person sent this."""
    if name == "auto-submitted":
        return value != "no"
    if name == "precedence":
        return value in ("bulk", "list", "junk")
    return name in ("list-id", "list-post", "list-unsubscribe")


# ---------------------------------------------------------------- what explains the verdict


def _categories(counted: Sequence[Finding], unread: Sequence[Unreadable]) -> tuple[str, ...]:
    """What counted, in the order of the contracts; what only policy made blocking comes last."""
    present = {finding.category for finding in counted}
    if unread:
        present.add("unreadable")
    if not present:
        return ()
    known = [category for category in CATEGORIES if category in present]
    return (*known, *sorted(present.difference(CATEGORIES)))


def _severity(policy: Policy, numbers: int) -> Severity:
    steps = policy.decision.severity
    if numbers >= steps.high:
        return Severity.HIGH
    return Severity.MEDIUM if numbers >= steps.medium else Severity.LOW


def _lookalikes(policy: Policy, speakers: Sequence[_Speaker], strangers: set[str]) -> tuple[str, ...]:
    """Domains dressed up as one of ours: named whatever else the verdict says."""
    unknown = strangers.union(speaker.domain for speaker in speakers if not speaker.known)
    if not unknown:
        return ()
    named = ((domain, policy.looks_like_ours(domain)) for domain in sorted(unknown))
    return tuple(f"{masked_numbers(domain)} looks like {own}" for domain, own in named if own)

"""Envelope and findings become a verdict. Pure: the same policy and message always give the same answer."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from functools import lru_cache

from gateway.mail.address import Address
from gateway.mail.envelope import Client, Envelope
from gateway.mail.finding import CATEGORIES, Finding
from gateway.mail.fragment import Unreadable
from gateway.mail.network import is_in
from gateway.mail.role import Role
from gateway.policy.advise import advise
from gateway.policy.policy import Policy
from gateway.policy.verdict import Action, FollowUp, Judgement, Method, Severity, Verdict

Headers = Sequence[tuple[str, str]]
"""Names and values of the message's own header lines, as far as policy asks for them."""


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
    sender = envelope.sender
    speakers = authors if sender.is_null else (sender, *authors)
    sender_class = policy.sender_class(speakers)
    unread_means = policy.decision.unreadable.get(sender_class, "block")
    counted = tuple(finding for finding in findings if _counts(policy, finding, unread_means))
    unread = tuple(unreadable) if unread_means == "block" else ()
    judgements = _judge(policy, sender_class, envelope, headers)
    sensitive = bool(counted or unread)
    lawful = bool(judgements) and all(judgement.lawful for judgement in judgements)
    blocked = sensitive and not lawful
    asks = _Ask(policy, Role(role), sender, headers)
    follow_up = asks.follow_up(blocked, notify=unread_means == "notify" and bool(unreadable) and not lawful)
    speaker = _speaker(policy, speakers, sender_class)
    if blocked:
        judgements = _stop(policy, judgements, speaker if asks.role is not Role.INBOUND else None)
    numbers = len({finding.identity for finding in counted if finding.category == "cpr"})
    return Verdict(
        action=Action.BLOCK if blocked else Action.RELAY,
        follow_up=follow_up,
        role=asks.role,
        sender_class=sender_class,
        judgements=judgements,
        policy_version=policy.version,
        reasons=_reasons(counted, unread, judgements) if sensitive else (),
        findings=counted,
        unreadable=tuple(unreadable) if unread_means == "notify" else unread,
        categories=_categories(counted, unread),
        confidence=max((finding.confidence for finding in counted), default=None),
        numbers=numbers,
        severity=_severity(policy, numbers) if blocked else Severity.NONE,
        notice_to=sender if follow_up in (FollowUp.BOUNCE, FollowUp.NOTIFY) else None,
        faellesmail=policy.faellesmail.of(speaker) if speaker and sender_class not in policy.secure else None,
    )


def _counts(policy: Policy, finding: Finding, unread_means: str) -> bool:
    """Whether a finding can block: sure enough, and of a category that does."""
    decision = policy.decision
    if finding.confidence < decision.block_at:
        return False
    if finding.category == "unreadable":
        return unread_means == "block"
    if finding.category in CATEGORIES:
        return finding.category not in decision.record_only
    return finding.category in decision.also_block


def _judge(policy: Policy, sender_class: str, envelope: Envelope, headers: Headers) -> tuple[Judgement, ...]:
    """One judgement a recipient, all to be relayed until something sensitive is known."""
    secured = _is_send_sikkert(policy, envelope.client, headers)
    judgements = []
    for recipient in envelope.recipients:
        by_route = secured or policy.send_sikkert.recipients.of(recipient) != ""
        method = Method.SEND_SIKKERT if by_route else Method.ALMINDELIG
        recipient_class = policy.recipients.of(recipient)
        safety = policy.cells[sender_class, method, recipient_class]
        judgements.append(
            Judgement(recipient, recipient_class, method, f"{sender_class}/{method}", safety, relayed=True)
        )
    return tuple(judgements)


def _is_send_sikkert(policy: Policy, client: Client, headers: Headers) -> bool:
    """Whether the whole message came by Send sikkert."""
    marks = policy.send_sikkert
    for mark in marks.headers:
        for name, value in headers:
            if name.lower() == mark.name.lower() and mark.value in (None, value.strip()):
                return True
    return bool(marks.clients) and is_in(client.ip, marks.clients)


def _stop(policy: Policy, judgements: tuple[Judgement, ...], speaker: Address | None) -> tuple[Judgement, ...]:
    """The judgements of a blocked message: who still gets it, and the advice for each."""
    split = policy.decision.mixed_recipients == "split"
    return tuple(
        Judgement(
            each.address,
            each.recipient_class,
            each.method,
            each.row,
            each.safety,
            relayed=split and each.lawful,
            advice=advise(policy, speaker, each.address) if speaker else None,
        )
        for each in judgements
    )


def _speaker(policy: Policy, speakers: tuple[Address, ...], sender_class: str) -> Address | None:
    """Whom the advice is for: of the addresses in the class that counted, one the faellesmail table knows."""
    candidates = [address for address in speakers if policy.senders.of(address) == sender_class]
    known = (address for address in candidates if policy.faellesmail.own_row(address))
    return next(known, candidates[0] if candidates else None)


class _Ask:
    """Who may be told, and how (rfc5321#6.2, rfc3834#2): never a stranger, a list, a machine or a bounce."""

    def __init__(self, policy: Policy, role: Role, sender: Address, headers: Headers) -> None:
        self.policy = policy
        self.role = role
        self._sender = sender
        self._headers = headers

    def follow_up(self, blocked: bool, notify: bool) -> FollowUp:
        if blocked:
            bounces = self.policy.decision.on_block == "bounce" and self._may_be_written_to()
            return FollowUp.BOUNCE if bounces else FollowUp.REJECT
        return FollowUp.NOTIFY if notify and self._may_be_written_to() else FollowUp.NONE

    def _may_be_written_to(self) -> bool:
        sender = self._sender
        if self.role is Role.INBOUND or sender.is_null or not self.policy.owns(sender):
            return False
        if any(expression.match(sender.key) for expression in _never(self.policy.decision.never_bounce)):
            return False
        return not any(_says_automatic(name.lower(), value.strip().lower()) for name, value in self._headers)


def _says_automatic(name: str, value: str) -> bool:
    """Whether a header line says that no person sent this."""
    if name == "auto-submitted":
        return value != "no"
    if name == "precedence":
        return value in ("bulk", "list", "junk")
    return name in ("list-id", "list-post", "list-unsubscribe")


@lru_cache(maxsize=16)
def _never(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(fnmatch.translate(pattern.casefold())) for pattern in patterns)


def _categories(counted: Sequence[Finding], unread: Sequence[Unreadable]) -> tuple[str, ...]:
    """What counted, in the order of the contracts; what only policy made blocking comes last."""
    present = {finding.category for finding in counted}
    if unread:
        present.add("unreadable")
    known = [category for category in CATEGORIES if category in present]
    return (*known, *sorted(present.difference(CATEGORIES)))


def _severity(policy: Policy, numbers: int) -> Severity:
    steps = policy.decision.severity
    if numbers >= steps.high:
        return Severity.HIGH
    return Severity.MEDIUM if numbers >= steps.medium else Severity.LOW


def _reasons(
    counted: Sequence[Finding], unread: Sequence[Unreadable], judgements: Sequence[Judgement]
) -> tuple[str, ...]:
    """What was found where and which cells of the matrix judged it, each thing once, in our own words."""
    found = (f"{each.category} by {each.detector}, {each.confidence}, in {each.place}" for each in counted)
    closed = (f"unreadable, {each.reason}, in {each.place}" for each in unread)
    cells = (f"{each.cell}: {each.safety}" for each in judgements)
    return tuple(dict.fromkeys((*found, *closed, *cells)))

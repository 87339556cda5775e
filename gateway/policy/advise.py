"""The one answer to "how may I send this there?", for the notice, tjek and the console alike.

The matrix read the other way: from the right mailbox to this recipient, which method is `sikker`?
"""

from __future__ import annotations

from gateway.mail.address import Address
from gateway.policy.policy import Policy
from gateway.policy.verdict import Advice, Method, Route, Safety


def advise(policy: Policy, sender: Address, recipient: Address) -> Advice:
    """The lawful way from this sender to this recipient, with the mailbox to use."""
    recipient_class = policy.recipients.of(recipient)
    own = policy.senders.of(sender) in policy.secure
    mailbox = sender if own else policy.faellesmail.of(sender)
    method = _lawful_method(policy, mailbox, recipient_class)
    instead = None
    if method is None:
        instead = policy.faellesmail.of(recipient)
        method = _lawful_method(policy, mailbox, policy.recipients.of(instead)) if instead else None
    leaders = policy.faellesmail.leaders_mailbox if recipient_class in policy.faellesmail.leaders_recipients else None
    return Advice(
        recipient=recipient,
        recipient_class=recipient_class,
        route=_route(method, instead),
        method=method,
        kind=policy.kind(recipient, recipient_class),
        mailbox=mailbox,
        is_own_mailbox=own,
        choices=() if own or not policy.owns(sender) else policy.faellesmail.choices(sender),
        instead=instead if method else None,
        leaders=leaders if leaders != mailbox else None,
    )


def _lawful_method(policy: Policy, mailbox: Address | None, recipient_class: str) -> Method | None:
    """The method the matrix calls plainly `sikker` from this mailbox; ordinary mail first."""
    sender_class = policy.senders.of(mailbox) if mailbox else policy.order[-1]
    for method in Method:
        if policy.cells[sender_class, method, recipient_class] is Safety.SIKKER:
            return method
    return None


def _route(method: Method | None, instead: Address | None) -> Route:
    if method is None:
        return Route.NONE
    if instead is not None:
        return Route.FAELLESMAIL
    return Route.ALMINDELIG if method is Method.ALMINDELIG else Route.SEND_SIKKERT

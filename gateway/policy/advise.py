"""The one answer to "how may I send this there?", for the notice, tjek and the console alike.

The matrix read the other way: from the right mailbox to this recipient, which method is `sikker`?
"""

from __future__ import annotations

from gateway.mail.address import Address
from gateway.policy.policy import Policy
from gateway.policy.verdict import Advice, Method, Route

_ROUTES: dict[Method | None, Route] = {
    None: Route.NONE,
    Method.ALMINDELIG: Route.ALMINDELIG,
    Method.SEND_SIKKERT: Route.SEND_SIKKERT,
}


def advise(policy: Policy, sender: Address | None, recipient: Address) -> Advice:
    """The lawful way from this sender to this recipient, with the mailbox to use.

    Without a sender: the way from any secure mailbox of ours.
    """
    sender_class = policy.senders.of(sender) if sender else policy.senders.default
    return Adviser(policy, sender, sender_class).on(recipient, policy.recipients.of(recipient))


class Adviser:
    """Advises one sender on any number of recipients; what is the same for a whole class is worked out once.

    faellesmail: the mailbox this sender should use; None when his own is secure, or when none is known.
    """

    def __init__(self, policy: Policy, sender: Address | None, sender_class: str) -> None:
        self._policy = policy
        self._own = sender is not None and sender_class in policy.secure
        self._choices: tuple[Address, ...] = ()
        self.faellesmail = None if self._own or sender is None else self._replacing(sender)
        self._mailbox = sender if self._own else self.faellesmail
        self._class = sender_class if self._own else policy.mailbox_class(self.faellesmail)
        self._classes: dict[str, Advice] = {}

    def _replacing(self, sender: Address) -> Address | None:
        """The faellesmail that replaces this sender's mailbox; where nobody wrote it down, his domain's default."""
        table = self._policy.faellesmail
        row = table.own_row(sender)
        if row is not None:
            return row
        if self._policy.owns(sender):
            self._choices = table.boxes
        return table.defaults.get(sender.domain)

    def on(self, recipient: Address, recipient_class: str) -> Advice:
        """The advice on one recipient, whose class is known already."""
        common = self._classes.get(recipient_class)
        if common is None:
            common = self._classes[recipient_class] = self._on_class(recipient, recipient_class)
        kind = self._policy.kind(recipient, recipient_class)
        if common.route is Route.NONE:
            return self._elsewhere(common._replace(recipient=recipient, kind=kind))
        return Advice(recipient, recipient_class, common.route, common.method, kind, *common[5:])

    def _on_class(self, recipient: Address, recipient_class: str) -> Advice:
        """What holds for the whole class; the recipient's own faellesmail is not looked at yet."""
        method = self._lawful_method(recipient_class)
        return Advice(
            recipient=recipient,
            recipient_class=recipient_class,
            route=_ROUTES[method],
            method=method,
            kind=self._policy.classes[recipient_class].kind,
            mailbox=self._mailbox,
            is_own_mailbox=self._own,
            choices=self._choices,
            leaders=self._leaders(recipient_class),
            alias=self._policy.faellesmail.aliases.get(self.faellesmail.raw) if self.faellesmail else None,
        )

    def _elsewhere(self, advice: Advice) -> Advice:
        """Nothing may be sent there: write to the faellesmail that replaces the address, if there is one."""
        policy = self._policy
        instead = policy.faellesmail.of(advice.recipient)
        method = self._lawful_method(policy.recipients.of(instead)) if instead else None
        if method is None:
            return advice
        return advice._replace(route=Route.FAELLESMAIL, method=method, instead=instead)

    def _lawful_method(self, recipient_class: str) -> Method | None:
        return self._policy.ways[self._class, recipient_class]

    def _leaders(self, recipient_class: str) -> Address | None:
        """The mailbox that leaders may use for this recipient, when it is another one than the sender's."""
        table = self._policy.faellesmail
        if recipient_class not in table.leaders_recipients or table.leaders_mailbox == self._mailbox:
            return None
        return table.leaders_mailbox

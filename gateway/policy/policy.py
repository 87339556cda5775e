"""A loaded policy: the files of one folder, checked against each other and made quick to ask. Immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.mail.address import Address
from gateway.mail.network import Network
from gateway.policy.domains import Index
from gateway.policy.faellesmail import Faellesmails
from gateway.policy.model import Decision, DomainList, HeaderMark, Organisation, RecipientClass
from gateway.policy.verdict import Kind, Method, Ruling, Safety

Rows = Mapping[tuple[str, Method], Mapping[str, Ruling]]
"""The matrix: by sender class and method, the cell of each recipient class."""
Ways = Mapping[tuple[str, str], Method | None]
"""The matrix read the other way: from a sender class to a recipient class, the method that is plainly `sikker`."""


@dataclass(frozen=True, slots=True)
class Marks:
    """How mail by Send sikkert is known: by where it goes, by a header, by who hands it over."""

    recipients: Index
    headers: tuple[HeaderMark, ...] = ()
    clients: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything `decide` and `advise` ask.

    version: content hash of all files; it stands in every event and notice.
    order: sender classes, least secure first. secure: sender classes that staff may stay in. ours: our own domains.
    rows, ways: the whole matrix, read both ways. detection: cpr.yaml and ord/*.yaml as plain values, for detectors.
    texts: files of beskeder/, for the notice.
    """

    version: str
    senders: Index
    recipients: Index
    kinds: Index
    ours: Index
    order: tuple[str, ...]
    secure: frozenset[str]
    classes: Mapping[str, RecipientClass]
    rows: Rows
    ways: Ways
    send_sikkert: Marks
    faellesmail: Faellesmails
    decision: Decision
    organisation: Organisation
    lists: Mapping[str, DomainList] = field(repr=False)
    detection: Mapping[str, Any] = field(repr=False)
    texts: Mapping[str, str] = field(repr=False)

    def sender_class(self, addresses: tuple[Address, ...]) -> str:
        """The least secure class among these addresses; the default class when there are none."""
        classes = {self.senders.of(address) for address in addresses} or {self.senders.default}
        return classes.pop() if len(classes) == 1 else min(classes, key=self.order.index)

    def safety(self, sender_class: str, method: Method, recipient_class: str) -> Safety:
        """One cell of the matrix."""
        return self.rows[sender_class, method][recipient_class].safety

    def owns(self, address: Address) -> bool:
        """Whether the address is in one of our own domains; only such an address is ever written to."""
        return self.ours.find(address, address.domain) is not None

    def kind(self, recipient: Address, recipient_class: str) -> Kind:
        """What sort of recipient this is: what a list says of the address, else what its class says."""
        listed = self.kinds.find(recipient, recipient.domain)
        return self.classes[recipient_class].kind if listed is None else Kind(listed)

    def describe(self) -> str:
        """The effective policy as `check` prints it."""
        from gateway.policy.describe import describe

        return describe(self)

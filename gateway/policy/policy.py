"""A loaded policy: the files of one folder, checked against each other and made quick to ask. Immutable."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.mail.address import Address
from gateway.mail.network import Network
from gateway.policy.domains import Index
from gateway.policy.faellesmail import Faellesmails
from gateway.policy.lookalike import looks_like
from gateway.policy.model import Decision, DomainList, HeaderMark, Organisation, RecipientClass, Tjek
from gateway.policy.verdict import Kind, Method, Ruling, Safety
from gateway.yamltext import Document, stem

ROUTE = "route"
"""What the index of Send sikkert's domains calls them."""

NUMBERS, WORDS = "cpr.yaml", "ord/"
"""The files of the detectors, which this room only hands on."""

Words = Mapping[str, Document]
"""Those files by name, with the lines their words stand on."""

Row = Mapping[str, Ruling]
"""One row of the matrix: the cell of each recipient class."""

Ways = Mapping[tuple[str, str], Method | None]
"""The matrix read the other way: from a sender class to a recipient class, the method that is plainly `sikker`."""

_ROUTE_KINDS = {10: Kind.BORGER, 8: Kind.VIRKSOMHED}
"""Digital Post addresses persons by CPR number (ten digits) and companies by CVR number (eight)."""


class Rows(NamedTuple):
    """The rows of one sender class."""

    almindelig: Row
    send_sikkert: Row

    def of(self, method: Method) -> Row:
        return self.almindelig if method is Method.ALMINDELIG else self.send_sikkert


def route_number(recipient: Address) -> str:
    """The digits before the `@` of a Send sikkert route, without the hyphen people write."""
    local = recipient.local.replace("-", "").replace(" ", "")
    return local if local.isdecimal() else ""


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
    rows, ways: the whole matrix, read both ways. mailbox_classes: the sender class of every faellesmail, by address.
    unread_by_people: matches the keys of senders nobody reads. own_domains: what nobody else may look like.
    words: cpr.yaml and ord/*.yaml, for the detectors, with the lines they stand on.
    texts: files of beskeder/, for the notice. tjek: what tjek knows of mail servers.
    """

    version: str
    senders: Index
    recipients: Index
    kinds: Index
    ours: Index
    order: tuple[str, ...]
    secure: frozenset[str]
    classes: Mapping[str, RecipientClass]
    rows: Mapping[str, Rows]
    ways: Ways
    send_sikkert: Marks
    faellesmail: Faellesmails
    mailbox_classes: Mapping[bytes, str] = field(repr=False)
    decision: Decision
    unread_by_people: re.Pattern[str] = field(repr=False)
    organisation: Organisation
    lists: Mapping[str, DomainList] = field(repr=False)
    words: Words = field(repr=False)
    texts: Mapping[str, str] = field(repr=False)
    tjek: Tjek
    own_domains: tuple[str, ...]

    @property
    def detection(self) -> dict[str, Any]:
        """What the detectors are made from, as plain values: `cpr`, and `ord` by the names of its files."""
        words = {stem(name): document.value for name, document in self.words.items() if name.startswith(WORDS)}
        return {"cpr": self.words[NUMBERS].value if NUMBERS in self.words else {}, "ord": words}

    def sender_class(self, addresses: Iterable[Address]) -> str:
        """The least secure class among these addresses; the default class when there are none."""
        return self.least_secure(self.senders.of(address) for address in addresses)

    def least_secure(self, classes: Iterable[str]) -> str:
        """Of these sender classes the one that comes first in the order; the default class when there are none."""
        names = set(classes) or {self.senders.default}
        return names.pop() if len(names) == 1 else min(names, key=self.order.index)

    def safety(self, sender_class: str, method: Method, recipient_class: str) -> Safety:
        """One cell of the matrix."""
        return self.rows[sender_class].of(method)[recipient_class].safety

    def mailbox_class(self, mailbox: Address | None) -> str:
        """The sender class of one of our faellesmails; without one, the most secure class there is."""
        return self.order[-1] if mailbox is None else self.mailbox_classes.get(mailbox.raw, self.order[-1])

    def owns(self, address: Address) -> bool:
        """Whether the address is in one of our own domains; only such an address is ever written to."""
        return self.ours.find(address, address.domain) is not None

    def kind(self, recipient: Address, recipient_class: str) -> Kind:
        """What sort of recipient this is: what its class says, else what a list or a route says of the address."""
        kind = self.classes[recipient_class].kind
        if kind is not Kind.UKENDT:
            return kind
        domain = recipient.domain
        listed = self.kinds.find(recipient, domain)
        if listed is not None:
            return Kind(listed)
        if self.send_sikkert.recipients.find(recipient, domain) is not None:
            return _ROUTE_KINDS.get(len(route_number(recipient)), Kind.UKENDT)
        return kind

    def is_route(self, recipient: Address) -> bool:
        """Whether the address is a route of Send sikkert: the number in it says where to deliver, and is no leak."""
        return self.send_sikkert.recipients.find(recipient, recipient.domain) is not None

    def looks_like_ours(self, domain: str) -> str | None:
        """Which of our own domains a stranger's domain imitates; None when it looks like itself."""
        return looks_like(domain, self.own_domains) if domain else None

    def locate(self, fault: str) -> str:
        """A detector's fault in its words (`ord/NAME.yaml: KEY: …`, or `KEY: …` of cpr.yaml) as `FILE:LINE: …`."""
        name, _, rest = fault.partition(": ")
        name, text = (name, rest) if name in self.words else (NUMBERS, fault)
        document = self.words.get(name)
        if document is None:
            return f"{name}:1: {text}"
        key = text.partition(":")[0].partition(".")[0]
        quoted = re.search("'([^']+)'", text)
        line = document.line_of_word(key, quoted[1]) if quoted else document.line_of((key,))
        return f"{name}:{line}: {text}"

    def describe(self) -> str:
        """The effective policy as `check` prints it."""
        from gateway.policy.describe import describe

        return describe(self)

    def warnings(self, today: datetime.date) -> tuple[str, ...]:
        """What wants somebody's eye: lists nobody has looked at for too long, facts nobody filled in."""
        from gateway.policy.warnings import warnings

        return warnings(self, today)

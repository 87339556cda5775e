"""What policy says: one verdict per message, one judgement per recipient, one advice that names the lawful way.

Values only. They hold findings (whose text is hidden) and addresses; they never hold a word of the message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple

from gateway.mail.address import Address
from gateway.mail.finding import Confidence, Finding
from gateway.mail.fragment import Unreadable
from gateway.mail.role import Role as Role

MOST = 100
"""Findings that a verdict's reasons name one by one; a list of a thousand children is counted."""


class Action(StrEnum):
    """What happens to the message."""

    RELAY = "relay"
    BLOCK = "block"
    DEFER = "defer"


class FollowUp(StrEnum):
    """What the sender gets to know, and how.

    `notify`: the message is relayed, and the sender is told that a part of it could not be read (`unreadable: notify`).
    """

    NONE = "none"
    BOUNCE = "bounce"
    REJECT = "reject"
    NOTIFY = "notify"


class Method(StrEnum):
    """How a message is sent: the guide's two words."""

    ALMINDELIG = "almindelig"
    SEND_SIKKERT = "send_sikkert"


class Safety(StrEnum):
    """What one cell of the matrix says about personfølsomme oplysninger."""

    SIKKER = "sikker"
    SIKKER_SOM_ALMINDELIG = "sikker_som_almindelig"
    IKKE_SIKKER = "ikke_sikker"
    IKKE_LOVLIG = "ikke_lovlig"

    @property
    def is_lawful(self) -> bool:
        """Whether the message may go on; `sikker_som_almindelig` is safe, only more trouble than ordinary mail."""
        return self is Safety.SIKKER or self is Safety.SIKKER_SOM_ALMINDELIG


class Severity(IntEnum):
    """How bad it would have been, by the number of distinct CPR numbers (policy has the steps)."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3

    def __str__(self) -> str:
        return self.name.lower()


class Route(StrEnum):
    """Which words an advice takes.

    almindelig: ordinary mail from `mailbox`.
    send_sikkert: Send sikkert from `mailbox`; `kind` says to whom (a citizen by CPR number, a company's secure mail).
    faellesmail: the recipient may not receive such things at all: write to `instead`, its faellesmail, by `method`.
    none: no lawful way by mail is known.
    """

    ALMINDELIG = "almindelig"
    SEND_SIKKERT = "send_sikkert"
    FAELLESMAIL = "faellesmail"
    NONE = "none"


class Kind(StrEnum):
    """What sort of recipient stands behind an address, as far as the lists know."""

    MYNDIGHED = "myndighed"
    BORGER = "borger"
    VIRKSOMHED = "virksomhed"
    EGEN = "egen"
    UKENDT = "ukendt"


class Advice(NamedTuple):
    """The lawful way from this sender to this recipient: the matrix read the other way.

    mailbox: which mailbox to write from: the sender's own when it is secure, else the faellesmail; None: none is known.
    is_own_mailbox: the sender may stay in the mailbox he wrote from.
    choices: the faellesmails to choose from when this sender has no row of his own (`mailbox` is then the default).
    instead: whom to write to instead, when the recipient may not receive (Route.FAELLESMAIL); else None.
    leaders: the centre's own mailbox that leaders may use for this recipient (outside the tunnel), else None.
    alias: another spelling of `mailbox`, for programs that do not take its æ, ø or å; else None.
    """

    recipient: Address
    recipient_class: str
    route: Route
    method: Method | None
    kind: Kind
    mailbox: Address | None = None
    is_own_mailbox: bool = False
    choices: tuple[Address, ...] = ()
    instead: Address | None = None
    leaders: Address | None = None
    alias: Address | None = None


class Ruling(NamedTuple):
    """One cell of the matrix, with the name of its row (`SENDER CLASS/METHOD`). Shared by everybody whom it judges."""

    recipient_class: str
    method: Method
    row: str
    safety: Safety
    lawful: bool


class Judgement(NamedTuple):
    """What the matrix says of one recipient of this message.

    row: the row of the matrix that says so, `SENDER CLASS/METHOD`; with the recipient class it names the cell.
    relayed: whether this recipient gets the message (under `split`, some do and some do not).
    advice: only for a message that was blocked.
    """

    address: Address
    recipient_class: str
    method: Method
    row: str
    safety: Safety
    relayed: bool
    advice: Advice | None = None

    @property
    def lawful(self) -> bool:
        return self.safety.is_lawful

    @property
    def cell(self) -> str:
        """`insecure/almindelig/kommune`: the cell of the matrix, for records."""
        return f"{self.row}/{self.recipient_class}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one message, with everything that explains it (promise 6).

    sender_class: the least secure class of reverse-path and authors.
    findings, unreadable: those that counted; what was only recorded is not here.
    lookalikes: domains of the envelope dressed up as one of ours (`examp1e.dk looks like example.dk`).
    notice_to: who gets the bounce or the notification; None when nobody may.
    faellesmail: the mailbox this sender should have used; None when he already writes from a secure one.
    confidence: the highest of what counted (None when nothing did). numbers: distinct CPR numbers among all findings.
    """

    action: Action
    follow_up: FollowUp
    role: Role
    sender_class: str
    judgements: tuple[Judgement, ...]
    policy_version: str
    lookalikes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    unreadable: tuple[Unreadable, ...] = field(default=(), repr=False)
    categories: tuple[str, ...] = ()
    confidence: Confidence | None = None
    numbers: int = 0
    severity: Severity = Severity.NONE
    notice_to: Address | None = None
    faellesmail: Address | None = None

    @property
    def relayed_to(self) -> tuple[Address, ...]:
        """Who gets the message in `enforce` mode."""
        return tuple(judgement.address for judgement in self.judgements if judgement.relayed)

    @property
    def stopped_for(self) -> tuple[Address, ...]:
        return tuple(judgement.address for judgement in self.judgements if not judgement.relayed)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What was found where, and which cells of the matrix judged it; each thing once, in fixed words of ours."""
        found = [
            f"{each.category} by {each.detector}, {each.confidence}, in {each.place}" for each in self.findings[:MOST]
        ]
        closed = [f"unreadable, {each.reason}, in {each.place}" for each in self.unreadable[:MOST]]
        more = max(len(self.findings) - MOST, 0) + max(len(self.unreadable) - MOST, 0)
        rest = [f"and {more} more"] if more else []
        judged = [f"{each.cell}: {each.safety}" for each in self.judgements] if found or closed else []
        return tuple(dict.fromkeys((*found, *closed, *rest, *judged, *self.lookalikes)))

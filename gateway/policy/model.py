"""What the policy files may hold, one model per file. Shape only; what the files mean together is load.py's work.

No domain, mailbox or institution stands in code: another organisation is another folder of these files.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from gateway.mail.address import Address, a_label
from gateway.mail.finding import CATEGORIES, Confidence
from gateway.mail.fragment import Reason
from gateway.mail.network import Network
from gateway.policy.verdict import Kind, Method, Safety

_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)(?=[a-z0-9-]*[a-z])[a-z0-9-]{2,63}(?<!-)\Z")


def _domain(value: str) -> str:
    """The A-label of a domain that a policy names."""
    domain = a_label(value)
    if not _DOMAIN.match(domain):
        hint = "without what stands before the `@`" if "@" in value else "like `example.dk`"
        raise ValueError(f"`{value}` is no domain, write it {hint}")
    return domain


def _address(value: object) -> Address:
    if isinstance(value, Address):
        return value
    if not isinstance(value, str):
        raise ValueError("a mail address is wanted, write `name@example.dk`")
    address = Address.of(value)
    local, domain = address.local, address.domain
    if not local or not _DOMAIN.match(domain) or any(ch.isspace() or ch in "<>,;:" for ch in value):
        raise ValueError(f"`{value}` is no mail address, write `name@example.dk`")
    return address


def _address_text(value: str) -> str:
    return _address(value).text


def _pattern(value: str) -> str:
    if "*" not in value or value.count("@") != 1:
        raise ValueError(f"`{value}` is no pattern, write `name-*@example.dk`")
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-zæøå][a-zæøå0-9_-]*", value):
        raise ValueError(f"`{value}` is no name of a class, write small letters, digits, `-` and `_`")
    return value


def _confidence(value: object) -> Confidence:
    words = [str(confidence) for confidence in Confidence]
    if str(value) not in words:
        raise ValueError(f"`{value}` is no confidence, write one of {', '.join(words)}")
    return Confidence.parse(str(value))


def _category(value: str) -> str:
    if value not in CATEGORIES:
        raise ValueError(f"`{value}` is no category, the categories are {', '.join(CATEGORIES)}")
    return value


def _network(value: object) -> Network:
    try:
        return ipaddress.ip_network(str(value))
    except ValueError:
        raise ValueError(f"`{value}` is no network, write `10.0.0.0/8` or `192.0.2.7`") from None


DomainName = Annotated[str, AfterValidator(_domain)]
MailAddress = Annotated[Address, PlainValidator(_address), WithJsonSchema({"type": "string", "format": "email"})]
Pattern = Annotated[str, AfterValidator(_pattern)]
_CONFIDENCE_SCHEMA = WithJsonSchema({"enum": [str(confidence) for confidence in Confidence]})
_NETWORK_SCHEMA = WithJsonSchema({"type": "string"})
ClassName = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# ---------------------------------------------------------------- senders.yaml, recipients.yaml, lists/*.yaml


class DomainEntry(Strict):
    """One domain, exactly; with `subdomains: true` what stands below it too."""

    domain: DomainName
    subdomains: bool = False


def _entry(value: object) -> object:
    return {"domain": value} if isinstance(value, str) else value


Domain = Annotated[
    DomainEntry,
    BeforeValidator(_entry, json_schema_input_type=str | DomainEntry),
]
"""Written as `example.dk` or as `{domain: example.dk, subdomains: true}`."""


class SenderClass(Strict):
    """ours: the domains are the organisation's own, a bounce may go there. secure: staff may stay in such a mailbox."""

    domains: tuple[Domain, ...] = ()
    lists: tuple[ClassName, ...] = ()
    ours: bool = False
    secure: bool = False


class Senders(Strict):
    default: ClassName
    order: tuple[ClassName, ...]
    classes: dict[ClassName, SenderClass]


class RecipientClass(Strict):
    domains: tuple[Domain, ...] = ()
    lists: tuple[ClassName, ...] = ()
    kind: Kind = Kind.UKENDT
    title: str = ""


class KindOf(Strict):
    domains: tuple[Domain, ...] = ()
    lists: tuple[ClassName, ...] = ()


class Recipients(Strict):
    default: ClassName
    classes: dict[ClassName, RecipientClass]
    kinds: dict[Kind, KindOf] = {}


class ListEntry(Strict):
    """A domain or one address, who it is, and whether it counts."""

    domain: DomainName | None = None
    address: MailAddress | None = None
    name: str = ""
    subdomains: bool = False
    active: bool = True
    note: str = ""

    @property
    def target(self) -> str:
        """What the entry speaks of, in the form that is compared."""
        return self.domain or (self.address.key if self.address else "")


class DomainList(Strict):
    """A list somebody answers for. `check` warns when `review_after` has passed."""

    title: Text
    owner: Text
    source: Text
    date: datetime.date
    review_after: datetime.date
    active: bool = True
    note: str = ""
    entries: tuple[ListEntry, ...] = ()

    def that_count(self) -> Iterator[ListEntry]:
        """The entries that are switched on, in a list that is."""
        return (entry for entry in self.entries if self.active and entry.active)


# ---------------------------------------------------------------- matrix.yaml, send_sikkert.yaml


class MatrixRow(Strict):
    sender: ClassName
    method: Method
    to: dict[ClassName, Safety]


class Matrix(Strict):
    """rows: the guide's table. always: columns that are the same in every row. otherwise: cells nobody wrote."""

    rows: tuple[MatrixRow, ...]
    always: dict[ClassName, Safety] = {}
    otherwise: Safety = Safety.IKKE_LOVLIG


class HeaderMark(Strict):
    """A header line that only mail by Send sikkert carries; without `value` any value counts."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
    value: str | None = None


class SendSikkert(Strict):
    """How mail by Send sikkert is recognised. Any one mark is enough."""

    recipient_domains: tuple[Domain, ...] = ()
    headers: tuple[HeaderMark, ...] = ()
    clients: tuple[Annotated[Network, BeforeValidator(_network), _NETWORK_SCHEMA], ...] = ()


# ---------------------------------------------------------------- tjek.yaml


class Provider(Strict):
    """A provider of secure mail, known by where its mail servers live."""

    name: Text
    hosts: tuple[DomainName, ...]


class Tjek(Strict):
    """What tjek knows beyond the lists: a hint, never a proof."""

    providers: tuple[Provider, ...] = ()


# ---------------------------------------------------------------- faellesmail.yaml


class Mailbox(Strict):
    """One faellesmail: the old addresses it replaces, the new one, other spellings of the new one."""

    old: tuple[MailAddress, ...] = ()
    new: MailAddress
    aliases: tuple[MailAddress, ...] = ()
    dagtilbud: str = ""


class PatternRow(Strict):
    pattern: Pattern
    new: MailAddress


class PersonRow(Strict):
    person: MailAddress
    dagtilbud: Text


class DefaultRow(Strict):
    domain: DomainName
    new: MailAddress


class Leaders(Strict):
    """The centre's own mailbox: leaders write from it, also to recipients outside the tunnel."""

    mailbox: MailAddress
    people: tuple[MailAddress, ...] = ()
    recipients: tuple[ClassName, ...] = ()


class Faellesmail(Strict):
    mailboxes: tuple[Mailbox, ...]
    patterns: tuple[PatternRow, ...] = ()
    people: tuple[PersonRow, ...] = ()
    defaults: tuple[DefaultRow, ...] = ()
    leaders: Leaders | None = None

    def moves(self) -> dict[str, Address]:
        """Old address (as Address.key) → new one, before chains of moves are followed."""
        by_dagtilbud = {box.dagtilbud: box.new for box in self.mailboxes if box.dagtilbud}
        moves = {row.person.key: by_dagtilbud[row.dagtilbud] for row in self.people if row.dagtilbud in by_dagtilbud}
        if self.leaders:
            moves |= {person.key: self.leaders.mailbox for person in self.leaders.people}
        moves |= {old.key: box.new for box in self.mailboxes for old in box.old}
        for box in self.mailboxes:
            if box.new.key in moves:  # it moved again: so did its other spellings
                moves |= {alias.key: box.new for alias in box.aliases if alias.key not in moves}
        return moves


# ---------------------------------------------------------------- verdict.yaml, organisation.yaml


class SeveritySteps(Strict):
    """From how many distinct CPR numbers on a block counts as medium, and as high."""

    medium: Annotated[int, Field(ge=2)] = 2
    high: Annotated[int, Field(ge=2)] = 10


class Decision(Strict):
    """What blocks, and what follows."""

    block_at: Annotated[Confidence, BeforeValidator(_confidence), _CONFIDENCE_SCHEMA] = Field(
        Confidence.LIKELY, json_schema_extra={"default": str(Confidence.LIKELY)}
    )
    record_only: tuple[Annotated[str, AfterValidator(_category)], ...] = ()
    also_block: tuple[str, ...] = ()
    mixed_recipients: Literal["block_all", "split"] = "block_all"
    on_block: Literal["bounce", "reject"] = "bounce"
    unreadable: dict[ClassName, Literal["block", "relay", "notify"]] = {}
    unreadable_because: dict[Reason, Literal["block", "relay", "notify"]] = {}
    severity: SeveritySteps = SeveritySteps()
    never_bounce: tuple[Annotated[str, Field(min_length=1)], ...] = ()


class Organisation(Strict):
    """Who the notice speaks for. What is not known yet is null; the notice leaves such a line out, `check` names it."""

    name: Text
    short_name: str | None = None
    secure_mail: str | None = None
    secure_domain: DomainName | None = None
    contact: Annotated[str, AfterValidator(_address_text)] | None = None
    phone: str | None = None
    homepage: str | None = None
    borger_link: str | None = None
    virk_link: str | None = None
    authorities_write_to: Annotated[str, AfterValidator(_address_text)] | None = None
    notice_from: Annotated[str, AfterValidator(_address_text)] | None = None
    alert_to: tuple[Annotated[str, AfterValidator(_address_text)], ...] = ()
    digest_to: tuple[Annotated[str, AfterValidator(_address_text)], ...] = ()
    languages: dict[DomainName, Literal["da", "en"]] = {}
    language: Literal["da", "en"] = "da"


# ---------------------------------------------------------------- the whole folder


class Parts(NamedTuple):
    """Everything a policy folder says, file by file, each well-formed; not yet checked against each other."""

    senders: Senders
    recipients: Recipients
    matrix: Matrix
    faellesmail: Faellesmail
    organisation: Organisation
    decision: Decision
    send_sikkert: SendSikkert
    tjek: Tjek
    lists: Mapping[str, DomainList]

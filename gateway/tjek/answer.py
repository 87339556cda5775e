"""What tjek answers, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.mail.address import Address
from gateway.policy import Advice


class Told(StrEnum):
    """What DNS told us; `unknown` when nobody could be asked, or did not answer in time."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Dns:
    """What DNS says of a domain.

    exists: the name is there. takes_mail: it has a mail server, and says of itself that it takes mail (no Null MX).
    hosts: its mail servers, the preferred first. mta_sts: it announces MTA-STS (rfc8461#3.1).
    dane: every mail server has a TLSA record and all of it is signed (rfc7672#2.2).
    """

    exists: Told = Told.UNKNOWN
    takes_mail: Told = Told.UNKNOWN
    null_mx: Told = Told.UNKNOWN
    hosts: tuple[str, ...] = ()
    mta_sts: Told = Told.UNKNOWN
    dane: Told = Told.UNKNOWN


@dataclass(frozen=True, slots=True)
class Listing:
    """The list an address stands on, and whether it counts there."""

    title: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything there is to say of one address.

    by_default: nothing in the policy names the domain, it has the class of everybody else.
    did_you_mean: the same mailbox at the domain that was probably meant.
    imitates: our own domain that this one looks like. provider: whose mail servers they are, if the policy knows.
    """

    advice: Advice
    class_title: str
    by_default: bool
    listing: Listing | None
    did_you_mean: str | None
    imitates: str | None
    provider: str | None
    dns: Dns

    @property
    def address(self) -> Address:
        return self.advice.recipient

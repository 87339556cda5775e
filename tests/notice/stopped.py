"""What the notice tests stop: the gateway's own examples, and messages with numbers that are nobody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.mail.address import Address
from gateway.mail.finding import Finding
from gateway.mail.fragment import Unreadable
from gateway.mail.place import TEXT, Place
from gateway.notice import Facts, examples
from gateway.policy.verdict import Judgement, Kind, Route

CPR, OTHER_CPR = "0101050009", "2512489996"
CAST = examples.Cast(
    sender="dagklub@lavuk.dk",
    mailbox="borgervænget@kk.dk",
    leaders="stjernen@kk.dk",
    secure="leder@kk.dk",
    colleague="kollega@kk.dk",
    authority="sagsbehandler@hvidovre.dk",
    institution="dagtilbuddet@strodammen.dk",
    instead="strodammen@kk.dk",
)
SENDER, MAILBOX = Address.of(CAST.sender), Address.of(CAST.mailbox)


@dataclass(frozen=True)
class Centre:
    """An organisation that has told everything about itself."""

    name: str = "LAVUK Stjernen"
    short_name: str | None = "LAVUK"
    contact: str | None = "stjernen@kk.dk"
    phone: str | None = "70 10 00 00"
    homepage: str | None = "https://www.lavuk.dk/"
    borger_link: str | None = "https://post.borger.dk/send/0000/1111/"
    virk_link: str | None = "https://virk.dk/"
    authorities_write_to: str | None = "stjernen@kk.dk"
    secure_mail: str | None = "KK-mail"
    secure_domain: str | None = "kk.dk"
    notice_from: str | None = "postvagt@lavuk.dk"
    language: str = "da"
    languages: Mapping[str, str] = field(default_factory=dict)


CASES = examples.examples(Centre(), CAST)
BOUNCES = {name: case for name, case in CASES.items() if name != "notify"}
INBOUND = examples.inbound(Centre())


def finding(place: Place = TEXT, category: str = "cpr", value: str = CPR) -> Finding:
    return examples.finding(place, category, value)


def judged(recipient: str, route: Route, kind: Kind = Kind.UKENDT, instead: str = "") -> Judgement:
    other = Address.of(instead) if instead else None
    return examples.judged(recipient, route, kind, mailbox=MAILBOX, instead=other)


KOMMUNE = judged("sagsbehandler@hvidovre.dk", Route.ALMINDELIG, Kind.MYNDIGHED)


def facts(
    *judgements: Judgement,
    findings: tuple[Finding, ...] = (finding(),),
    unreadable: tuple[Unreadable, ...] = (),
    faellesmail: Address | None = MAILBOX,
    subject: str = "Madplan for uge 48",
    original: str = "<abc.123@lavuk.dk>",
    centre: Centre | None = None,
) -> Facts:
    """A stopped message, told about at a fixed moment."""
    case = examples.stopped(
        centre or Centre(),
        judgements or (KOMMUNE,),
        findings=findings,
        unreadable=unreadable,
        sender=SENDER,
        faellesmail=faellesmail,
    )
    return replace(case, original_subject=subject, original_message_id=original)


def english(case: Facts) -> Facts:
    return replace(case, asked_language="en")

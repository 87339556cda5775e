"""Made-up stopped messages for the notice tests. All numbers belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from gateway.mail.address import Address
from gateway.mail.finding import Confidence, Finding
from gateway.mail.fragment import Reason, Unreadable
from gateway.mail.hidden import Hidden
from gateway.mail.place import SUBJECT, TEXT, Place, Step, attachment
from gateway.notice import Facts
from gateway.policy.verdict import (
    Action,
    Advice,
    FollowUp,
    Judgement,
    Kind,
    Method,
    Role,
    Route,
    Safety,
    Verdict,
)

CPR, OTHER_CPR = "0101050009", "2512489996"
SENDER = Address.of("dagklub@lavuk.dk")
MAILBOX = Address.of("borgervænget@kk.dk")


@dataclass(frozen=True)
class Centre:
    name: str = "LAVUK Stjernen"
    short_name: str | None = "LAVUK"
    contact: str | None = "stjernen@kk.dk"
    phone: str | None = "70 10 00 00"
    homepage: str | None = "https://www.lavuk.dk/"
    borger_link: str | None = "https://www.borger.dk/"
    virk_link: str | None = "https://virk.dk/"
    notice_from: str | None = "postvagt@lavuk.dk"


def _address(text: str | None) -> Address | None:
    return Address.of(text) if text else None


def finding(place: Place = TEXT, category: str = "cpr", value: str = CPR) -> Finding:
    return Finding(category, category, Confidence.CERTAIN, place, Hidden(value))


def judged(
    address: str,
    route: Route,
    kind: Kind = Kind.UKENDT,
    *,
    mailbox: Address | None = MAILBOX,
    own: bool = False,
    instead: str | None = None,
    leaders: str | None = None,
    relayed: bool = False,
) -> Judgement:
    """One recipient and its advice."""
    recipient = Address.of(address)
    method = {Route.SEND_SIKKERT: Method.SEND_SIKKERT, Route.NONE: None}.get(route, Method.ALMINDELIG)
    advice = Advice(
        recipient,
        kind.value,
        route,
        method,
        kind,
        mailbox=mailbox,
        is_own_mailbox=own,
        instead=_address(instead),
        leaders=_address(leaders),
    )
    safety = Safety.SIKKER if relayed else Safety.IKKE_LOVLIG
    row = "insecure/almindelig"
    return Judgement(recipient, kind.value, Method.ALMINDELIG, row, safety, relayed, None if relayed else advice)


KOMMUNE = judged("sagsbehandler@hvidovre.dk", Route.ALMINDELIG, Kind.MYNDIGHED)
KK = judged("leder@kk.dk", Route.ALMINDELIG, Kind.MYNDIGHED)
UNKNOWN = judged("foraelder@example.org", Route.SEND_SIKKERT, Kind.UKENDT, leaders="stjernen@kk.dk")
CITIZEN = judged("foraelder@example.org", Route.SEND_SIKKERT, Kind.BORGER)
COMPANY = judged("kontor@firma.example", Route.SEND_SIKKERT, Kind.VIRKSOMHED)
OWN = judged("dagtilbuddet@strodammen.dk", Route.FAELLESMAIL, Kind.EGEN, instead="strodammen@kk.dk")
NOWHERE = judged("x@nowhere.example", Route.NONE)
NUMBERED = judged("251248-9996@digital-post.example", Route.SEND_SIKKERT, Kind.BORGER)


def facts(
    *judgements: Judgement,
    findings: tuple[Finding, ...] = (finding(),),
    unreadable: tuple[Unreadable, ...] = (),
    role: Role = Role.OUTBOUND,
    faellesmail: Address | None = MAILBOX,
    sender: Address = SENDER,
    subject: str = "Madplan for uge 48",
    original: str = "<abc.123@lavuk.dk>",
    language: str = "da",
) -> Facts:
    """A stopped message, told about at a fixed moment."""
    verdict = Verdict(
        Action.BLOCK,
        FollowUp.BOUNCE,
        role,
        "insecure",
        judgements or (KOMMUNE,),
        "2026-11-24",
        findings=findings,
        unreadable=unreadable,
        notice_to=sender,
        faellesmail=faellesmail,
    )
    return Facts(
        verdict=verdict,
        sender=sender,
        case_id="K7M2-QX9P",
        time=datetime(2026, 11, 24, 9, 5, tzinfo=timezone(timedelta(hours=1))),
        host="postvagt.lavuk.dk",
        organisation=Centre(),
        message_id="<K7M2-QX9P@postvagt.lavuk.dk>",
        boundary="=_K7M2-QX9P",
        original_message_id=original,
        original_subject=subject,
        language=language,
    )


SHEET = Place((Step("attachment", "xlsx", 2), Step("sheet", "", 2)))
LOCKED = Unreadable(attachment("pdf", 1), Reason.ENCRYPTED)

CASES = {
    "kommune": facts(KOMMUNE),
    "unknown": facts(UNKNOWN),
    "citizen": facts(CITIZEN),
    "company": facts(COMPANY),
    "own-domain": facts(OWN),
    "no-way-known": facts(NOWHERE),
    "several-kinds": facts(
        KOMMUNE, KK, UNKNOWN, OWN, findings=(finding(), finding(SHEET), finding(SHEET, value=OTHER_CPR))
    ),
    "number-in-address": facts(NUMBERED),
    "finding-in-subject": facts(UNKNOWN, findings=(finding(SUBJECT),), subject=f"Vedr. {CPR}"),
    "health-and-cpr": facts(KOMMUNE, findings=(finding(), finding(category="health", value="diabetes"))),
    "unreadable-only": facts(COMPANY, findings=(), unreadable=(LOCKED,)),
    "unreadable-too": facts(COMPANY, unreadable=(LOCKED, Unreadable(attachment("zip", 2), Reason.OVER_BUDGET))),
    "no-faellesmail": facts(judged("sagsbehandler@hvidovre.dk", Route.ALMINDELIG, mailbox=None), faellesmail=None),
    "sender-on-kk": facts(
        judged("foraelder@example.org", Route.SEND_SIKKERT, mailbox=Address.of("leder@kk.dk"), own=True),
        sender=Address.of("leder@kk.dk"),
        faellesmail=None,
    ),
    "split": facts(UNKNOWN, judged("leder@kk.dk", Route.ALMINDELIG, relayed=True)),
    "sender-not-ascii": facts(
        KOMMUNE, UNKNOWN, sender=Address.of("Pers.lærkevej@lavuk.dk"), faellesmail=Address.of("lærkevej@kk.dk")
    ),
}
"""One per kind of bounce; the name is the name of the golden file."""


def english(case: Facts) -> Facts:
    return replace(case, language="en")

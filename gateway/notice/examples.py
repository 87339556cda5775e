"""Made-up stopped messages, one per kind of notice: what `notice --preview` shows, `check` fills and the tests compare.

Nobody's data: addresses under example domains, and values that were never in a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from gateway.mail.address import Address
from gateway.mail.finding import Confidence, Finding
from gateway.mail.fragment import Reason, Unreadable
from gateway.mail.hidden import Hidden
from gateway.mail.place import SUBJECT, TEXT, Place, Step, attachment
from gateway.notice.facts import Facts, Organisation
from gateway.notice.leaders import Report, Stopped
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

MOMENT = datetime(2026, 11, 24, 9, 5, tzinfo=timezone(timedelta(hours=1)))
CASE_ID, HOST = "K7M2-QX9P", "postvagt.example"
SHEET = Place((Step("attachment", "xlsx", 2), Step("sheet", "", 2)))
LOCKED = Unreadable(attachment("pdf", 1), Reason.ENCRYPTED)
TOO_LARGE = Unreadable(attachment("zip", 2), Reason.OVER_BUDGET)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in the examples. The preview puts the policy's own mailboxes in."""

    sender: str = "dagklub@institution.example"
    mailbox: str = "dagklub@kommune.example"
    leaders: str = "center@kommune.example"
    secure: str = "leder@kommune.example"
    colleague: str = "kollega@kommune.example"
    authority: str = "sagsbehandler@nabokommune.example"
    institution: str = "børnehave@institution.example"
    instead: str = "børnehave@kommune.example"


def finding(place: Place = TEXT, category: str = "cpr", value: str = "an example") -> Finding:
    return Finding(category, category, Confidence.CERTAIN, place, Hidden(value))


def judged(recipient: str, route: Route, kind: Kind = Kind.UKENDT, **advice: object) -> Judgement:
    """A recipient that was refused, and the advice for it."""
    address = Address.of(recipient)
    method = {Route.SEND_SIKKERT: Method.SEND_SIKKERT, Route.NONE: None}.get(route, Method.ALMINDELIG)
    advised = Advice(address, kind.value, route, method, kind, **advice)  # type: ignore[arg-type]
    row = "insecure/almindelig"
    return Judgement(address, kind.value, Method.ALMINDELIG, row, Safety.IKKE_LOVLIG, relayed=False, advice=advised)


def reached(recipient: str) -> Judgement:
    """A recipient that got the message all the same (`split`)."""
    address = Address.of(recipient)
    return Judgement(address, "kk", Method.ALMINDELIG, "kk/almindelig", Safety.SIKKER, relayed=True)


def stopped(
    organisation: Organisation,
    judgements: Iterable[Judgement],
    *,
    findings: tuple[Finding, ...] = (finding(),),
    unreadable: tuple[Unreadable, ...] = (),
    sender: Address,
    faellesmail: Address | None,
    role: Role = Role.OUTBOUND,
    follow_up: FollowUp = FollowUp.BOUNCE,
) -> Facts:
    """A stopped message, told about at a fixed moment."""
    verdict = Verdict(
        Action.RELAY if follow_up is FollowUp.NOTIFY else Action.BLOCK,
        follow_up,
        role,
        "insecure",
        tuple(judgements),
        policy_version="0123456789abcdef",
        findings=findings,
        unreadable=unreadable,
        notice_to=sender if follow_up in (FollowUp.BOUNCE, FollowUp.NOTIFY) else None,
        faellesmail=faellesmail,
    )
    return Facts(
        verdict=verdict,
        sender=sender,
        case_id=CASE_ID,
        time=MOMENT,
        host=HOST,
        organisation=organisation,
        message_id=f"<{CASE_ID}@{HOST}>",
        boundary=f"=_{CASE_ID}",
        original_message_id="<abc.123@example.org>",
        original_subject="Madplan for uge 48",
    )


def examples(organisation: Organisation, cast: Cast | None = None) -> Mapping[str, Facts]:
    """Every kind of bounce by its name, and `notify`."""
    who = cast or Cast()
    box, leaders, secure = Address.of(who.mailbox), Address.of(who.leaders), Address.of(who.secure)
    kommune = judged(who.authority, Route.ALMINDELIG, Kind.MYNDIGHED, mailbox=box)
    colleague = judged(who.colleague, Route.ALMINDELIG, Kind.MYNDIGHED, mailbox=box)
    unknown = judged("foraelder@example.org", Route.SEND_SIKKERT, Kind.UKENDT, mailbox=box, leaders=leaders)
    citizen = judged("foraelder@example.org", Route.SEND_SIKKERT, Kind.BORGER, mailbox=box)
    company = judged("kontor@firma.example", Route.SEND_SIKKERT, Kind.VIRKSOMHED, mailbox=box)
    numbered = judged("251248-9996@digital-post.example", Route.SEND_SIKKERT, Kind.BORGER, mailbox=box)
    own = judged(who.institution, Route.FAELLESMAIL, Kind.EGEN, mailbox=box, instead=Address.of(who.instead))
    nowhere = judged("nogen@ukendt.example", Route.NONE, mailbox=box)
    lost = judged(who.authority, Route.ALMINDELIG, Kind.MYNDIGHED)
    choosing = judged(who.authority, Route.ALMINDELIG, Kind.MYNDIGHED, mailbox=leaders, choices=(box, leaders))
    from_secure = judged("foraelder@example.org", Route.SEND_SIKKERT, mailbox=secure, is_own_mailbox=True)

    def facts(*judgements: Judgement, **other: object) -> Facts:
        given = {"sender": Address.of(who.sender), "faellesmail": box, **other}
        return stopped(organisation, judgements, **given)  # type: ignore[arg-type]

    in_subject = replace(facts(unknown, findings=(finding(SUBJECT),)), original_subject="an example")
    two_numbers = (finding(), finding(SHEET), finding(SHEET, value="another"))
    return {
        "kommune": facts(kommune),
        "unknown": facts(unknown),
        "citizen": facts(citizen),
        "company": facts(company),
        "own-domain": facts(own),
        "no-way-known": facts(nowhere),
        "several-kinds": facts(kommune, colleague, unknown, own, findings=two_numbers),
        "number-in-address": facts(numbered),
        "finding-in-subject": in_subject,
        "health-and-cpr": facts(kommune, findings=(finding(), finding(category="health"))),
        "unreadable-only": facts(company, findings=(), unreadable=(LOCKED,)),
        "unreadable-too": facts(company, unreadable=(LOCKED, TOO_LARGE)),
        "no-faellesmail": facts(lost, faellesmail=None),
        "choose-faellesmail": facts(choosing, faellesmail=leaders),
        "sender-is-secure": facts(from_secure, sender=secure, faellesmail=None),
        "split": facts(unknown, reached(who.colleague)),
        "sender-not-ascii": facts(kommune, unknown, sender=Address.of("børnehave@institution.example")),
        "notify": facts(reached("kontor@firma.example"), findings=(), unreadable=(LOCKED,), follow_up=FollowUp.NOTIFY),
    }


def inbound(organisation: Organisation, cast: Cast | None = None) -> Facts:
    """A mail from outside, refused."""
    recipient = judged((cast or Cast()).sender, Route.FAELLESMAIL, Kind.EGEN)
    stranger = Address.of("foraelder@example.org")
    return stopped(
        organisation, (recipient,), sender=stranger, faellesmail=None, role=Role.INBOUND, follow_up=FollowUp.REJECT
    )


def report(organisation: Organisation, to: Address | None = None) -> Report:
    """A day of cases for leaders."""
    cases = (
        Stopped("K7M2-QX9P", MOMENT, "d…@institution.example", ("cpr",), numbers=14, recipients=2),
        Stopped("P4T8-WN3C", MOMENT, "a…@institution.example", ("cpr", "health"), numbers=1, recipients=1),
        Stopped("H9R5-ZL6D", MOMENT, "a…@institution.example", ("unreadable",), recipients=1, delivered=True),
    )
    return Report(
        to=to or Address.of("leder@kommune.example"),
        organisation=organisation,
        time=MOMENT,
        day=MOMENT.date(),
        host=HOST,
        message_id=f"<{CASE_ID}@{HOST}>",
        boundary=f"=_{CASE_ID}",
        cases=cases,
        passed=412,
    )

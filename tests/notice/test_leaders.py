"""What leaders hear: case ids, kinds and counts; never whom it was about, never whole addresses."""

from __future__ import annotations

import email
import email.policy
import os
from dataclasses import replace
from pathlib import Path

import pytest
from stopped import CASES, CPR, Centre, facts, finding

from gateway.mail.address import Address
from gateway.notice import build_bounce, build_notification, examples
from gateway.notice.leaders import Report, Stopped, build_alert, build_digest

REPORT = examples.report(Centre())
NOTICES = {
    "alert": build_alert(REPORT),
    "digest": build_digest(REPORT),
    "notify": build_notification(CASES["notify"]),
}


def read(content: bytes) -> str:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    body = message.get_body(("plain",))
    assert body
    return " ".join(body.get_content().split())


@pytest.mark.parametrize("name", NOTICES)
def test_golden(name: str) -> None:
    """The bytes of what is no bounce."""
    path = Path(__file__).with_name("golden") / f"{name}.eml"
    if os.environ.get("POSTVAGT_WRITE_GOLDEN"):
        path.write_bytes(NOTICES[name].content)
    assert NOTICES[name].content == path.read_bytes()


def test_alert() -> None:
    text = read(build_alert(REPORT).content)
    assert "En mail med 14 CPR-numre blev stoppet" in text
    assert "Ingen har fået mailen." in text
    assert "d…@institution.example" in text
    assert "2 modtagere" in text


def test_alert_on_trial_says_that_it_went_out() -> None:
    """In `mode: monitor` the data did leave, and the clock of the 72 hours runs."""
    case = replace(REPORT.cases[0], delivered=True)
    text = read(build_alert(replace(REPORT, cases=(case,))).content)
    assert "En mail med 14 CPR-numre blev sendt" in text
    assert "Modtagerne har fået mailen." in text
    assert "72 timer" in text


def test_digest() -> None:
    text = read(build_digest(REPORT).content)
    assert "3 mails blev stoppet" in text
    assert "412 mails videre" in text
    assert (
        "P4T8-WN3C kl. 09.05 fra a…@institution.example til 1 modtager: et CPR-nummer og oplysninger om helbred."
        in text
    )
    assert "Sendt alligevel (prøve)." in text


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        pytest.param((), "Ingen mails blev stoppet", id="none"),
        pytest.param(REPORT.cases[:1], "1 mail blev stoppet", id="one"),
    ],
)
def test_digest_counts(cases: tuple[Stopped, ...], words: str) -> None:
    assert words in read(build_digest(replace(REPORT, cases=cases)).content)


def test_a_case_is_made_of_a_stopped_message_without_its_content() -> None:
    """Promise 3: no number, no subject, no whole address, in any form of it."""
    case = facts(findings=(finding(), finding(value="251248-9996")), subject="Om Villads")
    case = replace(case, verdict=replace(case.verdict, categories=("cpr",), numbers=2))
    told = Stopped.of(case)
    assert told == Stopped(case.case_id, case.time, "d…@lavuk.dk", ("cpr",), numbers=2, recipients=1)
    notice = build_alert(replace(REPORT, cases=(told,)))
    whole = f"{notice.content!r} {told!r} {read(notice.content)}"
    assert all(secret not in whole for secret in (CPR, "251248", "Villads", "dagklub@", "sagsbehandler"))


@pytest.mark.parametrize(
    ("findings", "categories"),
    [
        pytest.param([("wording", "offence")], (), id="a guess is told to nobody"),
        pytest.param([("wording", "health"), ("cpr", "cpr")], ("cpr",), id="but a number is"),
        pytest.param([("wording", "health"), ("sensitive", "health")], ("health",), id="and what a word told"),
    ],
)
def test_a_category_that_is_a_guess(findings: list[tuple[str, str]], categories: tuple[str, ...]) -> None:
    found = tuple(replace(finding(category=category), detector=detector) for detector, category in findings)
    case = facts(findings=found)
    case = replace(case, verdict=replace(case.verdict, categories=tuple(dict.fromkeys(what for _, what in findings))))
    assert Stopped.of(case).categories == categories


def test_in_english() -> None:
    assert "An email with 14 CPR numbers was stopped" in read(build_alert(replace(REPORT, asked_language="en")).content)


def test_to_an_address_outside_ascii() -> None:
    notice = build_digest(replace(REPORT, to=Address.of("børn@institution.example")))
    assert notice.needs_smtputf8
    assert "To: <børn@institution.example>".encode() in notice.content


def test_an_alert_without_a_case_is_a_fault_of_ours() -> None:
    empty = Report(REPORT.to, Centre(), REPORT.time, REPORT.day, REPORT.host, "<a@b>", "=_a")
    with pytest.raises(ValueError, match="no case"):
        build_alert(empty)


def test_nobody_to_tell() -> None:
    """A bounce is never built for a message whose sender may not be told."""
    nobody = replace(CASES["kommune"], verdict=replace(CASES["kommune"].verdict, notice_to=None))
    with pytest.raises(ValueError, match="nobody may be told"):
        build_bounce(nobody)

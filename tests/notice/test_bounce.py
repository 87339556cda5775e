"""The bounce, parsed back by the standard library, and compared with the golden files beside this one.

`POSTVAGT_WRITE_GOLDEN=1 pytest tests/notice` writes the golden files anew; read the diff.
"""

from __future__ import annotations

import email
import email.policy
import os
import re
from dataclasses import replace
from email.errors import NonASCIILocalPartDefect
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stopped import BOUNCES, CASES, CPR, KOMMUNE, OTHER_CPR, Centre, facts, finding, judged

from gateway.mail.address import Address
from gateway.mail.fragment import Reason, Unreadable
from gateway.mail.place import HTML, SUBJECT, TEXT, Place, Step, attachment, header
from gateway.notice import Facts, build_bounce
from gateway.policy.verdict import Judgement, Route

GOLDEN = Path(__file__).with_name("golden")


def parsed(case: Facts) -> EmailMessage:
    """The bounce as the standard library reads it; under SMTPUTF8 its headers are UTF-8 too (rfc6532#3.2)."""
    message = email.message_from_string(build_bounce(case).content.decode(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def letter(case: Facts) -> str:
    """The plain text of a bounce, its lines joined."""
    return " ".join(parts(case)[0].get_content().split())


def parts(case: Facts) -> tuple[EmailMessage, EmailMessage, EmailMessage]:
    """The text, the HTML and the machine's part."""
    alternative, status = parsed(case).iter_parts()
    text, html = alternative.iter_parts()
    return text, html, status


@pytest.mark.parametrize("name", BOUNCES)
def test_golden(name: str) -> None:
    """Equal facts give equal bytes, and these are the bytes."""
    path = GOLDEN / f"{name}.eml"
    got = build_bounce(CASES[name]).content
    if os.environ.get("POSTVAGT_WRITE_GOLDEN"):
        path.write_bytes(got)
    assert got == path.read_bytes()


@pytest.mark.parametrize("name", BOUNCES)
def test_a_second_parser_reads_it_without_complaint(name: str) -> None:
    message = parsed(CASES[name])
    assert [part.get_content_type() for part in message.walk()][:4] == [
        "multipart/report",
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert [part.defects for part in message.walk() if part.defects] == []
    defects = [defect for value in message.values() for defect in value.defects]
    assert [defect for defect in defects if not isinstance(defect, NonASCIILocalPartDefect)] == []  # the address itself
    assert message["Content-Type"].params["report-type"] == "delivery-status"
    assert message["Auto-Submitted"] == "auto-replied"


@pytest.mark.parametrize("name", BOUNCES)
def test_wire_form(name: str) -> None:
    """CRLF only, no line over 998 octets, and no 8-bit byte unless the notice asks for SMTPUTF8."""
    notice = build_bounce(CASES[name])
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", notice.content) is None
    assert max(map(len, notice.content.split(b"\r\n"))) <= 998
    assert notice.content.isascii() or notice.needs_smtputf8


@pytest.mark.parametrize("name", BOUNCES)
def test_every_refused_recipient_has_its_status(name: str) -> None:
    case = CASES[name]
    fields = parts(case)[2].as_string()
    assert fields.count("Action: failed\n") == fields.count("Status: 5.7.1\n") == len(case.verdict.stopped_for)


def test_a_sender_outside_ascii_gets_a_global_status() -> None:
    """rfc6533#4: the notice needs SMTPUTF8 anyway, so the machine's part is global and 8-bit."""
    case = CASES["sender-not-ascii"]
    notice = build_bounce(case)
    assert notice.needs_smtputf8
    assert b"Content-Type: message/global-delivery-status" in notice.content
    assert "To: <børnehave@institution.example>".encode() in notice.content


def test_a_recipient_outside_ascii_is_spelled_in_7_bit() -> None:
    """rfc6533#3, utf-8-addr-xtext: the notice itself goes to an ASCII address and must not need SMTPUTF8."""
    notice = build_bounce(facts(judged("lærkevej@lavuk.dk", Route.FAELLESMAIL, instead="lærkevej@kk.dk")))
    assert not notice.needs_smtputf8
    assert rb"Final-Recipient: utf-8; l\x{E6}rkevej@lavuk.dk" in notice.content


@pytest.mark.parametrize(
    ("place", "words"),
    [
        pytest.param(SUBJECT, "i emnet", id="subject"),
        pytest.param(TEXT, "i mailens tekst", id="text"),
        pytest.param(HTML, "i mailens tekst", id="the HTML alternative is the text to a reader"),
        pytest.param(header("To"), "i feltet Til", id="a header people see"),
        pytest.param(header("X-Note"), "i mailens tekniske felter", id="a header nobody sees"),
        pytest.param(attachment("csv", 2), "i vedhæftet fil 2 (regneark)", id="attachment in a word people know"),
        pytest.param(attachment("xyz", 1), "i vedhæftet fil 1", id="a format without a word"),
        pytest.param(
            Place((Step("attachment", "xlsx", 2), Step("sheet", "", 2), Step("cell", "B7", 0))),
            "i vedhæftet fil 2 (regneark), ark 2, celle B7",
            id="sheet and cell",
        ),
        pytest.param(
            Place((Step("attachment", "zip", 1), Step("attachment", "pdf", 3), Step("page", "", 4))),
            "i vedhæftet fil 1 (pakket fil), fil 3 (PDF), side 4",
            id="a file in a file",
        ),
        pytest.param(
            Place((Step("attachment", "eml", 1), Step("header", "to"))),
            "i vedhæftet fil 1 (mail), feltet Til",
            id="a field of a mail in a mail",
        ),
        pytest.param(
            Place((Step("attachment", "docx", 1), Step("header"))),
            "i vedhæftet fil 1 (dokument), sidehovedet",
            id="a header on paper",
        ),
        pytest.param(
            Place((Step("attachment", "docx", 1), Step("picture", "png", 2))),
            "i vedhæftet fil 1 (dokument), billede 2",
            id="a picture in a document",
        ),
        pytest.param(
            Place((Step("attachment", "csv", 1), Step("text"))), "i vedhæftet fil 1 (regneark), teksten", id="its text"
        ),
        pytest.param(Place((Step("filename"),)), "i navnet på en vedhæftet fil", id="never the name itself"),
    ],
)
def test_where_in_words(place: Place, words: str) -> None:
    text = letter(facts(findings=(finding(place),)))
    assert f"Et CPR-nummer {words} " in text


def test_text_and_html_of_one_mail_are_one_place() -> None:
    assert letter(facts(findings=(finding(TEXT), finding(HTML)))).count("i mailens tekst") == 1


def test_many_places_are_counted() -> None:
    """Two hundred numbers on forty pages: the line stays one that a person reads."""
    pages = [Place((Step("attachment", "pdf", 1), Step("page", "", n % 40 + 1))) for n in range(200)]
    text = letter(facts(findings=tuple(finding(page, value=str(n)) for n, page in enumerate(pages))))
    assert "200 CPR-numre i vedhæftet fil 1 (PDF), side 1, i vedhæftet fil 1 (PDF), side 2" in text
    assert "side 6 og 34 andre steder" in text
    assert "side 7" not in text


def test_a_long_subject_is_cut() -> None:
    text = letter(facts(subject="a" * 500))
    assert "a" * 100 + "…" in text
    assert "a" * 101 not in text


def test_equal_numbers_count_once() -> None:
    """The same number in two places is one number; another number makes two."""
    once = letter(facts(findings=(finding(TEXT), finding(SUBJECT))))
    twice = letter(facts(findings=(finding(TEXT), finding(SUBJECT, value=OTHER_CPR))))
    assert "Et CPR-nummer i mailens tekst og i emnet" in once
    assert "2 CPR-numre i mailens tekst og i emnet" in twice


def test_the_category_of_a_wording_is_a_guess_and_is_told_to_nobody() -> None:
    guessed = letter(facts(findings=(replace(finding(category="offence"), detector="wording"),)))
    assert "Personfølsomme oplysninger i mailens tekst" in guessed
    assert "strafbare" not in guessed


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_of_its_own(reason: Reason) -> None:
    text = letter(facts(findings=(), unreadable=(Unreadable(attachment("pdf", 1), reason),)))
    assert "Vedhæftet fil 1 (PDF) " in text


@pytest.mark.parametrize(
    ("name", "says", "says_not"),
    [
        pytest.param(
            "kommune",
            ["Send en almindelig mail fra borgervænget@kk.dk", "Brug ikke Send sikkert"],
            ["tjek"],
            id="kommune",
        ),
        pytest.param(
            "citizen", ["forælderens CPR-nummer, aldrig barnets", "Digital Post", "brev"], ["tjek"], id="citizen"
        ),
        pytest.param(
            "company",
            ["virksomhedens mailadresse", "klik på ”tjek”", "Bed om en sikker mailadresse"],
            ["barnets"],
            id="company",
        ),
        pytest.param(
            "unknown", ["En borger", "En virksomhed", "tjek", "Er du leder", "stjernen@kk.dk"], [], id="both ways"
        ),
        pytest.param(
            "own-domain", ["Skriv til strodammen@kk.dk"], ["Til dagtilbuddet@strodammen.dk"], id="may not receive"
        ),
        pytest.param(
            "sender-is-secure",
            ["Skriv mailen igen fra leder@kk.dk"],
            ["Åbn en anden postkasse", "må ikke bruge"],
            id="already secure",
        ),
        pytest.param(
            "no-faellesmail", ["jeres fællesmail på kk.dk eller fra din egen KK-mail"], [], id="no row for this sender"
        ),
        pytest.param(
            "split", ["ikke sendt til alle", "kollega@kk.dk har fået den"], ["Ingen har fået"], id="some got it"
        ),
        pytest.param(
            "unreadable-only", ["er låst med en adgangskode", "Fjern adgangskoden"], ["Det fandt vi"], id="locked file"
        ),
    ],
)
def test_what_it_says(name: str, says: list[str], says_not: list[str]) -> None:
    text = letter(CASES[name])
    assert [words for words in says if words not in text] == []
    assert [words for words in says_not if words in text] == []


@pytest.mark.parametrize("name", BOUNCES)
def test_always_said(name: str) -> None:
    """That nothing was kept, whom to ask, the case id; and no word that time has overtaken."""
    text = letter(CASES[name])
    assert "Vi har ikke gemt mailen" in text
    assert "K7M2-QX9P" in text
    assert "stjernen@kk.dk" in text
    assert re.search(r"(?i)e-?boks|nem-?id|postnord|\bdao\b", text) is None


def test_the_original_subject_shows_only_without_a_finding() -> None:
    assert "Madplan for uge 48" in letter(CASES["kommune"])
    assert "an example" not in letter(CASES["finding-in-subject"])
    health = facts(findings=(finding(category="health", value="diabetes"),), subject="Vedr. Villads")
    assert "Villads" not in letter(health)
    elsewhere = facts(findings=(finding(TEXT),), subject="Om 010105-0009")
    assert "Om " not in letter(elsewhere).rpartition("Ikke sendt til")[2]


@pytest.mark.parametrize(
    "original",
    [
        pytest.param("", id="none"),
        pytest.param("<no at sign>", id="malformed"),
        pytest.param("<a@b>\r\nBcc: <x@y>", id="header injection"),
        pytest.param(f"<{CPR}@lavuk.dk>", id="holds what was found"),
        pytest.param("<010105-0009@lavuk.dk>", id="holds what was found, spelled otherwise"),
    ],
)
def test_an_unsafe_message_id_is_not_answered_to(original: str) -> None:
    assert parsed(facts(original=original))["In-Reply-To"] is None


def test_a_recipient_that_is_a_number_is_masked_everywhere() -> None:
    """Send sikkert can put a CPR number into the address (the guide's second way)."""
    notice = build_bounce(CASES["number-in-address"])
    text, html, status = parts(CASES["number-in-address"])
    whole = text.get_content() + html.get_content() + status.as_string()
    assert "9996" not in whole
    assert b"9996" not in notice.content
    assert "Final-Recipient: rfc822; xxxxxxxxxxx@digital-post.example" in whole


def test_a_secure_domain_is_never_blamed() -> None:
    """A message with a reverse-path at kk.dk and a From at lavuk.dk is stopped for its From."""
    case = facts()
    moved = Address.of("leder@kk.dk")
    case = replace(case, sender=moved, verdict=replace(case.verdict, notice_to=moved))
    text = letter(case)
    assert "Du må ikke bruge kk.dk" not in text
    assert "Skriv mailen igen fra jeres fællesmail borgervænget@kk.dk." in text


def test_long_lists_are_counted() -> None:
    many = [judged(f"a{n}@hvidovre.dk", Route.ALMINDELIG) for n in range(45)]
    assert "a29@hvidovre.dk og 15 andre" in letter(facts(*many))


def test_what_is_unknown_of_the_organisation_is_left_out() -> None:
    bare = Centre(contact=None, phone=None, notice_from=None)
    text = letter(replace(facts(), organisation=bare))
    assert "None" not in text
    assert "Tal med din leder" in text
    assert parsed(replace(facts(), organisation=bare))["From"].addresses[0].addr_spec == "postmaster@postvagt.example"


@given(subject=st.text(max_size=60), local=st.text(min_size=1, max_size=30))
def test_nothing_given_becomes_markup(subject: str, local: str) -> None:
    """A subject or an address can add no heading, link, header or tag: the letter keeps its bones."""
    case = facts(judged(f"{local}@example.org", Route.SEND_SIKKERT), KOMMUNE, subject=f"x{subject}")
    text, html, _ = parts(case)
    plain = re.compile(
        r"<(?!/?(?:html|head|meta|title|style|body|div|table|tr|td|th|h[123]|p|strong|ul|ol|li|a|br|wbr|!)\b)"
    )
    assert text.get_content().count("\n---") == 4
    assert html.get_content().count("<h3") == 3
    assert html.get_content().count("<a ") == 1
    assert (
        plain.search(
            html.get_content().replace("<!--[if mso]>", "").replace("<![endif]-->", "").replace("<!DOCTYPE", "")
        )
        is None
    )


@given(
    number=st.sampled_from([CPR, OTHER_CPR, "0707614285", "6101010007"]),
    mark=st.sampled_from(["", "-", " ", "–", "."]),
    place=st.sampled_from([SUBJECT, TEXT, attachment("csv", 1), header("To")]),
)
def test_no_found_number_in_any_form(number: str, mark: str, place: Place) -> None:
    """Promise 3: wherever the number stood and however it was spelled, its digits are in no part of the notice."""
    spelled = number[:6] + mark + number[6:]
    case = facts(
        judged(f"{spelled}@digital-post.example".replace(" ", ""), Route.SEND_SIKKERT),
        findings=(finding(place, value=number),),
        subject=f"Om {spelled}",
        original=f"<{spelled}@lavuk.dk>",
    )
    notice = build_bounce(case)
    text, html, status = parts(case)
    for output in (
        notice.content.decode(),
        text.get_content(),
        html.get_content(),
        status.as_string(),
        repr(notice),
        repr(case),
    ):
        assert number not in re.sub(r"[-–. ]", "", output)


@given(sender=st.binary(min_size=1, max_size=40), recipient=st.binary(min_size=1, max_size=40))
def test_any_bytes_of_an_address_give_a_well_formed_notice(sender: bytes, recipient: bytes) -> None:
    """Addresses are opaque bytes: none of them may break a line, add a header or stop the notice."""
    address = Address(recipient)
    case = facts(replace_address(KOMMUNE, address))
    case = replace(case, sender=Address(sender), verdict=replace(case.verdict, notice_to=Address(sender)))
    notice = build_bounce(case)
    message = email.message_from_string(notice.content.decode(), policy=email.policy.default)
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", notice.content) is None
    assert [name for name, _ in message.items()][:5] == ["Date", "From", "To", "Subject", "Message-ID"]
    assert len(message.items()) == len(parsed(facts()).items())


def replace_address(judgement: Judgement, address: Address) -> Judgement:
    assert judgement.advice
    return judgement._replace(address=address, advice=judgement.advice._replace(recipient=address))


def test_a_name_of_the_organisation_cannot_end_a_header() -> None:
    case = replace(facts(), organisation=Centre(name='A "B" \\ C\r\nBcc: x@y'))
    assert parsed(case)["Bcc"] is None
    assert Address.of("postvagt@lavuk.dk").text in parsed(case)["From"]

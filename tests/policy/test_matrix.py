"""The guide's table, cell by cell, and who stands in which row and column."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.mail.address import Address
from gateway.mail.envelope import Envelope
from gateway.mail.finding import Finding
from gateway.policy import Action, Method, Policy, Safety, decide

SIKKER, ALMINDELIG, IKKE_SIKKER, IKKE_LOVLIG = Safety

CELLS = [
    ("kk", Method.ALMINDELIG, "kk", SIKKER),
    ("kk", Method.ALMINDELIG, "kommune", SIKKER),
    ("kk", Method.ALMINDELIG, "tunnel", SIKKER),
    ("kk", Method.ALMINDELIG, "andre", IKKE_SIKKER),
    ("kk", Method.ALMINDELIG, "insecure", IKKE_LOVLIG),
    ("kk", Method.SEND_SIKKERT, "kk", ALMINDELIG),
    ("kk", Method.SEND_SIKKERT, "kommune", ALMINDELIG),
    ("kk", Method.SEND_SIKKERT, "tunnel", ALMINDELIG),
    ("kk", Method.SEND_SIKKERT, "andre", SIKKER),
    ("kk", Method.SEND_SIKKERT, "insecure", IKKE_LOVLIG),
    ("insecure", Method.ALMINDELIG, "kk", IKKE_LOVLIG),
    ("insecure", Method.ALMINDELIG, "kommune", IKKE_LOVLIG),
    ("insecure", Method.ALMINDELIG, "tunnel", IKKE_LOVLIG),
    ("insecure", Method.ALMINDELIG, "andre", IKKE_LOVLIG),
    ("insecure", Method.ALMINDELIG, "insecure", IKKE_LOVLIG),
    ("insecure", Method.SEND_SIKKERT, "kk", IKKE_LOVLIG),
    ("insecure", Method.SEND_SIKKERT, "kommune", IKKE_LOVLIG),
    ("insecure", Method.SEND_SIKKERT, "tunnel", IKKE_LOVLIG),
    ("insecure", Method.SEND_SIKKERT, "andre", IKKE_LOVLIG),
    ("insecure", Method.SEND_SIKKERT, "insecure", IKKE_LOVLIG),
]


@pytest.mark.parametrize(("sender", "method", "recipient", "safety"), CELLS)
def test_every_cell(lavuk: Policy, sender: str, method: Method, recipient: str, safety: Safety) -> None:
    assert lavuk.safety(sender, method, recipient) is safety


def test_the_table_above_is_the_whole_matrix(lavuk: Policy) -> None:
    every = {(sender, method, to) for sender, rows in lavuk.rows.items() for method in Method for to in rows.of(method)}
    assert {cell[:3] for cell in CELLS} == every


@pytest.mark.shared
def test_the_matrix_is_the_table_of_the_guide(lavuk: Policy) -> None:
    """The guide's columns: kk.dk, a kommune, anyone else. Its stars are the tunnel and Send sikkert's recipients."""
    guide = Path(__file__).resolve().parents[2] / ".." / "shared" / "facts" / "guide-send-sikkert.txt"
    if not guide.exists():
        pytest.skip("../shared is not here: the guide's own table")
    rows = [line.split("\t") for line in guide.read_text("utf-8").splitlines() if line.count("\t") == 3][1:]
    known = {
        "Almindelig mail med kk.dk": ("kk", Method.ALMINDELIG),
        "Send sikkert ikon i kk.dk": ("kk", Method.SEND_SIKKERT),
        "Almindelig mail med Lavuk.dk/strodammen.dk": ("insecure", Method.ALMINDELIG),
    }
    words = [
        (re.compile(r"sikker$"), {SIKKER}),
        (re.compile(r"Sikker men skal sendes som almindelig mail"), {ALMINDELIG}),
        (re.compile(r"Nogen gange sikker"), {IKKE_SIKKER}),
        (re.compile(r"Se \(\*\*\)"), {SIKKER}),
        (re.compile(r"Ikke lovlig"), {IKKE_LOVLIG}),
    ]
    assert {row[0] for row in rows} == set(known)
    for title, *cells in rows:
        sender, method = known[title]
        for recipient, text in zip(("kk", "kommune", "andre"), cells, strict=True):
            meant = next(safeties for pattern, safeties in words if pattern.match(text.strip()))
            assert lavuk.safety(sender, method, recipient) in meant, (title, recipient)


RECIPIENTS = [
    ("x@kk.dk", "kk", "our own"),
    ("x@KK.DK", "kk", "case never matters in a domain"),
    ("x@kk.dk.", "kk", "the root's dot"),
    ("x@evil-kk.dk", "andre", "never by suffix"),
    ("x@kk.dk.example", "andre", "nor by prefix"),
    ("x@mail.kk.dk", "andre", "below is not the same, unless a policy says so"),
    ("x@kkdk", "andre", "no dot, no class"),
    ("x@xn--kk-dka.dk", "andre", "an IDN is its own domain"),
    ("x@кк.dk", "andre", "Cyrillic look-alike"),
    ("x@ｋｋ.dk", "kk", "full-width letters are the same domain to IDNA (uts46)"),
    ("x@hvidovre.dk", "kommune", "the guide's example"),
    ("x@HVIDOVRE.dk", "kommune", "case again"),
    ("x@balk.dk", "kommune", "Ballerup's mail"),
    ("x@ballerup.dk", "andre", "Ballerup's website"),
    ("x@skive.dk", "andre", "Skive's website"),
    ("x@99454545.dk", "andre", "Brønderslev: disputed, off"),
    ("x@esbjergkommune.dk", "andre", "Esbjerg: disputed, off"),
    ("x@regionh.dk", "andre", "regions are off until confirmed"),
    ("x@politi.dk", "andre", "state authorities are off until confirmed"),
    ("x@hvidover.dk", "andre", "a typing mistake is somebody else"),
    ("x@lavuk.dk", "insecure", "may not receive"),
    ("x@strodammen.dk", "insecure", "may not receive"),
    ("city@HB-care.dk", "andre", "a company's secure mail is reached with Send sikkert"),
    ("postmaster", "andre", "no domain"),
    ("x@[192.0.2.1]", "andre", "a literal"),
    ("", "andre", "nothing at all"),
]


@pytest.mark.parametrize(("address", "name", "reason"), RECIPIENTS)
def test_recipient_classes(lavuk: Policy, address: str, name: str, reason: str) -> None:
    assert lavuk.recipients.of(Address.of(address)) == name, reason


def test_the_98_municipalities(lavuk: Policy) -> None:
    entries = lavuk.lists["kommuner"].entries
    assert len(entries) == len({entry.domain for entry in entries}) == 98
    assert [entry.name for entry in entries if not entry.active] == ["Esbjerg", "Brønderslev"]
    for entry in entries:
        expected = "kk" if entry.domain == "kk.dk" else "kommune" if entry.active else "andre"
        assert lavuk.recipients.of_domain(entry.domain or "") == expected, entry.name


@pytest.mark.shared
def test_the_municipalities_are_those_of_the_fact_sheet(lavuk: Policy) -> None:
    sheet = Path(__file__).resolve().parents[2] / ".." / "shared" / "facts" / "kommuner.yaml"
    if not sheet.exists():
        pytest.skip("../shared is not here: the fact sheet's municipalities")
    text = sheet.read_text("utf-8").partition("\nregions:")[0]
    domains = re.findall(r'^    mail_domain: "(.+)"$', text, re.M)
    certainty = re.findall(r"^    certainty: ([ABC])$", text, re.M)
    entries = lavuk.lists["kommuner"].entries
    assert [(e.domain, e.active) for e in entries] == [
        (domain, letter != "C") for domain, letter in zip(domains, certainty, strict=True)
    ]


SENDERS = [
    (("dagklub@lavuk.dk",), "insecure", "the old mailbox"),
    (("x@kk.dk",), "kk", "KK-mail"),
    (("x@kk.dk", "x@kk.dk"), "kk", "both secure"),
    (("x@kk.dk", "x@lavuk.dk"), "insecure", "the least secure of reverse-path and From counts"),
    (("x@lavuk.dk", "x@kk.dk"), "insecure", "the other way round too"),
    (("x@kk.dk", "x@kk.dk", "x@kk.dk", "x@example.org"), "insecure", "one of several From addresses"),
    (("x@kk.dk", "rubbish"), "insecure", "a malformed From is nobody we know"),
    (("x@evil-kk.dk",), "insecure", "never by suffix"),
    (("X@Kk.Dk",), "kk", "case"),
    ((), "insecure", "nobody at all"),
]


@pytest.mark.parametrize(("addresses", "name", "reason"), SENDERS)
def test_sender_classes(lavuk: Policy, addresses: tuple[str, ...], name: str, reason: str) -> None:
    assert lavuk.sender_class(tuple(map(Address.of, addresses))) == name, reason


ROUTES = [
    ("x@kk.dk", "x@hvidovre.dk", Action.RELAY, "kk/almindelig/kommune"),
    ("x@kk.dk", "x@example.org", Action.BLOCK, "kk/almindelig/andre"),
    ("x@kk.dk", "x@lavuk.dk", Action.BLOCK, "kk/almindelig/insecure"),
    ("x@kk.dk", "2512489996@abc.mitdk.digital-post.dk", Action.RELAY, "kk/send_sikkert/andre"),
    ("x@kk.dk", "2512489996@digital-post.dk", Action.RELAY, "kk/send_sikkert/andre"),
    ("x@kk.dk", "2512489996@evil-digital-post.dk", Action.BLOCK, "kk/almindelig/andre"),
    ("x@lavuk.dk", "2512489996@digital-post.dk", Action.BLOCK, "insecure/send_sikkert/andre"),
    ("x@lavuk.dk", "x@kk.dk", Action.BLOCK, "insecure/almindelig/kk"),
]


@pytest.mark.parametrize(("sender", "recipient", "action", "cell"), ROUTES)
def test_a_message_with_a_number_takes_the_cell_of_its_route(
    lavuk: Policy,
    envelope: Callable[..., Envelope],
    number: Callable[..., Finding],
    sender: str,
    recipient: str,
    action: Action,
    cell: str,
) -> None:
    verdict = decide(lavuk, "outbound", envelope(sender, recipient), (Address.of(sender),), [number()], [])
    assert (verdict.action, verdict.judgements[0].cell) == (action, cell)
    assert "2512489996" not in " ".join(verdict.reasons)

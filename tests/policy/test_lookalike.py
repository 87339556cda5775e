"""Domains that look like ours, slips of the finger, and numbers in addresses that are a route."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.address import Address, a_label
from gateway.mail.envelope import Envelope
from gateway.mail.finding import Confidence, Finding
from gateway.mail.hidden import Hidden
from gateway.mail.place import TEXT, Place, header
from gateway.policy import Action, Kind, Policy, advise, decide
from gateway.policy.lookalike import folded_name, looks_like, near_miss

OWN = ("kk.dk", "lavuk.dk", "strodammen.dk")
ROUTE = "2512489996@abc.mitdk.digital-post.dk"

LOOKALIKES = [
    ("kk.dk", None, "itself"),
    ("кк.dk", "kk.dk", "Cyrillic"),
    ("κκ.dk", "kk.dk", "Greek"),
    ("k-k.dk", "kk.dk", "a hyphen the eye skips"),
    ("1avuk.dk", "lavuk.dk", "a digit for a letter"),
    ("lаvuk.dk", "lavuk.dk", "one Cyrillic letter among Latin ones"),
    ("strodarnmen.dk", "strodammen.dk", "rn for m"),
    ("strødammen.dk", "strodammen.dk", "how a Dane would spell it"),
    ("lavuk.com", None, "another name under another roof"),
    ("hvidovre.dk", None, "like none of ours"),
    ("evil-kk.dk", None, "longer is not alike"),
    ("xn--.dk", None, "no valid A-label"),
]


@pytest.mark.parametrize(("domain", "own", "reason"), LOOKALIKES)
def test_looks_like(domain: str, own: str | None, reason: str) -> None:
    assert looks_like(a_label(domain), OWN) == own, reason


KNOWN = ("hvidovre.dk", "kk.dk", "rk.dk", "lejre.dk", "vejle.dk", "gladsaxe.dk", "ltk.dk")

SLIPS = [
    ("hvidover.dk", "hvidovre.dk", "two letters swapped"),
    ("hvdovre.dk", "hvidovre.dk", "one dropped"),
    ("hvidoovre.dk", "hvidovre.dk", "one doubled"),
    ("hvidovre.kd", "hvidovre.dk", "swapped behind the dot"),
    ("gladsakse.dk", "gladsaxe.dk", "as it sounds"),
    ("vejel.dk", "vejle.dk", "swapped"),
    ("hvidovre.dk", None, "itself"),
    ("kl.dk", None, "short names have too many honest neighbours"),
    ("lk.dk", None, "so do these"),
    ("herlev.dk", None, "somebody else"),
    ("", None, "nothing"),
]


@pytest.mark.parametrize(("domain", "meant", "reason"), SLIPS)
def test_near_miss(domain: str, meant: str | None, reason: str) -> None:
    assert near_miss(domain, KNOWN) == meant, reason


@given(st.text(alphabet="kadlvu1аκ.-xn", max_size=20))
def test_any_domain_may_be_asked_about(domain: str) -> None:
    looks_like(domain, OWN)
    assert near_miss(domain, KNOWN) != domain or domain == ""


def test_names_of_places_as_domains() -> None:
    assert folded_name("Høje-Taastrup") == "hoejetaastrup"
    assert folded_name("Ærø") == "aeroe"


def test_a_look_alike_is_named_in_the_verdict(lavuk: Policy, envelope: Callable[..., Envelope]) -> None:
    verdict = decide(lavuk, "inbound", envelope("x@кк.dk", "y@1avuk.dk"), (), [], [])
    assert verdict.action is Action.RELAY
    assert verdict.reasons == ("1avuk.dk looks like lavuk.dk", "xn--j1aa.dk looks like kk.dk")


# ---------------------------------------------------------------- routes


def found_in(place: Place, digits: str = "2512489996") -> Finding:
    return Finding("cpr", "cpr", Confidence.CERTAIN, place, Hidden(digits))


ROUTES = [
    (header("to"), "x@lavuk.dk", ROUTE, Action.RELAY, "the route itself, repeated in To"),
    (header("cc"), "x@lavuk.dk", "251248-9996@digital-post.dk", Action.RELAY, "with the hyphen people write"),
    (TEXT, "x@lavuk.dk", ROUTE, Action.BLOCK, "the same number in the text is a leak"),
    (header("to"), "x@lavuk.dk", "x@example.org", Action.BLOCK, "no route among the recipients"),
    (header("to"), "x@lavuk.dk", "0707614285@digital-post.dk", Action.BLOCK, "another number than the route's"),
    (header("subject"), "x@lavuk.dk", ROUTE, Action.BLOCK, "not an address header"),
    (TEXT, "x@kk.dk", ROUTE, Action.RELAY, "Send sikkert from KK-mail is lawful"),
]


@pytest.mark.parametrize(("place", "sender", "recipient", "action", "reason"), ROUTES)
def test_a_number_in_a_route_is_no_leak(
    lavuk: Policy,
    envelope: Callable[..., Envelope],
    place: Place,
    sender: str,
    recipient: str,
    action: Action,
    reason: str,
) -> None:
    verdict = decide(lavuk, "outbound", envelope(sender, recipient), (), [found_in(place)], [])
    assert verdict.action is action, reason


@pytest.mark.parametrize("address", [ROUTE, "251248-9996@digital-post.dk", "12345678@12345678.mitdk.digital-post.dk"])
def test_a_route_is_masked_wherever_it_is_shown(lavuk: Policy, envelope: Callable[..., Envelope], address: str) -> None:
    recipient = Address.of(address)
    verdict = decide(lavuk, "outbound", envelope("x@lavuk.dk", address), (), [found_in(TEXT)], [])
    shown = " ".join([recipient.shown, recipient.masked, *verdict.reasons, *(each.cell for each in verdict.judgements)])
    assert "2512489996" not in shown
    assert "251248-9996" not in shown
    assert "12345678" not in shown


def test_whom_a_route_leads_to(lavuk: Policy) -> None:
    kinds = [
        advise(lavuk, None, Address.of(route)).kind
        for route in (ROUTE, "12345678@digital-post.dk", "masseforsendelse-1@x.ngdp.digital-post.dk")
    ]
    assert kinds == [Kind.BORGER, Kind.VIRKSOMHED, Kind.UKENDT]

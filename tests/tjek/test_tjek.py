"""tjek: class and way from the policy, DNS from a real signed zone; no answer is "unknown", never a wrong "sikker"."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import dns.rcode
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.address import Address
from gateway.policy import Method, Policy, Route
from gateway.tjek import Answer, Dns, Lookup, Told, as_record, as_text, tjek

YES, NO, UNKNOWN = Told.YES, Told.NO, Told.UNKNOWN

signed_zone = pytest.mark.peer("knotd", "unbound")


def ask(policy: Policy, lookup: Lookup, *addresses: str, seconds: float = 3.0) -> tuple[Answer, ...]:
    return asyncio.run(tjek(policy, tuple(map(Address.of, addresses)), lookup, seconds=seconds))


NOBODY = Lookup(None)

ZONE = [
    ("kk.dk", Dns(YES, YES, NO, ("mx.kk.dk", "mx2.kk.dk"), YES, YES), "signed to the last record"),
    ("KK.DK.", Dns(YES, YES, NO, ("mx.kk.dk", "mx2.kk.dk"), YES, YES), "case and the root's dot"),
    ("hvidovre.dk", Dns(YES, YES, NO, ("mx.hvidovre.dk",), NO, NO), "mail, but neither MTA-STS nor DANE"),
    ("half.dk", Dns(YES, YES, NO, ("mx.kk.dk", "mx.hvidovre.dk"), NO, NO), "one server with TLSA is not all"),
    ("gmail.com", Dns(YES, YES, NO, ("mx.gmail.com",), NO, UNKNOWN), "TLSA unsigned proves nothing; two STS records"),
    ("nomail.dk", Dns(YES, NO, YES, (), NO, NO), "Null MX"),
    ("aonly.dk", Dns(YES, YES, NO, ("aonly.dk",), NO, UNKNOWN), "no MX: the domain itself"),
    ("words.dk", Dns(YES, NO, NO, (), NO, NO), "exists, takes no mail"),
    ("hvidover.dk", Dns(NO, NO, NO, (), NO, NO), "does not exist"),
    ("børgmester.dk", Dns(YES, YES, NO, ("mx.kk.dk",), NO, YES), "an IDN is asked about as A-label"),
    ("broken.bogus", Dns(UNKNOWN, UNKNOWN, UNKNOWN, (), UNKNOWN, UNKNOWN), "a signature that does not hold"),
    ("nothing.invalid", Dns(), "a resolver that cannot see the world is not believed"),
]


@signed_zone
@pytest.mark.parametrize(("domain", "told", "reason"), ZONE, ids=[domain for domain, *_ in ZONE])
def test_what_dns_says(lavuk: Policy, resolver: int, domain: str, told: Dns, reason: str) -> None:
    (answer,) = ask(lavuk, Lookup.at("127.0.0.1", resolver), f"x@{domain}")
    assert answer.dns == told, reason


@signed_zone
def test_a_signature_flag_counts_only_over_loopback(lavuk: Policy, resolver: int) -> None:
    lookup = Lookup.at("127.0.0.1", resolver)
    lookup._signed_answers = False  # as for a resolver elsewhere
    (answer,) = ask(lavuk, lookup, "x@kk.dk")
    assert answer.dns.dane is UNKNOWN
    assert not Lookup.at("192.0.2.53")._signed_answers
    assert Lookup.at("::1")._signed_answers


@signed_zone
def test_the_providers_mail_servers_are_a_hint(lavuk: Policy, resolver: int) -> None:
    hint, none = ask(lavuk, Lookup.at("127.0.0.1", resolver), "city@hb-care.dk", "x@kk.dk")
    assert (hint.provider, none.provider) == ("SEPO", None)
    assert hint.advice.route is Route.SEND_SIKKERT, "a hint never makes a recipient a member"


@signed_zone
def test_answers_are_remembered_for_their_ttl(lavuk: Policy, resolver: int) -> None:
    """The second question is answered while nobody listens any more; another name is not."""
    lookup = Lookup.at("127.0.0.1", resolver)

    async def twice() -> tuple[Answer, Answer, Answer]:
        kk, other = (Address.of("x@kk.dk"),), (Address.of("x@hvidovre.dk"),)
        (first,) = await tjek(lavuk, kk, lookup)
        assert lookup._resolver is not None
        lookup._resolver.port = 1
        (again,) = await tjek(lavuk, kk, lookup)
        (unasked,) = await tjek(lavuk, other, lookup, seconds=0.5)
        return first, again, unasked

    first, again, unasked = asyncio.run(twice())
    assert first.dns == again.dns
    assert unasked.dns == Dns()


@pytest.mark.parametrize("rcode", [None, dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NXDOMAIN])
def test_no_answer_is_unknown_and_in_time(
    lavuk: Policy, answering: Callable[[int | None], int], rcode: int | None
) -> None:
    lookup = Lookup.at("127.0.0.1", answering(rcode))

    async def timed() -> tuple[tuple[Answer, ...], float]:
        clock = asyncio.get_running_loop().time
        begin = clock()
        addresses = tuple(Address.of(f"x@d{number}.dk") for number in range(20))
        return await tjek(lavuk, addresses, lookup, seconds=0.5), clock() - begin

    answers, seconds = asyncio.run(timed())
    assert {answer.dns for answer in answers} <= {Dns(), Dns(mta_sts=NO)}
    assert seconds < 10, "the deadline holds for all together, not for each"


def test_without_a_resolver_the_rest_stands(lavuk: Policy) -> None:
    (answer,) = ask(lavuk, NOBODY, "x@hvidovre.dk")
    assert answer.dns == Dns()
    assert answer.advice.method is Method.ALMINDELIG
    assert "ukendt" in as_text(answer, "")


WHY = [
    ("x@kk.dk", "kk", "KK-mail", None),
    ("x@hvidovre.dk", "kommune", "De 98 kommuners maildomæner", None),
    ("foo@hvidover.dk", "andre", None, "foo@hvidovre.dk"),
    ("x@ballerup.dk", "andre", None, "x@balk.dk"),
    ("x@hoeje-taastrup.dk", "andre", None, "x@htk.dk"),
    ("x@esbjergkommune.dk", "andre", "De 98 kommuners maildomæner", None),
    ("x@regionh.dk", "andre", "Regionernes maildomæner", None),
    ("city@HB-care.dk", "andre", "Virksomheders sikre mailadresser", None),
    ("x@example.org", "andre", None, None),
    ("2512489996@digital-post.dk", "andre", None, None),
]


@pytest.mark.parametrize(("address", "name", "title", "meant"), WHY)
def test_class_and_why(lavuk: Policy, address: str, name: str, title: str | None, meant: str | None) -> None:
    (answer,) = ask(lavuk, NOBODY, address)
    assert answer.advice.recipient_class == name
    assert answer.did_you_mean == meant
    text = as_text(answer, "the way")
    assert title is None or title in text
    assert "2512489996" not in text + json.dumps(as_record(answer))


def test_what_is_not_confirmed_is_said_to_be(lavuk: Policy) -> None:
    (answer,) = ask(lavuk, NOBODY, "x@regionh.dk")
    assert answer.listing is not None
    assert not answer.listing.active
    assert "ikke bekræftet" in as_text(answer, "")
    assert "not confirmed" in as_text(answer, "", "en")


def test_a_look_alike_is_a_warning_not_a_suggestion(lavuk: Policy) -> None:
    (answer,) = ask(lavuk, NOBODY, "x@кк.dk")
    assert (answer.imitates, answer.did_you_mean) == ("kk.dk", None)
    assert "Pas på" in as_text(answer, "")


@settings(deadline=None)
@given(st.text(max_size=40), st.sampled_from(["{}", "{}@kk.dk", "x@{}", "x@{}.dk", "x@a..{}"]))
def test_anything_may_be_asked_about(lavuk: Policy, text: str, form: str) -> None:
    address = form.format(text)
    (answer,) = ask(lavuk, Lookup.at("127.0.0.1", 1), address, seconds=0.0)
    assert answer.dns == Dns()
    assert as_text(answer, "way", "da").strip()
    json.dumps(as_record(answer))


# ---------------------------------------------------------------- the command


def run(*words: str) -> tuple[int, str, str]:
    from gateway.cli.tjek import command

    result = CliRunner().invoke(command, words)
    return result.exit_code, result.stdout, result.stderr


@signed_zone
def test_the_command_in_danish_english_and_json(resolver: int) -> None:
    words = ("city@hb-care.dk", "someone@gmail.com", "foo@hvidover.dk", "--resolver", f"127.0.0.1:{resolver}")
    status, danish, _ = run(*words)
    assert status == 0
    for line in ("Mente du:   foo@hvidovre.dk?", "domænet findes ikke", "Send sikkert", "SEPO"):
        assert line in danish
    status, english, _ = run(*words, "--lang", "en")
    assert status == 0
    assert "You meant:  foo@hvidovre.dk?" in english
    status, records, _ = run(*words, "--json")
    assert [json.loads(line)["class"] for line in records.splitlines()] == ["andre"] * 3
    assert json.loads(records.splitlines()[2])["did_you_mean"] == "foo@hvidovre.dk"


def test_what_is_no_address_is_told_without_repeating_a_number(answering: Callable[[int | None], int]) -> None:
    status, out, err = run("2512489996", "x@kk.dk", "--resolver", f"127.0.0.1:{answering(dns.rcode.REFUSED)}")
    assert status == 2
    assert "x@kk.dk" in out
    assert err == "postvagt: `••••••••••` is no mail address, write `name@example.dk`\n"


def test_a_resolver_that_is_none() -> None:
    status, _, err = run("x@kk.dk", "--resolver", "somewhere")
    assert (status, err.count("\n")) == (2, 1)

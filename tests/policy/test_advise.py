"""The lawful way, from this sender to this recipient."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.mail.address import Address
from gateway.policy import Advice, Kind, Method, Policy, Route, advise, load_policy

Change = Callable[..., dict[str, str]]


def way(policy: Policy, sender: str, recipient: str) -> Advice:
    return advise(policy, Address.of(sender), Address.of(recipient))


FAELLESMAIL = [
    ("dagklub@lavuk.dk", "borgervænget@kk.dk", "the guide's first row"),
    ("DAGKLUB@Lavuk.DK", "borgervænget@kk.dk", "in any case"),
    ("Sdr.fasanvej@lavuk.dk", "Sdr.fasanvej@kk.dk", "the second"),
    ("sdr.FASANVEJ@lavuk.dk", "Sdr.fasanvej@kk.dk", "in any case"),
    ("Pers.lærkevej@lavuk.dk", "lærkevej@kk.dk", "the third"),
    ("Pers.la\u0308rkevej@lavuk.dk", "stjernen@kk.dk", "ä is not æ: the domain's default"),
    ("pers.LÆRKEVEJ@lavuk.dk", "lærkevej@kk.dk", "Æ is æ in any case"),
    ("pers.laerkevej@lavuk.dk", "lærkevej@kk.dk", "as a program without SMTPUTF8 must write it"),
    ("dagtilbuddet@strodammen.dk", "strodammen@kk.dk", "the fourth"),
    ("anyone@strodammen.dk", "strodammen@kk.dk", "the domain's default"),
    ("anyone@lavuk.dk", "stjernen@kk.dk", "the domain's default"),
    ("anyone@sub.lavuk.dk", None, "not our domain"),
    ("anyone@example.org", None, "not our domain"),
]


@pytest.mark.parametrize(("sender", "mailbox", "reason"), FAELLESMAIL)
def test_the_faellesmail_of_a_sender(lavuk: Policy, sender: str, mailbox: str | None, reason: str) -> None:
    assert way(lavuk, sender, "x@kk.dk").mailbox == (Address.of(mailbox) if mailbox else None), reason


WAYS = [
    ("dagklub@lavuk.dk", "x@kk.dk", Route.ALMINDELIG, Method.ALMINDELIG, Kind.MYNDIGHED),
    ("dagklub@lavuk.dk", "x@hvidovre.dk", Route.ALMINDELIG, Method.ALMINDELIG, Kind.MYNDIGHED),
    ("dagklub@lavuk.dk", "x@example.org", Route.SEND_SIKKERT, Method.SEND_SIKKERT, Kind.UKENDT),
    ("dagklub@lavuk.dk", "x@gmail.com", Route.SEND_SIKKERT, Method.SEND_SIKKERT, Kind.BORGER),
    ("dagklub@lavuk.dk", "city@HB-care.dk", Route.SEND_SIKKERT, Method.SEND_SIKKERT, Kind.VIRKSOMHED),
    ("dagklub@lavuk.dk", "other@hb-care.dk", Route.SEND_SIKKERT, Method.SEND_SIKKERT, Kind.UKENDT),
    ("dagklub@lavuk.dk", "dagtilbuddet@strodammen.dk", Route.FAELLESMAIL, Method.ALMINDELIG, Kind.EGEN),
    ("x@kk.dk", "x@example.org", Route.SEND_SIKKERT, Method.SEND_SIKKERT, Kind.UKENDT),
    ("x@kk.dk", "x@hvidovre.dk", Route.ALMINDELIG, Method.ALMINDELIG, Kind.MYNDIGHED),
    ("x@kk.dk", "dagklub@lavuk.dk", Route.FAELLESMAIL, Method.ALMINDELIG, Kind.EGEN),
]


@pytest.mark.parametrize(("sender", "recipient", "route", "method", "kind"), WAYS)
def test_the_lawful_way(lavuk: Policy, sender: str, recipient: str, route: Route, method: Method, kind: Kind) -> None:
    advice = way(lavuk, sender, recipient)
    assert (advice.route, advice.method, advice.kind) == (route, method, kind)


def test_a_recipient_in_our_old_mailboxes_is_written_to_at_his_faellesmail(lavuk: Policy) -> None:
    assert way(lavuk, "dagklub@lavuk.dk", "Sdr.fasanvej@lavuk.dk").instead == Address.of("Sdr.fasanvej@kk.dk")
    assert way(lavuk, "dagklub@lavuk.dk", "x@hvidovre.dk").instead is None


def test_stjernen_is_for_leaders_and_for_recipients_outside_the_tunnel(lavuk: Policy) -> None:
    stjernen = Address.of("stjernen@kk.dk")
    assert way(lavuk, "dagklub@lavuk.dk", "x@example.org").leaders == stjernen
    assert way(lavuk, "dagklub@lavuk.dk", "x@hvidovre.dk").leaders is None
    assert way(lavuk, "anyone@lavuk.dk", "x@example.org").leaders is None, "named as the mailbox already"


def test_a_secure_sender_stays_in_his_own_mailbox(lavuk: Policy) -> None:
    advice = way(lavuk, "leder@kk.dk", "x@example.org")
    assert (advice.mailbox, advice.is_own_mailbox) == (Address.of("leder@kk.dk"), True)


def test_an_unknown_sender_gets_mailboxes_to_choose_from(lavuk: Policy) -> None:
    names = [choice.text for choice in way(lavuk, "anyone@lavuk.dk", "x@kk.dk").choices]
    assert names == ["borgervænget@kk.dk", "lærkevej@kk.dk", "Sdr.fasanvej@kk.dk", "strodammen@kk.dk"]
    assert way(lavuk, "dagklub@lavuk.dk", "x@kk.dk").choices == ()
    assert way(lavuk, "x@kk.dk", "x@kk.dk").choices == ()


def test_people_patterns_and_leaders(changed: Change) -> None:
    files = changed(
        "faellesmail.yaml", "people: []\n", "people:\n  - {person: anne@lavuk.dk, dagtilbud: sdr. fasanvej}\n"
    )
    files["faellesmail.yaml"] = (
        files["faellesmail.yaml"]
        .replace(
            "patterns: []",
            'patterns:\n  - {pattern: "dagklub-*@lavuk.dk", new: borgervænget@kk.dk}\n'
            '  - {pattern: "dagklub-nord*@lavuk.dk", new: lærkevej@kk.dk}',
        )
        .replace("people: []    ", "people: [chef@lavuk.dk]    ")
    )
    policy = load_policy(files)
    assert way(policy, "Anne@lavuk.dk", "x@kk.dk").mailbox == Address.of("Sdr.fasanvej@kk.dk")
    assert way(policy, "dagklub-syd@lavuk.dk", "x@kk.dk").mailbox == Address.of("borgervænget@kk.dk")
    assert way(policy, "dagklub-nordost@lavuk.dk", "x@kk.dk").mailbox == Address.of("lærkevej@kk.dk"), "most literal"
    assert way(policy, "dagklub-syd@example.org", "x@kk.dk").mailbox is None
    assert way(policy, "chef@lavuk.dk", "x@kk.dk").mailbox == Address.of("stjernen@kk.dk")
    assert way(policy, "dagklub@lavuk.dk", "x@kk.dk").mailbox == Address.of("borgervænget@kk.dk"), "a row goes first"


def test_a_mailbox_that_moved_twice_ends_at_the_last_address(changed: Change) -> None:
    text = "    new: borgervænget@kk.dk\n"
    moved = "    new: borgervænget@kk.dk\n\n  - old: [borgervænget@kk.dk]\n    new: vænget@kk.dk\n"
    policy = load_policy(changed("faellesmail.yaml", text, moved))
    assert way(policy, "dagklub@lavuk.dk", "x@kk.dk").mailbox == Address.of("vænget@kk.dk")


def test_a_mailbox_with_an_æ_is_also_named_without(lavuk: Policy, changed: Change) -> None:
    assert way(lavuk, "dagklub@lavuk.dk", "x@kk.dk").alias == Address.of("borgervaenget@kk.dk")
    assert way(lavuk, "Sdr.fasanvej@lavuk.dk", "x@kk.dk").alias is None
    assert way(lavuk, "x@kk.dk", "x@kk.dk").alias is None
    moved = "    aliases: [borgervaenget@kk.dk]\n  - {old: [borgervænget@kk.dk], new: vænget@kk.dk}\n"
    policy = load_policy(changed("faellesmail.yaml", "    aliases: [borgervaenget@kk.dk]", moved + "  #"))
    assert policy.faellesmail.of(Address.of("Borgervaenget@kk.dk")) == Address.of("vænget@kk.dk")

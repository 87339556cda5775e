"""What an event says and what it never says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit import Event, Found, Recipient, Unread, danish_time, keyed, recorded_findings, recorded_recipient
from gateway.audit.event import recorded_sender, recorded_unreadable
from gateway.mail.address import Address
from gateway.mail.finding import Confidence, Finding
from gateway.mail.fragment import Reason, Unreadable
from gateway.mail.hidden import Hidden
from gateway.mail.place import SUBJECT, TEXT, attachment

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEY = b"k" * 32

words = st.text(max_size=20)
founds = st.builds(Found, words, words, words, words, st.integers(0, 99), st.lists(words, max_size=3).map(tuple))
events = st.builds(
    Event,
    case_id=words,
    at=st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)),
    sender=words,
    recipients=st.lists(st.builds(Recipient, words, words, words, words), max_size=3).map(tuple),
    findings=st.lists(founds, max_size=3).map(tuple),
    unreadable=st.lists(st.builds(Unread, words, words), max_size=2).map(tuple),
    rows=st.lists(words, max_size=2).map(tuple),
    size=st.integers(0, 2**40),
    verdict=st.sampled_from(("relay", "block", "defer")),
    timings=st.dictionaries(words, st.floats(0, 1e6), max_size=2),
)


@settings(max_examples=60)
@given(events)
def test_an_event_read_back_is_the_event_that_was_written(event: Event) -> None:
    line = event.encode()
    line.encode("utf-8")
    assert "\n" not in line
    assert Event.decode(line) == event


def test_a_broken_surrogate_does_not_keep_an_event_from_its_record() -> None:
    line = Event(case_id="1", at=NOON, reply="250 \udcff ok").encode()
    assert json.loads(line)["reply"] == "250 ? ok"


def test_a_field_of_a_later_version_is_left_out_and_not_an_error() -> None:
    line = '{"kind":"message","case_id":"1","utc":"2026-11-24T12:00:00.000000Z","colour":"blue"}'
    assert Event.decode(line) == Event(case_id="1", at=NOON)


def test_equal_values_count_once_and_are_kept_only_as_a_keyed_hmac() -> None:
    cpr = [Finding("cpr", "cpr", Confidence.CERTAIN, TEXT, Hidden("0707614285"))] * 2
    other = Finding("cpr", "cpr", Confidence.CERTAIN, TEXT, Hidden("2512489996"))
    elsewhere = Finding("cpr", "cpr", Confidence.CERTAIN, SUBJECT, Hidden("0707614285"))
    in_text, in_subject = recorded_findings([*cpr, other, elsewhere], KEY)
    assert (in_text.where, in_text.count, len(in_text.identities)) == ("text", 2, 2)
    assert in_subject.identities[0] == in_text.identities[0] == keyed("0707614285", KEY)
    assert "0707614285" not in repr((in_text, in_subject))


def test_another_key_gives_another_identity() -> None:
    assert keyed("0707614285", KEY) != keyed("0707614285", b"n" * 32)


@pytest.mark.parametrize(
    ("address", "masked", "domain"),
    [
        pytest.param("foraelder@example.org", "f…@example.org", "example.org", id="only the first letter stays"),
        pytest.param("0707614285@example.org", "…@example.org", "example.org", id="a recipient may be a CPR number"),
        pytest.param("x@070761-4285.example", "x…@•••••••••••.example", "•••••••••••.example", id="so may a domain"),
        pytest.param("ø@ærø.dk", "ø…@xn--r-3fa9c.dk", "xn--r-3fa9c.dk", id="domains compare as A-labels"),
    ],
)
def test_recipients_are_masked(address: str, masked: str, domain: str) -> None:
    got = recorded_recipient(Address.of(address), "other", KEY)
    assert (got.masked, got.domain) == (masked, domain)


def test_a_recipient_is_recognised_however_it_was_written() -> None:
    one, two = (recorded_recipient(Address.of(text), "", KEY) for text in ("Anna.B@Example.ORG", "anna.b@example.org"))
    assert one.identity == two.identity


@pytest.mark.parametrize(
    ("address", "own", "want"),
    [
        pytest.param("Dagklub@lavuk.dk", True, "Dagklub@lavuk.dk", id="our own as given"),
        pytest.param("borger@example.org", False, "b…@example.org", id="a stranger masked"),
        pytest.param("070761-4285@lavuk.dk", True, "•••••••••••@lavuk.dk", id="a long number never"),
        pytest.param("", False, "<>", id="null reverse-path"),
    ],
)
def test_senders(address: str, own: bool, want: str) -> None:
    assert recorded_sender(Address.of(address), own) == want


def test_unreadable_parts_say_where_and_why() -> None:
    parts = [Unreadable(attachment("zip", 2), Reason.ENCRYPTED)]
    assert recorded_unreadable(parts) == (Unread("attachment:zip 2", "encrypted"),)


@pytest.mark.parametrize(
    ("verdict", "mode", "kind", "keep"),
    [
        ("relay", "enforce", "message", "relay"),
        ("defer", "enforce", "message", "relay"),
        ("block", "enforce", "message", "block"),
        pytest.param("block", "monitor", "message", "breach", id="it left although policy would have stopped it"),
        ("", "", "start", "service"),
    ],
)
def test_how_long_it_is_kept_follows_from_what_happened(verdict: str, mode: str, kind: str, keep: str) -> None:
    assert Event(case_id="1", at=NOON, kind=kind, verdict=verdict, mode=mode).keep == keep


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        pytest.param("2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01:00", id="the last second of winter"),
        pytest.param("2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00", id="the first of summer"),
        pytest.param("2026-10-25T00:59:59Z", "2026-10-25T02:59:59+02:00", id="the last of summer"),
        pytest.param("2026-10-25T01:00:00Z", "2026-10-25T02:00:00+01:00", id="the first of winter"),
        pytest.param("2027-01-01T00:30:00Z", "2027-01-01T01:30:00+01:00", id="new year"),
    ],
)
def test_danish_time(utc: str, local: str) -> None:
    assert danish_time(datetime.fromisoformat(utc)).isoformat() == local


@given(st.datetimes(min_value=datetime(1997, 1, 1), max_value=datetime(2037, 12, 31)))
def test_danish_time_agrees_with_the_time_zone_database(naive: datetime) -> None:
    zoneinfo = pytest.importorskip("zoneinfo")
    try:
        copenhagen = zoneinfo.ZoneInfo("Europe/Copenhagen")
    except zoneinfo.ZoneInfoNotFoundError:
        pytest.skip("no time zone database here")
    at = naive.replace(tzinfo=UTC)
    assert danish_time(at).isoformat() == at.astimezone(copenhagen).isoformat()


def test_the_order_of_times_does_not_depend_on_the_zone_they_came_in() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=-7)))
    assert Event(case_id="1", at=there).microseconds == Event(case_id="1", at=NOON).microseconds
    assert Event(case_id="1", at=there).encode() == Event(case_id="1", at=NOON).encode()

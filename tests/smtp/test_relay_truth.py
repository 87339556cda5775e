"""The client always hears the truth: nothing is lost, nothing is said before it is so (promise 1)."""

from __future__ import annotations

import time

import pytest
from support.numbers import shows_number
from support.ports import free_port
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop, without_our_fields

HARMLESS = b"From: dagklub@lavuk.dk\r\nSubject: Tur\r\n\r\nHusk regntoj.\r\n"
WITH_CPR = b"From: dagklub@lavuk.dk\r\nSubject: Sag\r\n\r\nBarnets cpr er 070761-4285.\r\n"


def test_a_harmless_message_arrives_byte_for_byte_under_two_fields(client: RawClient, hop: ScriptedHop) -> None:
    assert client.transaction(HARMLESS) == "250 2.0.0 taken as 4711", "the next hop's own words"
    assert [without_our_fields(message) for message in hop.messages] == [HARMLESS]
    assert hop.taken[0].mail == b"MAIL FROM:<dagklub@lavuk.dk>"
    assert hop.taken[0].rcpt == [b"RCPT TO:<a@example.org>"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"X: y\r\n\r\n.\r\n..\r\n...x\r\n", "dots at the beginning of lines"),
        (b"X: y\r\n\r\n" + b"x" * 100_000 + b"\r\n", "a line of 100 000 bytes"),
        (b"X: y\r\n\r\n\xff\xfe\x00\x80raw 8-bit\r\n", "bytes of no charset"),
        (b"X: y\r\n\r\nbare\nline\rends\r\n", "bare CR and LF that end no message"),
        (b"X: y\r\n\r\n" + b"\r\n" * 200_000, "200 000 empty lines"),
        (b"no header at all\r\n", "no header"),
        (b"", "nothing at all"),
        (b"X: y\r\n\r\n" + b"0123456789abcde\n" * 90_000 + b"\r\n", "larger than what is inspected at once"),
        (b"X: y\r\r\n\r\r\n" + b"0123456789abcde\r\r\n" * 90_000 + b"\r\n", "lines that end in CR CR LF, 1.7 MB"),
        (b"X: y\n\n" + b"0123456789abcde\n" * 90_000 + b"\r\n", "a header with bare line feeds, 1.4 MB"),
        (b"0123456789abcde\r\n" * 90_000, "no header, 1.5 MB"),
    ],
)
def test_any_bytes_pass_as_they_are(client: RawClient, hop: ScriptedHop, content: bytes, reason: str) -> None:
    assert client.transaction(content)[:3] == "250", reason
    assert without_our_fields(hop.messages[0]) == content


def test_a_blocked_message_goes_nowhere_and_its_bounce_does(client: RawClient, hop: ScriptedHop) -> None:
    reply = client.transaction(WITH_CPR, recipients=["sagsbehandler@hvidovre.dk"])
    assert reply.startswith("250 2.0.0 Message stopped")
    [bounce] = hop.taken
    assert bounce.mail.startswith(b"MAIL FROM:<>")
    assert bounce.rcpt == [b"RCPT TO:<dagklub@lavuk.dk>"]
    assert not shows_number(hop.messages[0])


def test_odd_line_ends_hide_nothing(client: RawClient, hop: ScriptedHop) -> None:
    """What mail programs take for a line end, we take for one."""
    for end in (b"\n", b"\r\r\n", b"\r"):
        content = (
            b"From: dagklub@lavuk.dk\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n"
            b"Content-Transfer-Encoding: base64\n\nQmFybmV0cyBjcHIgZXIgMDcwNzYxLTQyODUu\n--b--\n"
        ).replace(b"\n", end)
        assert client.transaction(content + b"\r\n").startswith("250 2.0.0 Message stopped"), end


def test_a_blocked_null_sender_is_refused_and_never_bounced(client: RawClient, hop: ScriptedHop) -> None:
    assert client.transaction(WITH_CPR, sender="").startswith("550 5.7.1 ")
    assert hop.taken == []


def test_an_outside_sender_is_refused_and_never_bounced(client: RawClient, hop: ScriptedHop) -> None:
    content = WITH_CPR.replace(b"dagklub@lavuk.dk", b"x@example.net")
    assert client.transaction(content, sender="x@example.net").startswith("550 5.7.1 ")
    assert hop.taken == []


@pytest.mark.parametrize(
    ("answers", "expected", "reason"),
    [
        ({b"MAIL": b"450 4.1.8 later\r\n"}, "450 4.1.8 later", "4xx at MAIL passes as it is"),
        ({b"MAIL": b"550 5.1.8 never\r\n"}, "550 5.1.8 never", "5xx at MAIL passes as it is"),
        ({b"RCPT": b"450 4.2.1 full\r\n"}, "450 4.2.1 full", "4xx at RCPT"),
        ({b"RCPT": b"550 5.1.1 who\r\n"}, "550 5.1.1 who", "5xx at RCPT"),
        ({b"DATA": b"451 4.3.0 busy\r\n"}, "451 4.3.0 busy", "4xx at DATA"),
        ({b"DATA": b"554 5.5.1 no\r\n"}, "554 5.5.1 no", "5xx at DATA"),
        ({b".": b"452 4.3.1 full\r\n"}, "452 4.3.1 full", "4xx at the dot"),
        ({b".": b"552 5.3.4 big\r\n"}, "552 5.3.4 big", "5xx at the dot"),
        ({b".": b"550-5.7.1 one\r\n550 5.7.1 two\r\n"}, "550-5.7.1 one\n550 5.7.1 two", "lines stay lines"),
        ({b".": b"421 4.3.2 bye\r\n"}, "451 4.3.2 bye", "421 would close our own line"),
        ({b"MAIL": b"<close>"}, "451 4.4.1", "gone at MAIL"),
        ({b"RCPT": b"<close>"}, "451 4.4.1", "gone at RCPT"),
        ({b"DATA": b"<close>"}, "451 4.4.1", "gone at DATA"),
        ({b".": b"<close>"}, "451 4.4.2", "gone after our dot: it may have the message, a duplicate is possible"),
        ({b".": b"<hang>"}, "451 4.4.2", "silent after our dot"),
        ({b".": b"354 what\r\n"}, "451 4.4.2", "an answer that is none"),
        ({b".": b"rubbish\r\n"}, "451 4.4.2", "no SMTP"),
    ],
)
def test_what_the_next_hop_says_is_what_the_client_hears(
    client: RawClient, hop: ScriptedHop, answers: dict, expected: str, reason: str
) -> None:
    hop.answers = answers
    assert client.transaction(HARMLESS).startswith(expected), reason
    assert hop.taken == []
    hop.answers = {}
    assert client.transaction(HARMLESS).startswith("250"), "and the next message goes through"
    assert len(hop.taken) == 1


def test_recipients_are_refused_one_by_one(client: RawClient, hop: ScriptedHop) -> None:
    hop.answers = {b"RCPT": [b"250 ok\r\n", b"550 5.1.1 unknown\r\n", b"250 ok\r\n"]}
    assert client.say("MAIL FROM:<dagklub@lavuk.dk>")[:3] == "250"
    assert [client.say(f"RCPT TO:<{name}@example.org>")[:3] for name in "abc"] == ["250", "550", "250"]
    client.say("DATA")
    assert client.message(HARMLESS)[:3] == "250"
    assert hop.taken[0].rcpt == [b"RCPT TO:<a@example.org>", b"RCPT TO:<c@example.org>"]


def test_a_dead_session_from_the_pool_is_not_the_clients_trouble(client: RawClient, hop: ScriptedHop) -> None:
    """The first session ends while it waits; the next message gets a fresh one."""
    assert client.transaction(HARMLESS)[:3] == "250"
    hop.answers = {b"MAIL": [b"<close>", b"250 ok\r\n"]}
    assert client.transaction(HARMLESS)[:3] == "250"
    assert len(hop.taken) == 2


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({b".": b"451 4.3.0 later\r\n"}, "451 4.3.0 later"),
        ({b".": b"<close>"}, "451 4.4.2"),
        ({b"RCPT": [b"250 ok\r\n", b"450 4.2.1 later\r\n"]}, "450 4.2.1 later"),
        ({b"RCPT": [b"250 ok\r\n", b"550 5.1.1 no such sender\r\n"]}, "550 5.7.1 "),
        ({b".": b"554 5.6.0 no bounces here\r\n"}, "550 5.7.1 "),
    ],
)
def test_a_bounce_that_is_not_taken_leaves_the_message_with_the_client(
    client: RawClient, hop: ScriptedHop, answers: dict, expected: str
) -> None:
    hop.answers = answers
    assert client.transaction(WITH_CPR).startswith(expected)
    assert hop.taken == []


def test_a_client_that_leaves_before_the_message_is_given_on_keeps_it(
    client: RawClient, hop: ScriptedHop, gateway: RunningGateway
) -> None:
    """It will come again, so the next hop must not have it too."""
    client.say("MAIL FROM:<dagklub@lavuk.dk>")
    client.say("RCPT TO:<a@example.org>")
    client.say("DATA")
    client.send(HARMLESS[:-10])
    client.socket.close()
    client.stream.close()
    time.sleep(0.3)
    assert hop.taken == []


def test_a_half_closed_client_still_hears_its_answer(client: RawClient, hop: ScriptedHop) -> None:
    import socket

    client.say("MAIL FROM:<dagklub@lavuk.dk>")
    client.say("RCPT TO:<a@example.org>")
    client.say("DATA")
    client.send(HARMLESS + b".\r\n")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.hear()[:3] == "250"
    assert len(hop.taken) == 1


def test_without_a_next_hop_everything_is_temporary(tmp_path) -> None:
    gateway = RunningGateway(tmp_path, free_port()).start()
    try:
        with RawClient(gateway.port) as client:
            assert client.hello().startswith("421 4.4.1"), "it was never heard, so what it can do is not known"
            assert client.hear() == "", "and 421 ends the line"
        log = gateway.log.read_text()
        assert log.count("clients hear 4xx") == 1
    finally:
        gateway.stop()


def test_every_message_has_its_event(gateway: RunningGateway, client: RawClient, hop: ScriptedHop) -> None:
    before = len(gateway.events())
    client.transaction(HARMLESS)
    client.transaction(WITH_CPR, recipients=["sagsbehandler@hvidovre.dk", "a@example.org"])
    hop.answers = {b".": b"452 4.3.1 full\r\n"}
    client.transaction(HARMLESS)
    relayed, blocked, deferred = gateway.events()[before:]
    assert (relayed.verdict, relayed.reply) == ("relay", "250 2.0.0 taken as 4711")
    assert (blocked.verdict, blocked.follow_up) == ("block", "bounce")
    assert [(row.category, row.where, row.count) for row in blocked.findings] == [("cpr", "text", 1)]
    assert blocked.rows == ("insecure/almindelig/kommune", "insecure/almindelig/andre")
    assert [recipient.masked for recipient in blocked.recipients] == ["s…@hvidovre.dk", "a…@example.org"]
    assert deferred.reply == "452 4.3.1 full"
    assert not shows_number(gateway.everything_written())

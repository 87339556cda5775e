"""The edge read by an attacker and by a picky postmaster: strange clients, and a next hop that does not behave."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop, without_our_fields

HARMLESS = b"From: dagklub@lavuk.dk\r\nSubject: Tur\r\n\r\nHusk regntoj.\r\n"
WITH_CPR = b"From: dagklub@lavuk.dk\r\nSubject: Sag\r\n\r\nBarnets cpr er 070761-4285.\r\n"


# ---------------------------------------------------------------- a next hop that does not behave


@pytest.mark.parametrize(
    ("answers", "expected", "reason"),
    [
        ({b"DATA": b"250 2.0.0 ok\r\n"}, "451", "yes to DATA is no yes to the message"),
        ({b"DATA": b"354 go\r\n250 2.0.0 taken\r\n"}, "451", "an answer to the dot before the dot"),
        ({b"RCPT": b"250 2.1.5 ok\r\n250 2.1.5 ok\r\n"}, "451", "an answer too many: all later ones are one off"),
        ({b"MAIL": b"354 go\r\n"}, "451", "MAIL is not answered by 354"),
        ({b"RCPT": b"354 go\r\n"}, "451", "RCPT is not answered by 354"),
        ({b"MAIL": b"199 what\r\n"}, "451", "no reply code of SMTP"),
        ({b"MAIL": b"999 what\r\n"}, "451", "no reply code of SMTP"),
        ({b"MAIL": b"25 what\r\n"}, "451", "two digits"),
        ({b".": b"250-one\r\n550 two\r\n"}, "451", "two minds in one reply"),
        ({b".": b"250ok\r\n"}, "451", "no blank behind the code"),
        ({b".": b"\r\n"}, "451", "an empty line"),
        ({b"MAIL": b"250 ok\n"}, "250", "a bare line feed ends a reply line, as most clients read it"),
    ],
)
def test_an_odd_answer_is_never_a_yes_to_the_message(
    client: RawClient, hop: ScriptedHop, answers: dict, expected: str, reason: str
) -> None:
    hop.answers = answers
    assert client.transaction(HARMLESS)[:3] == expected, reason
    believed = answers.get(b".", b"").startswith(b"250")  # what the hop of the test took for its own yes
    assert len(hop.taken) == (expected == "250" or believed)
    hop.answers = {}
    hop.taken = []
    assert client.transaction(HARMLESS)[:3] == "250", "and the next message goes through"
    assert [without_our_fields(message) for message in hop.messages] == [HARMLESS]


def test_control_characters_of_a_reply_do_not_reach_the_client(client: RawClient, hop: ScriptedHop) -> None:
    hop.answers = {b".": b"550 5.7.1 no\r250 yes\x00\x1b[2J\r\n"}
    reply = client.transaction(HARMLESS)
    assert reply.startswith("550 5.7.1 no")
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", reply)


def test_a_session_that_could_not_be_made_clean_is_not_used_again(client: RawClient, hop: ScriptedHop) -> None:
    """The message is refused here, so the next hop's transaction must be taken back; it refuses RSET."""
    hop.answers = {b"RSET": b"502 5.5.1 what\r\n"}
    assert client.transaction(WITH_CPR, sender="x@example.net")[:3] == "550"
    before = hop.connections
    assert client.transaction(HARMLESS)[:3] == "250"
    assert hop.connections == before + 1, "a fresh one"


def test_a_pooled_session_that_says_goodbye_to_mail_is_replaced(client: RawClient, hop: ScriptedHop) -> None:
    assert client.transaction(HARMLESS)[:3] == "250"
    hop.answers = {b"MAIL": [b"421 4.4.2 idle too long\r\n", b"250 ok\r\n"]}
    assert client.transaction(HARMLESS)[:3] == "250"
    assert len(hop.taken) == 2


def test_a_next_hop_that_can_less_than_it_could_is_no_permanent_refusal(tmp_path: Path) -> None:
    """We offered what it offered; by the time of MAIL it stopped. What it would refuse for good is ours to defer."""
    hop = ScriptedHop(keywords=(b"SIZE 60000000", b"8BITMIME", b"SMTPUTF8", b"DSN"))
    gateway = RunningGateway(tmp_path, hop.port).start()
    try:
        with RawClient(gateway.port) as client:
            assert "DSN" in client.hello()
            assert client.transaction(HARMLESS)[:3] == "250"
            time.sleep(2.5)  # the pooled session is dropped
            hop.keywords = (b"SIZE 60000000",)
            hop.answers = {b"MAIL": b"555 5.5.4 unsupported\r\n", b"RCPT": b"555 5.5.4 unsupported\r\n"}
            for parameter in ("RET=HDRS ENVID=x", "BODY=8BITMIME", "SMTPUTF8"):
                client.say("RSET")
                assert client.say(f"MAIL FROM:<a@lavuk.dk> {parameter}")[:1] == "4"
    finally:
        gateway.stop()
        hop.close()


# ---------------------------------------------------------------- strange commands


@pytest.mark.parametrize(
    ("line", "expected", "reason"),
    [
        (b"MAIL FROM:<a@lavuk.dk> SIZE", "501", "SIZE without a value"),
        (b"MAIL FROM:<a@lavuk.dk> SIZE=abc SIZE=5", "501", "the same parameter twice"),
        (b"MAIL FROM:<a@lavuk.dk> BODY=7BIT BODY=8BITMIME", "501", "the same parameter twice"),
        (b"MAIL FROM:<a@lavuk.dk> size=5 SIZE=5", "501", "the same parameter twice"),
        (b"MAIL FROM:<a@lavuk.dk> SIZE=99999999999999999999999999", "501", "a size with more digits than any"),
        (b"MAIL\tFROM:<a@lavuk.dk>", "500", "a tab where a blank belongs"),
        (b"MAIL FROM <a@lavuk.dk>", "501", "no colon"),
        (b"MAIL FROM:", "501", "no path"),
        (b"MAIL", "501", "nothing"),
        (b"RCPT TO:<>", "503", "too early"),
        (b"DATA now", "501", "an argument"),
        (b"BDAT", "501", "no size"),
        (b"EHLO", "501", "no name"),
        (b"\xff\xfe\xfd", "500", "bytes that are no letters"),
        (b"XCLIENT ADDR=1.2.3.4", "500", "we take none"),
        (b"ETRN x", "500", "unknown"),
        (b"TURN", "500", "unknown"),
        (b"AUTH PLAIN AGEAYg==", "502", "no login here"),
    ],
)
def test_a_strange_command_has_its_reply(client: RawClient, line: bytes, expected: str, reason: str) -> None:
    assert client.say(line)[:3] == expected, reason


def test_no_strange_command_was_an_error_of_ours(gateway: RunningGateway) -> None:
    assert "error of ours" not in gateway.log.read_text()


def test_ehlo_in_the_middle_forgets_the_transaction(client: RawClient, hop: ScriptedHop) -> None:
    client.say("MAIL FROM:<dagklub@lavuk.dk>")
    client.say("RCPT TO:<a@example.org>")
    assert client.hello()[:3] == "250"
    assert client.say("DATA")[:3] == "503"
    assert client.say("RCPT TO:<a@example.org>")[:3] == "503"
    assert client.transaction(HARMLESS)[:3] == "250"
    assert len(hop.taken) == 1


def test_data_when_all_recipients_were_refused(client: RawClient, hop: ScriptedHop) -> None:
    """Pipelined as rfc2920 allows: DATA is refused, and nothing waits for a message."""
    hop.answers = {b"RCPT": b"550 5.1.1 who\r\n"}
    client.send(b"MAIL FROM:<dagklub@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
    assert [client.hear()[:3] for _ in range(4)] == ["250", "550", "550", "503"]
    assert client.say("NOOP")[:3] == "250"


def test_what_follows_a_refused_message_is_a_command_again(client: RawClient, hop: ScriptedHop) -> None:
    hop.answers = {b".": b"554 5.6.0 no\r\n"}
    assert client.transaction(HARMLESS)[:3] == "554"
    assert client.say("RCPT TO:<a@example.org>")[:3] == "503", "the envelope is gone with it"
    assert client.say("DATA")[:3] == "503"


def test_quit_within_data_is_content(client: RawClient, hop: ScriptedHop) -> None:
    assert client.transaction(HARMLESS + b"QUIT\r\nRSET\r\n")[:3] == "250"
    assert without_our_fields(hop.messages[0]) == HARMLESS + b"QUIT\r\nRSET\r\n"


# ---------------------------------------------------------------- BDAT


@pytest.fixture(scope="module")
def chunking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningGateway, ScriptedHop]]:
    hop = ScriptedHop(keywords=(b"SIZE 60000000", b"8BITMIME", b"CHUNKING"))
    gateway = RunningGateway(tmp_path_factory.mktemp("chunking"), hop.port).start()
    yield gateway, hop
    gateway.stop()
    hop.close()


def test_bdat_in_pieces_and_taken_back(chunking: tuple[RunningGateway, ScriptedHop]) -> None:
    gateway, hop = chunking
    hop.forget()
    envelope = b"MAIL FROM:<dagklub@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\n"
    with RawClient(gateway.port) as client:
        client.hello()
        client.send(envelope + b"BDAT 5\r\nSubje" + b"RSET\r\n" + b"BDAT 3 LAST\r\nct:")
        assert [client.hear()[:3] for _ in range(5)] == ["250", "250", "250", "250", "503"]
        client.send(envelope + b"BDAT 5\r\nSubjeDATA\r\nRCPT TO:<b@example.org>\r\nMAIL FROM:<x@lavuk.dk>\r\n")
        assert [client.hear()[:3] for _ in range(6)] == ["250", "250", "250", "503", "503", "503"]
        client.send(b"BDAT 10 LAST\r\nct: x\r\n\r\ny")
        assert client.hear()[:3] == "250"
        client.send(b"BDAT 0 LAST\r\n")
        assert client.hear()[:3] == "503", "the message is over"
        client.send(envelope + b"BDAT %d\r\n" % len(HARMLESS) + HARMLESS + b"BDAT 0 LAST\r\n")
        assert [client.hear()[:3] for _ in range(4)] == ["250"] * 4
    assert [without_our_fields(message) for message in hop.messages] == [b"Subject: x\r\n\r\ny", HARMLESS]
    assert hop.taken[0].rcpt == [b"RCPT TO:<a@example.org>"]


@pytest.mark.parametrize("size", [b"-1", b"+5", b"1e3", b"0x10", b"5 FIRST", b"99999999999999999999", b"5 LAST LAST"])
def test_a_chunk_of_unknown_length_ends_the_line(chunking: tuple[RunningGateway, ScriptedHop], size: bytes) -> None:
    gateway, _ = chunking
    with RawClient(gateway.port) as client:
        client.hello()
        assert client.say(b"BDAT " + size)[:3] == "501"
        assert client.hear() == ""


# ---------------------------------------------------------------- what nobody may hold for ever


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningGateway, ScriptedHop]]:
    hop = ScriptedHop(keywords=(b"SIZE 60000000", b"8BITMIME", b"CHUNKING"))
    limits = {"idle_seconds": 1, "message_seconds": 2, "bad_commands": 5}
    gateway = RunningGateway(tmp_path_factory.mktemp("impatient"), hop.port, limits=limits, workers=1).start()
    yield gateway, hop
    gateway.stop()
    hop.close()


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (b"", "nothing at all"),
        (b"EHLO x\r\nMAI", "half a command"),
        (b"BDAT 1000\r\nabc", "a chunk that is refused and does not come"),
        (
            b"EHLO x\r\nMAIL FROM:<a@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\nBDAT 1000\r\nabc",
            "a chunk that does not come",
        ),
        (b"EHLO x\r\nMAIL FROM:<a@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\nBDAT 3\r\nabc", "no further chunk"),
        (b"EHLO x\r\nMAIL FROM:<a@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\nDATA\r\nabc", "half a message"),
        (b"x" * 10_000, "a line without an end"),
    ],
)
def test_silence_ends_the_line(impatient: tuple[RunningGateway, ScriptedHop], before: bytes, reason: str) -> None:
    gateway, _ = impatient
    with RawClient(gateway.port, timeout=8) as client:
        client.send(before)
        heard = []
        while reply := client.hear():
            heard.append(reply)
    assert heard[-1].startswith("421 4.4.2"), reason


def test_a_command_that_drips_ends_the_line(impatient: tuple[RunningGateway, ScriptedHop]) -> None:
    gateway, _ = impatient
    with RawClient(gateway.port) as client, contextlib.suppress(ConnectionError):
        for _ in range(30):
            client.send(b"x")
            time.sleep(0.2)
        pytest.fail("a byte now and then holds the line")


def test_a_message_that_drips_in_chunks_is_given_up(impatient: tuple[RunningGateway, ScriptedHop]) -> None:
    gateway, _ = impatient
    with RawClient(gateway.port) as client:
        client.hello()
        client.say("MAIL FROM:<dagklub@lavuk.dk>")
        client.say("RCPT TO:<a@example.org>")
        with contextlib.suppress(ConnectionError):
            for _ in range(30):
                client.send(b"BDAT 1\r\nx")
                if client.hear()[:3] != "250":
                    return
                time.sleep(0.2)
            pytest.fail("a chunk now and then holds the line")


def test_a_client_that_hears_nothing_is_dropped(impatient: tuple[RunningGateway, ScriptedHop]) -> None:
    """It asks and asks, and never reads an answer: what we would say to it waits in our memory."""
    gateway, _ = impatient
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", gateway.port))
        line.settimeout(1)
        with contextlib.suppress(TimeoutError, ConnectionError):
            for _ in range(2000):
                line.sendall(b"EHLO x\r\n" * 500)
        assert gone(gateway, line.getsockname()[1]), "it holds a place for ever"


def gone(gateway: RunningGateway, client_port: int, seconds: float = 10) -> bool:
    """Whether the gateway's end of the connection of this client port is no longer there."""
    end = time.monotonic() + seconds
    filter_ = f"( sport = :{gateway.port} and dport = :{client_port} )"
    while time.monotonic() < end:
        listed = subprocess.run(["ss", "-Htnp", filter_], capture_output=True, text=True, check=True).stdout
        if "users:" not in listed:
            return True
        time.sleep(0.2)
    return False


def test_too_many_failed_logins_end_the_line(tmp_path: Path) -> None:
    import ssl

    import trustme

    authority = trustme.CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    hop = ScriptedHop(keywords=(b"SIZE 60000000", b"AUTH PLAIN LOGIN"))
    hop.answers = {b"AUTH": b"535 5.7.8 no\r\n"}
    both = {"certificate": "both.pem", "key": "both.pem"}
    gateway = RunningGateway(
        tmp_path, hop.port, listener={"role": "submission", "tls": both}, limits={"bad_commands": 3, "idle_seconds": 1}
    ).start()
    try:
        with RawClient(gateway.port) as client:
            client.hello()
            client.start_tls(context)
            client.hello()
            guesses = [client.say(b"AUTH PLAIN " + b64encode(b"\0anna\0%d" % number))[:3] for number in range(4)]
            assert guesses == ["535", "535", "535", "421"]
        with RawClient(gateway.port) as client:
            client.hello()
            client.start_tls(context)
            client.hello()
            assert client.say("AUTH LOGIN")[:3] == "334"
            assert client.hear().startswith("421 4.4.2"), "silence between the stages"
        with RawClient(gateway.port) as client:
            client.hello()
            client.start_tls(context)
            client.hello()
            assert client.say("AUTH LOGIN")[:3] == "334"
            assert client.say(b64encode(b"anna"))[:3] == "334"
            assert client.say("*").startswith("501 "), "withdrawn in the second stage"
            assert client.say("NOOP")[:3] == "250"
    finally:
        gateway.stop()
        hop.close()
    assert "error of ours" not in gateway.log.read_text()

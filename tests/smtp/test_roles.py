"""The places a gateway may stand in: submission, LMTP, behind a balancer, before a choosy next hop."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from support.numbers import shows_number
from support.ports import free_port
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop, without_our_fields

HARMLESS = b"From: dagklub@lavuk.dk\r\nSubject: Tur\r\n\r\nHusk regntoj.\r\n"
WITH_CPR = b"From: dagklub@lavuk.dk\r\nSubject: Sag\r\n\r\nBarnets cpr er 070761-4285.\r\n"
LOCAL = "127.0.0.1"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """An authority of our own, a server's certificate from it, and contexts for both sides."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    server = authority.issue_cert("localhost", "127.0.0.1")
    server.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    client_side = ssl.create_default_context()
    authority.configure_trust(client_side)
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.configure_cert(server_side)
    return SimpleNamespace(folder=folder, client=client_side, server=server_side)


@pytest.fixture
def hop() -> Iterator[ScriptedHop]:
    hop = ScriptedHop()
    yield hop
    hop.close()


@pytest.fixture
def started(tmp_path: Path, hop: ScriptedHop) -> Iterator[Any]:
    """Starts gateways before the hop; all of them are stopped at the end."""
    running = []

    def start(**settings: Any) -> RunningGateway:
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(RunningGateway(folder, hop.port, **settings).start())
        return running[-1]

    yield start
    for gateway in running:
        gateway.stop()


# ---------------------------------------------------------------- submission


@pytest.fixture
def submission(started, hop: ScriptedHop, certificates: SimpleNamespace) -> RunningGateway:
    hop.keywords = (*hop.keywords, b"AUTH PLAIN LOGIN")
    pem = str(certificates.folder / "server.pem")
    return started(listener={"role": "submission", "tls": {"certificate": pem, "key": pem}})


def plain(user: str, password: str) -> str:
    return b64encode(f"\0{user}\0{password}".encode()).decode()


def test_submission_asks_the_next_hop_and_forgets(submission, hop: ScriptedHop, certificates: SimpleNamespace) -> None:
    with RawClient(submission.port) as client:
        assert "AUTH" not in client.hello(), "never where a password would go in clear"
        assert client.say(f"AUTH PLAIN {plain('anna', 'hemmelig')}").startswith("538 5.7.11")
        client.start_tls(certificates.client)
        assert "AUTH PLAIN LOGIN" in client.hello()
        assert client.say("MAIL FROM:<dagklub@lavuk.dk>").startswith("530 5.7.0")
        assert client.say(f"AUTH PLAIN {plain('anna', 'hemmelig')}").startswith("235 2.7.0")
        assert client.transaction(HARMLESS)[:3] == "250"
    assert f"AUTH PLAIN {plain('anna', 'hemmelig')}\r\n".encode() in hop.commands
    assert submission.events()[-1].user == "anna"
    assert b"hemmelig" not in submission.everything_written()
    assert plain("anna", "hemmelig").encode() not in submission.everything_written()


def test_auth_login_and_the_ways_to_fail(submission, hop: ScriptedHop, certificates: SimpleNamespace) -> None:
    with RawClient(submission.port) as client:
        client.hello()
        client.start_tls(certificates.client)
        client.hello()
        assert client.say("AUTH CRAM-MD5").startswith("504 5.5.4")
        assert client.say("AUTH PLAIN !!!").startswith("501 5.5.2")
        assert client.say("AUTH LOGIN") == "334 VXNlcm5hbWU6"
        assert client.say("*").startswith("501 5.5.2"), "withdrawn, rfc4954#4"
        hop.answers = {b"AUTH": b"535 5.7.8 no\r\n"}
        assert client.say(f"auth plain {plain('anna', 'forkert')}").startswith("535 5.7.8")
        hop.answers = {b"AUTH": b"454 4.7.0 later\r\n"}
        assert client.say(f"AUTH PLAIN {plain('anna', 'x')}").startswith("454 4.7.0")
        hop.answers = {}
        assert client.say("AUTH LOGIN " + b64encode(b"anna").decode()) == "334 UGFzc3dvcmQ6"
        assert client.say(b64encode("hemmelig æ".encode()).decode()).startswith("235")
        assert client.say(f"AUTH PLAIN {plain('anna', 'x')}").startswith("503 5.5.1"), "only once"


def test_a_bounce_reaches_who_submitted(submission, hop: ScriptedHop, certificates: SimpleNamespace) -> None:
    with RawClient(submission.port) as client:
        client.hello()
        client.start_tls(certificates.client)
        client.hello()
        client.say(f"AUTH PLAIN {plain('anna', 'hemmelig')}")
        assert client.transaction(WITH_CPR).startswith("250 2.0.0 Message stopped")
        assert client.transaction(HARMLESS)[:3] == "250", "on the same session of the next hop"
    assert [taken.mail[:12] for taken in hop.taken] == [b"MAIL FROM:<>", b"MAIL FROM:<d"]


def test_implicit_tls(started, hop: ScriptedHop, certificates: SimpleNamespace) -> None:
    pem = str(certificates.folder / "server.pem")
    gateway = started(listener={"tls": {"certificate": pem, "key": pem, "implicit": True}})
    with RawClient(gateway.port, tls=certificates.client) as client:
        assert client.greeting.startswith("220")
        assert "STARTTLS" not in client.hello()
        assert client.transaction(HARMLESS)[:3] == "250"
    assert b"with ESMTPS id" in hop.messages[0]


# ---------------------------------------------------------------- LMTP


def test_lmtp_says_a_word_for_each_recipient(started, hop: ScriptedHop) -> None:
    gateway = started(listener={"protocol": "lmtp"})
    with RawClient(gateway.port) as client:
        assert client.say("EHLO x").startswith("500 5.5.2"), "rfc2033#4.1"
        assert client.say("LHLO client.example").startswith("250-gateway.example")
        client.say("MAIL FROM:<dagklub@lavuk.dk>")
        hop.answers = {b"RCPT": [b"250 ok\r\n", b"550 5.1.1 no\r\n", b"250 ok\r\n"]}
        for name in "abc":
            client.say(f"RCPT TO:<{name}@example.org>")
        client.say("DATA")
        assert [client.message(HARMLESS), client.hear()] == ["250 2.0.0 taken as 4711"] * 2
        assert client.say("NOOP")[:3] == "250", "two words for two recipients, and no third"


def test_lmtp_can_split_without_a_bounce(started, hop: ScriptedHop, tmp_path: Path) -> None:
    """From kk.dk: lawful to a kommune, not to a citizen. Both hear their own word."""
    import shutil

    from support.running import ROOT

    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "policies" / "lavuk", policy)
    text = (policy / "verdict.yaml").read_text().replace("mixed_recipients: block_all", "mixed_recipients: split")
    (policy / "verdict.yaml").write_text(text.replace("on_block: bounce", "on_block: reject"))
    gateway = started(listener={"protocol": "lmtp"}, policy=policy)
    content = WITH_CPR.replace(b"dagklub@lavuk.dk", b"x@kk.dk")
    with RawClient(gateway.port) as client:
        client.say("LHLO client.example")
        client.say("MAIL FROM:<x@kk.dk>")
        client.say("RCPT TO:<foraelder@example.org>")
        client.say("RCPT TO:<sag@hvidovre.dk>")
        client.say("DATA")
        first, second = client.message(content), client.hear()
    assert first.startswith("550 5.7.1 ")
    assert second == "250 2.0.0 taken as 4711"
    assert [taken.rcpt for taken in hop.taken] == [[b"RCPT TO:<sag@hvidovre.dk>"]]


def test_a_refused_recipient_is_never_answered_yes_from_memory(started, hop: ScriptedHop, tmp_path: Path) -> None:
    """The client leaves while the lawful half is under way: its next try is judged anew, or the other half was lost."""
    import shutil

    from support.running import ROOT

    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "policies" / "lavuk", policy)
    text = (policy / "verdict.yaml").read_text().replace("mixed_recipients: block_all", "mixed_recipients: split")
    (policy / "verdict.yaml").write_text(text.replace("on_block: bounce", "on_block: reject"))
    gateway = started(listener={"protocol": "lmtp"}, policy=policy)
    content = WITH_CPR.replace(b"dagklub@lavuk.dk", b"x@kk.dk")
    dialogue = (
        "LHLO client.example",
        "MAIL FROM:<x@kk.dk>",
        "RCPT TO:<a@example.org>",
        "RCPT TO:<sag@hvidovre.dk>",
        "DATA",
    )
    hop.slow_dot = 1
    with RawClient(gateway.port) as client:
        for line in dialogue:
            client.say(line)
        client.send(content + b".\r\n")
        time.sleep(0.5)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.stream.close()
        client.socket.close()
    time.sleep(1.2)
    hop.slow_dot = 0
    with RawClient(gateway.port) as client:
        for line in dialogue:
            client.say(line)
        assert client.message(content).startswith("550 5.7.1 ")
        assert client.hear()[:3] == "250"


# ---------------------------------------------------------------- the real client


V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


@pytest.mark.parametrize(
    ("header", "ip"),
    [
        (b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 25\r\n", "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 25\r\n", "2001:db8::7"),
        (b"PROXY UNKNOWN\r\n", LOCAL),
        (
            V2_SIGNATURE
            + b"\x21\x11"
            + struct.pack(">H", 12)
            + bytes([192, 0, 2, 8, 192, 0, 2, 1])
            + b"\x12\x67\0\x19",
            "192.0.2.8",
        ),
        (V2_SIGNATURE + b"\x20\x00\x00\x00", LOCAL),
    ],
)
def test_the_proxy_header_names_the_client(started, header: bytes, ip: str) -> None:
    trust = ["127.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"]
    gateway = started(listener={"proxy_protocol": True, "trust": trust})
    with socket.create_connection((LOCAL, gateway.port), timeout=10) as line:
        for piece in (header[:5], header[5:]):
            line.sendall(piece)
            time.sleep(0.02)
        stream = line.makefile("rb")
        assert stream.readline().startswith(b"220")
        dialogue = (b"EHLO x", b"MAIL FROM:<dagklub@lavuk.dk>", b"RCPT TO:<a@example.org>", b"DATA")
        for command in dialogue:
            line.sendall(command + b"\r\n")
            while (reply := stream.readline())[3:4] == b"-":
                pass
        line.sendall(HARMLESS + b".\r\n")
        assert stream.readline().startswith(b"250"), reply
    assert gateway.events()[-1].client == ip


@pytest.mark.parametrize(
    "rubbish",
    [
        b"EHLO client.example\r\n",
        b"PROXY NONSENSE\r\n" * 20,
        b"PROXY TCP6 fe80::1%x)y ::1 1 2\r\n",
        V2_SIGNATURE + b"\x31\x11\xff\xff",
    ],
)
def test_without_a_proxy_header_there_is_no_dialogue(started, rubbish: bytes) -> None:
    gateway = started(listener={"proxy_protocol": True})
    with socket.create_connection((LOCAL, gateway.port), timeout=10) as line:
        line.sendall(rubbish)
        with contextlib.suppress(ConnectionResetError):
            assert line.recv(100) == b""


def test_who_has_not_said_its_header_yet_counts_as_connected(started) -> None:
    """Or anybody could hold more lines than there are places, ten seconds each."""
    gateway = started(listener={"proxy_protocol": True}, limits={"connections": 3})
    time.sleep(1.0)  # whoever looked whether the port is open has left by then
    waiting = [socket.create_connection((LOCAL, gateway.port), timeout=10) for _ in range(3)]
    time.sleep(0.3)
    with socket.create_connection((LOCAL, gateway.port), timeout=10) as one_more:
        assert one_more.recv(100).startswith(b"421 4.3.2")
    for line in waiting:
        line.close()
    time.sleep(0.3)
    with socket.create_connection((LOCAL, gateway.port), timeout=10) as line:
        line.sendall(b"PROXY UNKNOWN\r\n")
        assert line.recv(100).startswith(b"220")


def test_xforward_names_the_client_to_the_record_and_to_the_next_hop(started, hop: ScriptedHop) -> None:
    hop.keywords = (*hop.keywords, b"XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE")
    gateway = started(listener={"xforward": True})
    with RawClient(gateway.port) as client:
        assert "XFORWARD NAME ADDR" in client.hello()
        assert client.say("XFORWARD NAME=mx.example ADDR=192.0.2.9 HELO=spike.example PORT=4712")[:3] == "250"
        assert client.say("XFORWARD ADDR").startswith("501")
        client.say("MAIL FROM:<dagklub@lavuk.dk>")
        client.say("RCPT TO:<a@example.org>")
        client.say("DATA")
        assert client.message(HARMLESS)[:3] == "250"
        assert client.transaction(HARMLESS)[:3] == "250"
    named, unnamed = [line for line in hop.commands if line.startswith(b"XFORWARD")]
    assert b" NAME=mx.example ADDR=192.0.2.9 PORT=4712 PROTO=ESMTP HELO=spike.example" in named
    assert b" NAME=[UNAVAILABLE] ADDR=127.0.0.1 " in unnamed, "it holds for one transaction"
    events = gateway.events()
    assert [event.client for event in events] == ["192.0.2.9", LOCAL]
    idents = [line.rpartition(b" IDENT=")[2].decode().strip() for line in (named, unnamed)]
    assert idents == [event.case_id for event in events], "its log can be laid beside the record"
    assert [ident.encode() in message for ident, message in zip(idents, hop.messages, strict=True)] == [True, True]


def test_a_next_hop_that_knows_no_ident_is_told_none(started, hop: ScriptedHop) -> None:
    hop.keywords = (*hop.keywords, b"XFORWARD NAME ADDR PORT PROTO HELO SOURCE")
    gateway = started(listener={"xforward": True})
    with RawClient(gateway.port) as client:
        client.hello()
        assert client.transaction(HARMLESS)[:3] == "250"
    assert [b"IDENT" in line for line in hop.commands if line.startswith(b"XFORWARD")] == [False]


def test_xforward_is_not_for_everybody(started, hop: ScriptedHop) -> None:
    gateway = started()
    with RawClient(gateway.port) as client:
        assert "XFORWARD" not in client.hello()
        assert client.say("XFORWARD ADDR=192.0.2.9").startswith("500")


def test_xclient_shows_the_client_to_the_next_hop(started, hop: ScriptedHop) -> None:
    hop.keywords = (*hop.keywords, b"XCLIENT NAME ADDR HELO")
    gateway = started(next_hop={"host": LOCAL, "port": hop.port, "xclient": True})
    with RawClient(gateway.port) as client:
        client.hello()
        assert client.transaction(HARMLESS)[:3] == "250"
    assert b"XCLIENT NAME=[UNAVAILABLE] HELO=client.example ADDR=127.0.0.1\r\n" in hop.commands


# ---------------------------------------------------------------- BDAT


def test_bdat_in_and_out_is_byte_for_byte(started, hop: ScriptedHop) -> None:
    hop.keywords = (*hop.keywords, b"CHUNKING")
    gateway = started()
    content = HARMLESS + b".\r\n..\r\nno line end"
    with RawClient(gateway.port) as client:
        assert "CHUNKING" in client.hello()
        client.send(b"MAIL FROM:<dagklub@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\nBDAT 10\r\n" + content[:10])
        client.send(b"BDAT %d LAST\r\n" % (len(content) - 10) + content[10:] + b"NOOP\r\n")
        assert [client.hear()[:3] for _ in range(5)] == ["250"] * 5
    assert without_our_fields(hop.messages[0]) == content


def test_bdat_with_nobody_to_go_to_is_read_and_refused(started, hop: ScriptedHop) -> None:
    """rfc3030#4.2: its bytes must not be taken for commands."""
    gateway = started(limits={"message_bytes": 2000})
    with RawClient(gateway.port) as client:
        client.hello()
        client.send(b"BDAT 13 LAST\r\nMAIL FROM:<\r\nNOOP\r\n")
        assert client.hear().startswith("503")
        assert client.hear()[:3] == "250"
        client.say("MAIL FROM:<dagklub@lavuk.dk>")
        client.say("RCPT TO:<a@example.org>")
        client.send(b"BDAT 3000\r\n" + b"x" * 3000)
        assert client.hear().startswith("552 5.3.4")
        assert client.say("BDAT nonsense").startswith("501")
        assert client.hear() == "", "nobody knows where that chunk ends"


# ---------------------------------------------------------------- the next hop


def test_the_next_one_is_tried_when_the_first_cannot_be_reached(started, hop: ScriptedHop) -> None:
    gateway = started(next_hop={"host": LOCAL, "port": free_port(), "fallback": [{"host": LOCAL, "port": hop.port}]})
    with RawClient(gateway.port) as client:
        client.hello()
        assert client.transaction(HARMLESS)[:3] == "250"


@pytest.fixture
def secured_hop(hop: ScriptedHop, certificates: SimpleNamespace) -> ScriptedHop:
    hop.tls = certificates.server
    hop.keywords = (*hop.keywords, b"STARTTLS", b"AUTH PLAIN")
    return hop


def test_tls_to_the_next_hop_is_verified_when_required(started, secured_hop: ScriptedHop, certificates) -> None:
    to_hop = {"host": LOCAL, "port": secured_hop.port, "tls": "required"}
    good = started(next_hop={**to_hop, "ca": str(certificates.folder / "ca.pem")})
    with RawClient(good.port) as client:
        client.hello()
        assert client.transaction(HARMLESS)[:3] == "250"
    version, cipher, *peer = good.events()[-1].tls_out.split()
    assert (version[:5], cipher[:4], peer) == ("TLSv1", "TLS_", [LOCAL])
    careless = started(next_hop={**to_hop, "tls": "opportunistic"})
    with RawClient(careless.port) as client:
        client.hello()
        assert client.transaction(HARMLESS)[:3] == "250"
    assert careless.events()[-1].tls_out.split()[2:] == [LOCAL, "unchecked"]
    doubtful = started(next_hop=to_hop)
    with RawClient(doubtful.port) as client:
        assert client.hello().startswith("421 4.4.1"), "an unknown authority"
    assert "certificate verify failed" in doubtful.log.read_text() or "unable to get" in doubtful.log.read_text()


def test_tls_required_and_not_offered_is_temporary(started, hop: ScriptedHop) -> None:
    gateway = started(next_hop={"host": LOCAL, "port": hop.port, "tls": "required"})
    with RawClient(gateway.port) as client:
        assert client.hello().startswith("421 4.4.1")
    assert "it offers no STARTTLS, and tls is required" in gateway.log.read_text()


def test_login_at_the_next_hop(started, secured_hop: ScriptedHop, certificates, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hemmelig\n")
    auth = {"user": "gateway", "password_file": str(tmp_path / "password")}
    to_hop = {"host": LOCAL, "port": secured_hop.port, "tls": "required", "ca": str(certificates.folder / "ca.pem")}
    gateway = started(next_hop={**to_hop, "auth": auth})
    with RawClient(gateway.port) as client:
        client.hello()
        assert client.transaction(HARMLESS)[:3] == "250"
    assert f"AUTH PLAIN {plain('gateway', 'hemmelig')}\r\n".encode() in secured_hop.commands
    assert b"hemmelig" not in gateway.everything_written()


# ---------------------------------------------------------------- what the client did not hear


def test_a_late_yes_is_remembered_for_the_next_try(started, hop: ScriptedHop) -> None:
    """The hop answers after our patience ended: the client heard 451, comes again, and nothing is delivered twice."""
    gateway = started(limits={"scan_seconds": 1, "total_seconds": 4})
    hop.slow_dot = 12
    with RawClient(gateway.port, timeout=40) as client:
        client.hello()
        assert client.transaction(HARMLESS).startswith("451 4.4.2")
        deadline = time.monotonic() + 15
        while not hop.taken and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.3)
        hop.slow_dot = 0
        assert client.transaction(HARMLESS) == "250 2.0.0 taken as 4711"
        assert len(hop.taken) == 1, "answered from memory"
        assert client.transaction(HARMLESS)[:3] == "250"
        assert len(hop.taken) == 2, "and only once: the same text a third time is a new message"


def test_a_client_that_left_after_our_dot_is_answered_from_memory(started, hop: ScriptedHop) -> None:
    gateway = started()
    hop.slow_dot = 1
    with RawClient(gateway.port) as client:
        client.hello()
        client.say("MAIL FROM:<dagklub@lavuk.dk>")
        client.say("RCPT TO:<a@example.org>")
        client.say("DATA")
        client.send(HARMLESS + b".\r\n")
        time.sleep(0.4)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.stream.close()
        client.socket.close()
    time.sleep(1.2)
    assert len(hop.taken) == 1
    hop.slow_dot = 0
    with RawClient(gateway.port) as client:
        client.hello()
        assert client.transaction(HARMLESS)[:3] == "250"
    assert len(hop.taken) == 1
    assert [event.reply for event in gateway.events()] == ["250 2.0.0 taken as 4711"] * 2
    assert [event.verdict for event in gateway.events()] == ["relay", "repeat"]


# ---------------------------------------------------------------- bounds


def test_bounds_of_header_and_address(started, hop: ScriptedHop) -> None:
    gateway = started(limits={"header_bytes": 2000, "connections_per_address": 3})
    with RawClient(gateway.port) as client:
        client.hello()
        assert client.transaction(b"X: " + b"y" * 3000 + b"\r\n\r\nHej\r\n").startswith("552 5.3.4 The header")
        assert client.transaction(HARMLESS)[:3] == "250"
        with RawClient(gateway.port), RawClient(gateway.port), RawClient(gateway.port) as one_more:
            assert one_more.greeting.startswith("421 4.7.0 Too many connections from your address")


def test_a_message_that_takes_too_long_is_given_up(started) -> None:
    gateway = started(limits={"message_seconds": 1, "idle_seconds": 30})
    with RawClient(gateway.port) as client:
        client.hello()
        client.say("MAIL FROM:<dagklub@lavuk.dk>")
        client.say("RCPT TO:<a@example.org>")
        client.say("DATA")
        begin = time.monotonic()
        try:
            while time.monotonic() - begin < 10:
                client.send(b"x\r\n")
                time.sleep(0.1)
        except OSError:
            pass
        assert time.monotonic() - begin < 8, "a trickle does not hold the line"


def test_many_large_messages_wait_for_room_and_all_arrive(started, hop: ScriptedHop) -> None:
    """Eight messages of 1 MB at once with room for two: back-pressure, no refusal, no dead-lock."""
    import threading

    gateway = started(limits={"in_flight_bytes": 2_000_000})
    content = b"Subject: stor\r\n\r\n" + b"0123456789abcdef\r\n" * 58_000
    replies: list[str] = []

    def submit() -> None:
        with RawClient(gateway.port, timeout=60) as client:
            client.hello()
            replies.append(client.transaction(content))

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert [reply[:3] for reply in replies] == ["250"] * 8
    assert [without_our_fields(message) == content for message in hop.messages] == [True] * 8


# ---------------------------------------------------------------- people beside the client


def test_leaders_hear_at_once_of_a_case_of_high_severity(started, hop: ScriptedHop, tmp_path: Path) -> None:
    """Ten numbers in one message: the sender gets the bounce, a leader a word, and neither gets a number."""
    import shutil

    from support.running import ROOT

    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "policies" / "lavuk", policy)
    file = policy / "organisation.yaml"
    file.write_text(file.read_text().replace("alert_to: []", "alert_to: [leder@kk.dk]"))
    gateway = started(policy=policy)
    numbers = "\r\n".join(f"cpr {day:02}0761-4285" for day in range(61, 73))
    content = f"From: dagklub@lavuk.dk\r\nSubject: Liste\r\n\r\n{numbers}\r\n".encode()
    with RawClient(gateway.port) as client:
        client.hello()
        assert client.transaction(content).startswith("250 2.0.0 Message stopped")
        deadline = time.monotonic() + 10
        while len(hop.taken) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert [taken.rcpt for taken in hop.taken] == [[b"RCPT TO:<dagklub@lavuk.dk>"], [b"RCPT TO:<leder@kk.dk>"]]
    assert not any(b"0761-4285" in message or b"07614285" in message for message in hop.messages)


def released(gateway, client: RawClient, content: bytes = WITH_CPR) -> None:
    """Stop a message, and give a leave to send its values once more."""
    import subprocess
    import sys

    assert client.transaction(content).startswith("250 2.0.0 Message stopped")
    case = gateway.events()[-1].case_id
    words = ["release", case, "--by", "it@lavuk.dk", "--why", "falsk alarm", "--config", str(gateway.config)]
    done = subprocess.run([sys.executable, "-m", "gateway", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_release_lets_the_same_values_pass_once(started, hop: ScriptedHop) -> None:
    gateway = started()
    with RawClient(gateway.port) as client:
        client.hello()
        released(gateway, client)
        other = WITH_CPR.replace(b"070761-4285", b"251248-9996")
        assert client.transaction(other).startswith("250 2.0.0 Message stopped"), "nothing else passes"
        assert client.transaction(WITH_CPR) == "250 2.0.0 taken as 4711"
        assert client.transaction(WITH_CPR).startswith("250 2.0.0 Message stopped"), "and only once"
    assert [event.verdict for event in gateway.events()] == ["block", "block", "relay", "block"]


def test_a_release_of_what_its_wording_told_lets_no_other_wording_pass(started, hop: ScriptedHop) -> None:
    """Two messages of which no word of the policy tells have nothing in common but that."""
    head = b"From: dagklub@lavuk.dk\r\nContent-Type: text/plain; charset=utf-8\r\nSubject: Til dig\r\n\r\n"
    arms = "Jeg fandt striber p\xe5 indersiden af hendes arme, og hun ved ikke, at jeg skriver.\r\n".encode()
    lumps = "To betjente ringede p\xe5 i aftes, og han havde seks klumper i str\xf8mpen, siger de.\r\n".encode()
    gateway = started()
    with RawClient(gateway.port) as client:
        client.hello()
        released(gateway, client, head + arms)
        assert client.transaction(head + lumps).startswith("250 2.0.0 Message stopped")
        assert client.transaction(head + arms) == "250 2.0.0 taken as 4711"
    blocked = [found for event in gateway.events() if event.verdict == "block" for found in event.findings]
    assert [found.detector for found in blocked] == ["wording", "wording"]


def test_of_two_messages_in_one_moment_one_passes_by_a_release(started, hop: ScriptedHop) -> None:
    gateway = started()
    replies: list[str] = []

    def send(number: int) -> None:
        with RawClient(gateway.port) as client:
            client.hello()
            replies.append(client.transaction(WITH_CPR.replace(b"Subject: ", b"Subject: %d " % number)))

    with RawClient(gateway.port) as client:
        client.hello()
        released(gateway, client)
    hop.slow_dot = 0.5
    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(reply.startswith("250 2.0.0 Message stopped") for reply in replies) == [False] + [True] * 5
    assert sum(map(shows_number, hop.messages)) == 1


@pytest.mark.parametrize(
    ("dot", "code"),
    [
        pytest.param(b"451 4.3.0 later\r\n", "451", id="later"),
        pytest.param(b"554 5.0.0 no\r\n", "554", id="no"),
        pytest.param(ScriptedHop.CLOSE, "451", id="no answer: it may have it"),
    ],
)
def test_what_the_next_hop_did_not_take_does_not_use_a_release_up(
    started, hop: ScriptedHop, dot: bytes, code: str
) -> None:
    gateway = started()
    with RawClient(gateway.port) as client:
        client.hello()
        released(gateway, client)
        hop.answers[b"."] = dot
        assert client.transaction(WITH_CPR).startswith(code)
        hop.answers = {}
        assert client.transaction(WITH_CPR) == "250 2.0.0 taken as 4711"
    failed, passed = gateway.events()[-2:]
    assert ("release_not_used" in failed.details, "release" in passed.details) == (True, True)

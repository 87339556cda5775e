"""The dialogue with a client: transparent where it must be, bounded everywhere, and silent about our own faults."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop, without_our_fields

HARMLESS = b"Subject: Tur\r\n\r\nHusk regntoj.\r\n"


def test_ehlo_offers_what_both_sides_can(client: RawClient) -> None:
    lines = client.hello().split("\n")
    assert lines[0] == "250-gateway.example"
    assert {line[4:].split(" ")[0] for line in lines[1:]} == {
        "PIPELINING",
        "ENHANCEDSTATUSCODES",
        "SIZE",
        "8BITMIME",
        "SMTPUTF8",
        "DSN",
    }


def test_a_next_hop_without_extensions_takes_them_from_us(tmp_path: Path) -> None:
    hop = ScriptedHop(keywords=(b"SIZE 2000000",))
    gateway = RunningGateway(tmp_path, hop.port).start()
    try:
        with RawClient(gateway.port) as client:
            hello = client.hello()
            assert "SMTPUTF8" not in hello
            assert "8BITMIME" not in hello
            assert "SIZE 1998976" in hello, "the next hop's size less what we add"
    finally:
        gateway.stop()
        hop.close()


def test_parameters_pass_with_their_case(client: RawClient, hop: ScriptedHop) -> None:
    assert client.say("MAIL FROM:<dagklub@lavuk.dk> SIZE=500 BODY=8BITMIME RET=HDRS ENVID=QQ314aBc")[:3] == "250"
    assert client.say("RCPT TO:<a@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;A@Example.org")[:3] == "250"
    client.say("DATA")
    assert client.message(HARMLESS)[:3] == "250"
    assert hop.taken[0].mail == b"MAIL FROM:<dagklub@lavuk.dk> SIZE=1524 BODY=8BITMIME RET=HDRS ENVID=QQ314aBc"
    assert hop.taken[0].rcpt == [b"RCPT TO:<a@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;A@Example.org"]


def test_letters_outside_ascii_pass_with_and_without_asking(client: RawClient, hop: ScriptedHop) -> None:
    assert client.say("MAIL FROM:<borgervænget@kk.dk> SMTPUTF8")[:3] == "250"
    assert client.say("RCPT TO:<lærkevej@kk.dk>")[:3] == "250"
    client.say("DATA")
    content = "Subject: På tur\r\n\r\nHusk regntøj.\r\n".encode()
    assert client.message(content)[:3] == "250"
    assert hop.taken[0].mail == "MAIL FROM:<borgervænget@kk.dk> SMTPUTF8".encode()
    assert hop.taken[0].rcpt == ["RCPT TO:<lærkevej@kk.dk>".encode()]
    assert b"with UTF8SMTP id" in hop.messages[0]
    assert without_our_fields(hop.messages[0]) == content


def test_pipelined_commands_are_answered_in_order(client: RawClient, hop: ScriptedHop) -> None:
    client.send(b"MAIL FROM:<dagklub@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
    assert [client.hear()[:3] for _ in range(4)] == ["250", "250", "250", "354"]
    client.send(HARMLESS + b".\r\nMAIL FROM:<dagklub@lavuk.dk>\r\nRSET\r\nNOOP\r\nQUIT\r\n")
    assert [client.hear()[:3] for _ in range(5)] == ["250", "250", "250", "250", "221"]
    assert client.hear() == ""
    assert len(hop.taken) == 1


@pytest.mark.parametrize(
    ("lines", "expected", "reason"),
    [
        ([b"DATA"], "503 5.5.1", "DATA before MAIL"),
        ([b"RCPT TO:<a@b.dk>"], "503 5.5.1", "RCPT before MAIL"),
        ([b"MAIL FROM:<a@lavuk.dk>", b"DATA"], "503 5.5.1", "DATA before RCPT"),
        ([b"MAIL FROM:<a@lavuk.dk>", b"MAIL FROM:<a@lavuk.dk>"], "503 5.5.1", "MAIL twice"),
        ([b"MAIL FROM:<a@lavuk.dk>", b"RCPT TO:<>"], "501 5.1.3", "the null path is no recipient"),
        ([b"MAIL FROM:<a b@lavuk.dk>"], "501 5.1.3", "a blank in the path"),
        ([b"MAIL FROM:<a@lavuk.dk> SIZE=abc"], "501 5.5.4", "a size that is none"),
        ([b"MAIL FROM:<a@lavuk.dk> SIZE=99999999999"], "552 5.3.4", "a size over the limit, rfc1870#6.1"),
        ([b"FOO bar"], "500 5.5.2", "an unknown verb"),
        ([b""], "500 5.5.2", "an empty line"),
        ([b"NOOP\rQUIT"], "500 5.5.2", "CR inside a line"),
        ([b"NOOP \x00"], "500 5.5.2", "NUL"),
        ([b"NOOP " + b"x" * 5000], "500 5.5.6", "a line over the limit"),
        ([b"VRFY dagklub"], "252 2.5.2", "VRFY tells nothing"),
        ([b"STARTTLS"], "454 4.7.0", "no certificate here"),
        ([b"noop"], "250 2.0.0", "verbs in any case"),
        ([b"HELP"], "214 2.0.0", "HELP"),
    ],
)
def test_replies(client: RawClient, lines: list[bytes], expected: str, reason: str) -> None:
    replies = [client.say(line) for line in lines]
    assert replies[-1].startswith(expected), reason


def test_a_bare_line_feed_ends_no_command(client: RawClient) -> None:
    client.send(b"NOOP\n")
    assert client.hear().startswith("500 5.5.2")


def test_too_many_bad_commands_end_the_line(client: RawClient) -> None:
    replies = [client.say("NONSENSE") for _ in range(21)]
    assert replies[-1].startswith("421 4.7.0")
    assert client.hear() == ""


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory):
    hop = ScriptedHop()
    gateway = RunningGateway(
        tmp_path_factory.mktemp("bounded"),
        hop.port,
        limits={"message_bytes": 5000, "recipients": 100, "connections": 5, "idle_seconds": 1, "hops": 5},
    ).start()
    yield gateway
    gateway.stop()
    hop.close()


def test_a_message_over_the_limit(bounded: RunningGateway) -> None:
    with RawClient(bounded.port) as client:
        assert "SIZE 5000" in client.hello()
        assert client.transaction(b"x" * 6000 + b"\r\n") == "552 5.3.4 The message is larger than 5000 bytes"
        assert client.transaction(HARMLESS)[:3] == "250", "and the dialogue goes on"


def test_too_many_recipients(bounded: RunningGateway) -> None:
    with RawClient(bounded.port) as client:
        client.hello()
        client.say("MAIL FROM:<dagklub@lavuk.dk>")
        replies = [client.say(f"RCPT TO:<r{number}@example.org>") for number in range(101)]
    assert [reply[:3] for reply in replies[:100]] == ["250"] * 100, "rfc5321#4.5.3.1.8"
    assert replies[100].startswith("452 4.5.3")


def test_a_silent_client_is_told_goodbye(bounded: RunningGateway) -> None:
    with RawClient(bounded.port) as client:
        assert client.hear().startswith("421 4.4.2")


def test_a_client_that_is_silent_within_a_message_is_told_goodbye(bounded: RunningGateway) -> None:
    with RawClient(bounded.port) as client:
        client.hello()
        client.say("MAIL FROM:<dagklub@lavuk.dk>")
        client.say("RCPT TO:<a@example.org>")
        client.say("DATA")
        client.send(b"Subject: half")
        assert client.hear().startswith("421 4.4.2")


def test_too_many_connections_are_turned_away(bounded: RunningGateway) -> None:
    clients = [RawClient(bounded.port) for _ in range(5)]
    try:
        with RawClient(bounded.port) as one_more:
            assert one_more.greeting.startswith("421 4.3.2")
    finally:
        for client in clients:
            client.say("QUIT")
            client.__exit__()


def test_too_many_hops(bounded: RunningGateway) -> None:
    with RawClient(bounded.port) as client:
        client.hello()
        assert client.transaction(b"Received: x\r\n" * 6 + HARMLESS).startswith("554 5.4.6")


def test_a_message_that_comes_back_again_and_again_is_a_loop(gateway: RunningGateway, hop: ScriptedHop) -> None:
    content = HARMLESS
    with RawClient(gateway.port) as client:
        client.hello()
        for _ in range(3):
            assert client.transaction(content)[:3] == "250"
            content = hop.messages[-1]
        assert client.transaction(content).startswith("554 5.4.6")


@pytest.mark.parametrize("sequence", [b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\r\r\n", b"\r\n\x00.\r\n"])
def test_one_message_in_is_never_two_out(client: RawClient, hop: ScriptedHop, sequence: bytes) -> None:
    smuggled = b"Subject: x\r\n\r\nhello" + sequence + b"MAIL FROM:<evil@kk.dk>\r\nRCPT TO:<a@b.dk>\r\nDATA\r\n\r\n"
    client.say("MAIL FROM:<dagklub@lavuk.dk>")
    client.say("RCPT TO:<a@example.org>")
    client.say("DATA")
    client.send(smuggled + b".\r\n")
    assert client.hear().startswith("550 5.6.11")
    assert client.say("NOOP")[:3] == "250", "no further reply was waiting: nothing was taken for a command"
    assert hop.taken == []


def test_clients_outside_the_trusted_networks_are_not_served(tmp_path: Path) -> None:
    hop = ScriptedHop()
    gateway = RunningGateway(tmp_path, hop.port, listener={"trust": ["192.0.2.0/24"]}).start()
    try:
        with RawClient(gateway.port) as client:
            assert client.greeting.startswith("554 5.7.1")
            assert client.hear() == ""
    finally:
        gateway.stop()
        hop.close()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(folder / "cert.pem", append=True)
    hop = ScriptedHop()
    gateway = RunningGateway(folder, hop.port, listener={"tls": {"certificate": "cert.pem", "key": "key.pem"}}).start()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    yield gateway, hop, context
    gateway.stop()
    hop.close()


def test_starttls(secured) -> None:
    gateway, hop, context = secured
    hop.forget()
    with RawClient(gateway.port) as client:
        assert "STARTTLS" in client.hello()
        client.start_tls(context)
        assert client.say("MAIL FROM:<dagklub@lavuk.dk>").startswith("503"), "what was said in the clear is forgotten"
        assert "STARTTLS" not in client.hello()
        assert client.transaction(HARMLESS)[:3] == "250"
    assert b"with ESMTPS id" in hop.messages[0]
    assert gateway.events()[-1].tls_in.startswith("TLSv1.")


def test_commands_injected_before_the_handshake_are_dropped(secured) -> None:
    """CVE-2011-0411 and its children: plaintext behind STARTTLS must not be obeyed after it."""
    gateway, _, context = secured
    with RawClient(gateway.port) as client:
        client.hello()
        client.send(b"STARTTLS\r\nMAIL FROM:<evil@example.org>\r\n")
        assert client.hear().startswith("220")
        client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
        client.stream = client.socket.makefile("rb")
        assert client.hello().startswith("250")
        assert client.say("RCPT TO:<a@example.org>").startswith("503")

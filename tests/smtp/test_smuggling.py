"""One message in, one message out or a refusal, never two (SMTP smuggling); and no address becomes a command.

The sequences are those known to end a message for some server or other. Each is tried in the middle of a message, at
its beginning and at its end, by DATA and by BDAT, and what reached the next hop is read by the most careless server
there could be: one that takes every one of these sequences for an end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop

ENDS = (b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\x00", b"\x00\r\n", b"\n\x00")
SEQUENCES = sorted({before + b"." + after for before in ENDS for after in ENDS} - {b"\r\n.\r\n", b"\r\n.\r\n\x00"})
"""Every line end, real or careless, on both sides of a dot; without those that hold the one true end."""
SMUGGLED = b"MAIL FROM:<evil@kk.dk>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n"
CARELESS_END = re.compile(rb"(?:\A|[\r\n])\x00*\.\x00*[\r\n]")


def started(client: RawClient) -> None:
    for line in ("MAIL FROM:<dagklub@lavuk.dk>", "RCPT TO:<a@example.org>"):
        assert client.say(line)[:3] == "250"


def assert_never_two(client: RawClient, hop: ScriptedHop, reply: str) -> None:
    """What was sent gave this one reply; it was refused, or one message lies there that nobody reads as two."""
    assert client.say("NOOP")[:3] == "250", "no second reply was waiting"
    assert reply[:1] in "25", reply
    assert len(hop.taken) == (reply[:1] == "2")
    for taken in hop.taken:
        assert not CARELESS_END.search(taken.wire)
        assert taken.rcpt == [b"RCPT TO:<a@example.org>"]
    assert not [line for line in hop.commands if b"evil" in line or b"victim" in line]


HEADER = b"Subject: x\r\n\r\nhello"
PLACES = {
    f"{sequence!r} {place}": content
    for sequence in SEQUENCES
    for place, content in (
        ("in the middle", HEADER + sequence + SMUGGLED),
        ("at the beginning", sequence.lstrip(b"\r\n") + SMUGGLED),
        ("at the end", HEADER + sequence + b"\r\n"),
    )
    if not content.startswith(b".\r\n") and b"\r\n.\r\n" not in content
}
"""Without those where the sequence and what stands around it make the one true end."""


@pytest.mark.parametrize("case", PLACES)
def test_one_message_in_is_never_two_out(client: RawClient, hop: ScriptedHop, case: str) -> None:
    started(client)
    client.say("DATA")
    client.send(PLACES[case] + b".\r\n")
    assert_never_two(client, hop, client.hear())


@pytest.mark.parametrize("sequence", [b"\r\n.\r\n", *SEQUENCES], ids=lambda sequence: repr(sequence)[2:-1])
def test_a_chunk_may_hold_any_bytes_and_is_never_two_messages(
    chunking: tuple[RunningGateway, ScriptedHop], sequence: bytes
) -> None:
    """BDAT counts bytes: even the true end is content there (rfc3030#2)."""
    gateway, hop = chunking
    hop.forget()
    with RawClient(gateway.port) as client:
        if "CHUNKING" not in client.hello():
            pytest.skip("CHUNKING is not offered")
        started(client)
        content = b"Subject: x\r\n\r\nhello" + sequence + SMUGGLED
        client.send(b"BDAT %d LAST\r\n" % len(content) + content)
        assert_never_two(client, hop, client.hear())


@pytest.fixture(scope="module")
def chunking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningGateway, ScriptedHop]]:
    hop = ScriptedHop(keywords=(b"SIZE 60000000", b"8BITMIME", b"SMTPUTF8", b"CHUNKING"))
    gateway = RunningGateway(tmp_path_factory.mktemp("chunking"), hop.port).start()
    yield gateway, hop
    gateway.stop()
    hop.close()


ADDRESSES = [
    (b"<=?utf-8?q?a=0d=0aRSET=0d=0a?=@e.dk>", "an encoded line end"),
    (b"<=?utf-8?b?YQ0KUlNFVA0K?=@e.dk>", "an encoded line end, in base64"),
    (b"<=?utf-8?q?a=40evil.dk=3E=20NOTIFY=3DNEVER?=@e.dk>", "an encoded bracket and parameter"),
    (b"<a\rRSET@e.dk>", "a bare CR"),
    (b"<a\x00@e.dk>", "NUL"),
    (b'<"a\rRSET"@e.dk>', "a bare CR in quotes"),
    (b'<"a\\\rRSET"@e.dk>', "a quoted CR"),
    (b"<a@e.dk> ORCPT=rfc822;a\rRSET", "a bare CR in a parameter"),
    (b"<a@e.dk> ORCPT=rfc822;a\x00", "NUL in a parameter"),
    (b"<a@e.dk>\x0bRSET", "a vertical tab"),
    (b"<a@e.dk\xc2\x85RSET>", "a line end of Unicode"),
    ("<a@e.dk\u2028RSET>".encode(), "a line separator of Unicode"),
    (b"<a@e.dk> <evil@kk.dk>", "two addresses"),
    (b"<a@e.dk><evil@kk.dk>", "two addresses, glued"),
    (b"<@x.dk:a@e.dk>", "a source route"),
]


@pytest.mark.parametrize("verb", [b"MAIL FROM:", b"RCPT TO:"])
@pytest.mark.parametrize(("path", "reason"), ADDRESSES, ids=[reason for _, reason in ADDRESSES])
def test_no_address_becomes_a_command(
    client: RawClient, hop: ScriptedHop, verb: bytes, path: bytes, reason: str
) -> None:
    """It is refused here, or reaches the next hop as one line, byte for byte; a source route is left out."""
    if verb.startswith(b"RCPT"):
        client.say("MAIL FROM:<dagklub@lavuk.dk>")
    before = len(hop.commands)
    reply = client.say(verb + path)
    assert client.say("NOOP")[:3] == "250", "one command, one reply"
    heard = [line for line in hop.commands[before:] if not line.startswith((b"EHLO", b"RSET\r\n", b"QUIT\r\n"))]
    if reply[:3] == "501" or reply[:3] == "500":
        assert heard == []
    else:
        assert reply[:3] == "250", reply
        assert heard == [verb + path.replace(b"@x.dk:", b"") + b"\r\n"]


def test_a_bare_line_feed_in_an_address_ends_the_line_and_is_refused(client: RawClient, hop: ScriptedHop) -> None:
    client.send(b"MAIL FROM:<a\nRSET@e.dk>\r\n")
    assert [client.hear()[:3], client.hear()[:3]] == ["500", "500"]
    assert not [line for line in hop.commands if line.startswith(b"MAIL")]


XFORWARDED = [
    b"ADDR=192.0.2.7+0D+0AX-Evil:+20yes",
    b"ADDR=192.0.2.7]+0D+0AX-Evil:+20yes",
    b"ADDR=IPV6:fe80::1+25]+0D+0AX-Evil:+20yes",
    b"HELO=a+0D+0AX-Evil:+20yes",
    b"HELO=a)+0AX-Evil:+20yes",
    b"NAME=a+0D+0A+0D+0AX-Evil:+20yes",
]


@pytest.mark.parametrize("attribute", XFORWARDED)
def test_what_a_client_forwards_adds_no_header_field(attribute: bytes, forwarding) -> None:
    gateway, hop = forwarding
    hop.forget()
    with RawClient(gateway.port) as client:
        client.hello()
        taken = client.say(b"XFORWARD " + attribute)
        started(client)
        client.say("DATA")
        reply = client.message(b"Subject: x\r\n\r\nhello\r\n")
    assert (taken[:3] == "501") == attribute.startswith(b"ADDR"), "an address that is none is refused"
    assert reply[:3] == "250", reply
    head = hop.messages[0].partition(b"\r\n\r\n")[0]
    assert not re.search(rb"^X-Evil", head, re.MULTILINE)
    assert hop.messages[0].endswith(b"Subject: x\r\n\r\nhello\r\n")
    assert not [line for line in hop.commands if line.startswith(b"X-Evil")]


@pytest.fixture(scope="module")
def forwarding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningGateway, ScriptedHop]]:
    hop = ScriptedHop(keywords=(b"SIZE 60000000", b"8BITMIME", b"XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"))
    gateway = RunningGateway(tmp_path_factory.mktemp("forwarding"), hop.port, listener={"xforward": True}).start()
    yield gateway, hop
    gateway.stop()
    hop.close()

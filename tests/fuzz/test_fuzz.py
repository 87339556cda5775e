"""Any bytes end in a reply or a closed connection: never in a traceback, a hang, or a message that was not sent.

hypothesis writes whole dialogues for a running gateway and bytes for the readers of the wire. `make test` tries a few
hundred; FUZZ=1000 in the environment tries that many times more (`make fuzz`).
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.fed_dialogue import held
from support.ports import free_port
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop, undotted, without_our_fields

from gateway.mail.reply import Reply
from gateway.smtp import forwarded, proxied
from gateway.smtp.commands import Malformed, parameters_of, parse_command, parse_path
from gateway.smtp.target import Capabilities
from gateway.smtp.wire import ConnectionGone, Inbox, LineTooLong, MessageTooBig, WireMessage

TIMES = max(1, int(os.environ.get("FUZZ", "1")))


def tries(count: int) -> settings:
    return settings(
        max_examples=count * TIMES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A gateway with short patience and listeners of all kinds; at the end it must be alive and its log clean."""
    ports = {"inbound": free_port(), "lmtp": free_port(), "proxied": free_port()}
    kinds = {
        "inbound": {"role": "inbound"},
        "lmtp": {"role": "outbound", "protocol": "lmtp"},
        "proxied": {"role": "outbound", "proxy_protocol": True},
    }
    hop = ScriptedHop(
        keywords=(b"SIZE 60000000", b"8BITMIME", b"SMTPUTF8", b"DSN", b"CHUNKING", b"XFORWARD NAME ADDR PORT HELO")
    )
    gateway = RunningGateway(
        tmp_path_factory.mktemp("fuzz"),
        hop.port,
        listener={"xforward": True},
        more_listeners=[kind | {"listen": f"127.0.0.1:{ports[name]}"} for name, kind in kinds.items()],
        limits={"scan_seconds": 5, "total_seconds": 20, "message_bytes": 60_000, "bad_commands": 40},
    ).start()
    yield SimpleNamespace(hop=hop, gateway=gateway, ports={"outbound": gateway.port, **ports})
    with RawClient(gateway.port) as client:
        client.hello()
        assert client.transaction(b"Subject: Tur\r\n\r\nHusk regntoj.\r\n")[:3] == "250", "it is still itself"
    log = gateway.log.read_text()
    assert "Traceback" not in log
    assert "error of ours" not in log
    assert "ended by signal" not in log
    assert gateway.stop() == 0
    hop.close()


# ---------------------------------------------------------------- dialogues

ADDRESS_BYTES = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"dagklub@lavuk.dk", b"", b'"a b"@c.dk', b"@x.dk:a@b.dk", b"=?utf-8?q?a=0d=0aRSET?=@e.dk"]),
)
PARAMETERS = st.sampled_from(
    (
        *(b"", b" SIZE=100", b" SIZE=-1", b" SIZE=99999999999999999999999", b" BODY=8BITMIME", b" BODY=BINARYMIME"),
        *(b" SMTPUTF8", b" RET=HDRS ENVID=a+2Bb", b" NOTIFY=NEVER", b" ORCPT=rfc822;a", b" =", b" X=\xff", b" AUTH=<>"),
    )
)
COMMANDS = st.one_of(
    st.builds(lambda path, words: b"MAIL FROM:<" + path + b">" + words, ADDRESS_BYTES, PARAMETERS),
    st.builds(lambda path, words: b"RCPT TO:<" + path + b">" + words, ADDRESS_BYTES, PARAMETERS),
    st.sampled_from([b"MAIL FROM:<dagklub@lavuk.dk>", b"RCPT TO:<a@example.org>", b"EHLO x", b"HELO x", b"RSET"]),
    st.sampled_from(
        [b"NOOP", b"VRFY x", b"EXPN x", b"HELP", b"DATA", b"STARTTLS", b"LHLO x", b"AUTH PLAIN", b"ETRN x"]
    ),
    st.builds(
        lambda size, body, last: b"BDAT %d%s\r\n%s" % (size, b" LAST" * last, body),
        st.integers(0, 90_000),
        st.binary(max_size=80),
        st.booleans(),
    ),
    st.builds(
        lambda name, value: b"XFORWARD " + name + b"=" + value,
        st.sampled_from([b"NAME", b"ADDR", b"PORT", b"HELO", b"X"]),
        st.binary(max_size=40),
    ),
    st.binary(max_size=120),
    st.binary(max_size=20).map(lambda junk: b"x" * 5000 + junk),
)
LINE_ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"", b"\r\n.\r\n"])
DIALOGUES = st.lists(st.builds(lambda command, end: command + end, COMMANDS, LINE_ENDS), max_size=12).map(b"".join)


ENVELOPE = b"MAIL FROM:<dagklub@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n"
PROXIED = b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n"
BEGINNINGS = st.one_of(
    st.builds(
        lambda *pieces: b"".join(pieces),
        st.sampled_from([b"", PROXIED]),
        st.sampled_from([b"EHLO x\r\n", b"LHLO x\r\n", b""]),
        st.sampled_from([b"", ENVELOPE, ENVELOPE + b"DATA\r\n", ENVELOPE + b"BDAT 5\r\nx: y\n"]),
    ),
    st.builds(lambda head, rest: b"\r\n\r\n\0\r\nQUIT\n" + head + rest, st.binary(max_size=4), st.binary(max_size=40)),
)


@tries(200)
@given(
    kind=st.sampled_from(["outbound", "inbound", "lmtp", "proxied"]),
    stream=st.builds(lambda beginning, rest: beginning + rest, BEGINNINGS, DIALOGUES),
    cuts=st.lists(st.integers(0, 5000), max_size=4),
)
def test_any_command_stream_is_answered_or_closed(
    place: SimpleNamespace, kind: str, stream: bytes, cuts: list[int]
) -> None:
    """Whatever is said: replies are SMTP, the line closes when we close ours, and nothing went on that was not DATA."""
    place.hop.forget()
    with socket.create_connection(("127.0.0.1", place.ports[kind]), timeout=30) as line:
        heard = said(line, stream, cuts)
    if kind == "proxied" and not heard:
        return
    for reply in heard.split(b"\r\n")[:-1]:
        assert reply[:3].isdigit(), heard[:300]
        assert reply[3:4] in b" -", heard[:300]
        assert 200 <= int(reply[:3]) < 600
    assert heard.endswith(b"\r\n")
    assert len(place.hop.taken) <= heard.count(b"\r\n250 2.0.0 ") + heard.count(b"\r\n250 2.")
    for command in place.hop.commands:
        assert command.endswith(b"\r\n")
        assert b"\0" not in command
        assert b"\r" not in command[:-2]


def said(line: socket.socket, stream: bytes, cuts: list[int]) -> bytes:
    """Send the stream in pieces, then nothing more; all that is heard until the other side closes."""
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    try:
        for begin, end in pairwise(places):
            line.sendall(stream[begin:end])
        line.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    heard = b""
    try:
        while piece := line.recv(65536):
            heard += piece
    except ConnectionError:
        pass
    return heard


@tries(60)
@given(body=st.binary(max_size=300), cuts=st.lists(st.integers(0, 2000), max_size=5), chunks=st.booleans())
def test_any_message_arrives_once_as_it_is_or_is_refused(
    place: SimpleNamespace, body: bytes, cuts: list[int], chunks: bool
) -> None:
    place.hop.forget()
    content = body + b"\r\n"
    stuffed = b"." * content.startswith(b".") + content.replace(b"\r\n.", b"\r\n..")
    message = b"BDAT %d LAST\r\n" % len(content) + content if chunks else b"DATA\r\n" + stuffed + b".\r\n"
    envelope = b"EHLO x\r\nMAIL FROM:<dagklub@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\n"
    with socket.create_connection(("127.0.0.1", place.gateway.port), timeout=30) as line:
        heard = said(line, envelope + message + b"QUIT\r\n", cuts)
    replies = [reply for reply in heard.split(b"\r\n") if reply[3:4] == b" "]
    assert replies[-1][:3] == b"221", heard
    code = replies[-2][:1]
    assert code in b"25", heard
    assert len(place.hop.taken) == (code == b"2")
    for taken in place.hop.taken:
        if b"Message stopped" in replies[-2]:  # what cannot be read is stopped; then its bounce is what went on
            assert taken.mail.startswith(b"MAIL FROM:<>")
        else:
            assert without_our_fields(taken.chunks or undotted(taken.wire)) == content


def test_a_message_cut_at_every_byte_is_the_same(place: SimpleNamespace) -> None:
    content = b"A: b\r\n\r\n.\r\n..x\r\ny"
    stuffed = content.replace(b"\r\n.", b"\r\n..") + b"\r\n"
    for way, message in {
        "DATA": b"DATA\r\n" + stuffed + b".\r\n",
        "BDAT": b"BDAT 9\r\n" + content[:9] + b"BDAT %d LAST\r\n" % (len(content) - 9) + content[9:],
    }.items():
        envelope = b"EHLO x\r\nMAIL FROM:<dagklub@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\n"
        for cut in range(len(envelope), len(envelope + message) + 1):
            place.hop.forget()
            with socket.create_connection(("127.0.0.1", place.gateway.port), timeout=30) as line:
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                heard = said(line, envelope + message + b"QUIT\r\n", [cut])
            assert b"\r\n250 2.0.0 taken as 4711\r\n" in heard, (way, cut, heard)
            [taken] = place.hop.taken
            arrived = without_our_fields(taken.chunks or undotted(taken.wire))
            assert arrived == (content if way == "BDAT" else content + b"\r\n"), (way, cut)


# ---------------------------------------------------------------- dialogues without a socket


@tries(400)
@given(
    stream=st.builds(lambda beginning, rest: beginning + rest, BEGINNINGS, DIALOGUES),
    kind=st.sampled_from([{}, {"is_lmtp": True}, {"takes_xforward": True}, {"needs_login": True, "offers_tls": True}]),
)
def test_any_dialogue_is_held_without_forgiveness(stream: bytes, kind: dict[str, bool]) -> None:
    """tests/fuzz/guided.py does the same with atheris."""
    heard, messages = held(stream.removeprefix(PROXIED), **kind)
    assert heard[0].code == 220
    if "needs_login" in kind:
        assert messages == []


# ---------------------------------------------------------------- readers and parsers by themselves


def fed(pieces: list[bytes], work) -> object:
    async def run() -> object:
        inbox = Inbox()
        task = asyncio.ensure_future(work(inbox))
        for piece in pieces:
            inbox.feed(piece)
            await asyncio.sleep(0)
        inbox.end()
        return await task

    return asyncio.run(run())


@tries(200)
@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 60))
def test_the_inbox_gives_lines_and_messages_or_says_why_not(pieces: list[bytes], limit: int) -> None:
    """Nothing is made up: what it gives, put together, stood in what came."""

    async def read(inbox: Inbox) -> bytes:
        given = b""
        while True:
            try:
                given += await inbox.line(limit)
                given += (await inbox.message(limit)).wire
            except (LineTooLong, MessageTooBig):
                continue
            except ConnectionGone:
                return given

    given = fed(pieces, read)
    rest = iter(b"".join(pieces))
    assert all(byte in rest for byte in given), "a subsequence, in order"


@tries(200)
@given(st.binary(max_size=200))
def test_a_content_survives_stuffing(content: bytes) -> None:
    wire = WireMessage.of(content)
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    assert wire.content == ended
    assert b"\r\n.\r\n" not in b"\r\n" + wire.wire
    assert isinstance(wire.has_doubtful_end, bool)


@tries(300)
@given(st.one_of(st.binary(max_size=120), ADDRESS_BYTES.map(lambda raw: b"FROM:<" + raw + b"> SIZE=1")))
def test_any_bytes_are_a_command_and_a_path_or_malformed(line: bytes) -> None:
    command = parse_command(line)
    assert command.verb == command.verb.upper()
    try:
        path = parse_path(line, b"FROM:")
    except Malformed:
        return
    parameters_of(path)
    assert path.address.raw in line
    assert not set(path.address.raw + path.parameters) & {0, 10, 13}


@tries(200)
@given(st.binary(max_size=120))
def test_what_the_next_hop_says_is_a_reply_or_a_fault(wire: bytes) -> None:
    try:
        reply = Reply.parse(wire)
    except ValueError:
        return
    Capabilities.parse(reply)
    assert reply.encode().endswith(b"\r\n")


@tries(200)
@given(st.binary(max_size=120), st.integers(0, 255), st.integers(0, 255))
def test_a_proxy_header_is_a_peer_or_bad(body: bytes, command: int, family: int) -> None:
    for parse in (lambda: proxied.parse_v1(b"PROXY " + body), lambda: proxied.parse_v2(command, family, body)):
        try:
            peer = parse()
        except proxied.BadProxyHeader:
            continue
        assert peer is None or isinstance(peer[1], int)


@tries(200)
@given(st.text(max_size=300))
def test_a_forwarded_value_comes_back(value: str) -> None:
    """As far as it fits; as xtext it is one printable word."""
    wire = forwarded.encoded(value)
    assert wire.isascii()
    assert not set(wire) & set(b" \r\n\t\0")
    raw = value.encode("utf-8", "surrogateescape")
    if 0 < 3 * len(raw) <= 255:
        assert forwarded.decoded(wire) == raw.decode("utf-8", "replace")

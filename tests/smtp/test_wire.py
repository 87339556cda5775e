"""The inbox: lines and messages out of whatever pieces the network makes of them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.smtp.wire import ConnectionGone, Inbox, LineTooLong, MessageTooBig, WireMessage

SMUGGLED = [
    (b"\n.\n", "bare LF on both sides"),
    (b"\n.\r\n", "bare LF before the dot"),
    (b"\r.\r\n", "bare CR before the dot"),
    (b"\r.\r", "bare CR on both sides"),
    (b"\r.\n", "CR dot LF"),
    (b"\r\n.\r\r\n", "CR after the dot doubled"),
    (b"\r\n.\n", "CRLF dot bare LF"),
    (b"\r\n.\r", "CRLF dot bare CR"),
    (b"\r\r\n.\r\r\n", "CRs doubled on both sides"),
    (b"\r\n\x00.\r\n", "NUL before the dot"),
    (b"\r\n.\x00\r\n", "NUL after the dot"),
    (b"\n\x00.\x00\n", "NULs around, bare LF"),
]


def fed(pieces: list[bytes], take, *, ended: bool = True):
    """What `take(inbox)` gives when the pieces arrive one after another."""

    async def run():
        inbox = Inbox()
        task = asyncio.ensure_future(take(inbox))
        for piece in pieces:
            inbox.feed(piece)
            await asyncio.sleep(0)
        if ended:
            inbox.end()
        return await task, bytes(inbox._buffer)

    return asyncio.run(run())


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@pytest.mark.parametrize("cut", range(32))
def test_a_message_is_the_same_wherever_the_network_cuts_it(cut: int) -> None:
    data = b"A: b\r\n\r\n..dots\r\n.x\r\n.\r\nQUIT\r\n"
    message, rest = fed(pieces_of(data, [cut]), lambda inbox: inbox.message(1000))
    assert message.wire == b"A: b\r\n\r\n..dots\r\n.x\r\n"
    assert message.content == b"A: b\r\n\r\n.dots\r\nx\r\n"
    assert rest == b"QUIT\r\n"


@given(st.binary(max_size=200), st.lists(st.integers(0, 400), max_size=6))
def test_any_bytes_come_out_as_they_went_in(body: bytes, cuts: list[int]) -> None:
    """Dot-stuffed by the rule, cut anywhere: the content is what the client meant, and what follows is left."""
    content = body + b"\r\n"
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    stuffed = b"." + stuffed if stuffed.startswith(b".") else stuffed
    message, rest = fed(pieces_of(stuffed + b".\r\nNOOP\r\n", cuts), lambda inbox: inbox.message(10_000))
    assert message.content == content
    assert rest == b"NOOP\r\n"
    assert WireMessage.of(content).wire == stuffed


def test_an_empty_message_ends_at_once() -> None:
    message, rest = fed([b".", b"\r", b"\nRSET\r\n"], lambda inbox: inbox.message(10))
    assert message.wire == b""
    assert rest == b"RSET\r\n"


@pytest.mark.parametrize("size", [101, 150, 5000])
def test_a_message_over_the_limit_is_swallowed_to_its_end(size: int) -> None:
    async def take(inbox: Inbox) -> bytes:
        with pytest.raises(MessageTooBig):
            await inbox.message(100)
        return await inbox.line(100)

    data = b"x" * size + b"\r\n.\r\nNOOP\r\n"
    line, _ = fed([data[at : at + 7] for at in range(0, len(data), 7)], take)
    assert line == b"NOOP\r\n"


def test_a_line_over_the_limit_is_swallowed_to_its_end() -> None:
    async def take(inbox: Inbox) -> bytes:
        with pytest.raises(LineTooLong):
            await inbox.line(50)
        return await inbox.line(50)

    data = b"MAIL " + b"x" * 500 + b"\r\nNOOP\r\n"
    line, _ = fed([data[at : at + 9] for at in range(0, len(data), 9)], take)
    assert line == b"NOOP\r\n"


def test_the_end_of_the_line_ends_the_waiting() -> None:
    async def take(inbox: Inbox) -> None:
        with pytest.raises(ConnectionGone):
            await inbox.message(100)

    fed([b"half a message\r\n"], take)


@pytest.mark.parametrize(("sequence", "reason"), SMUGGLED, ids=[reason for _, reason in SMUGGLED])
def test_what_another_server_might_take_for_the_end_is_doubtful(sequence: bytes, reason: str) -> None:
    assert WireMessage(b"Subject: x\r\n\r\nhello" + sequence + b"MAIL FROM:<a@b.dk>\r\n").has_doubtful_end


@pytest.mark.parametrize("dots", [0, 3, 10_000])
@pytest.mark.parametrize(("sequence", "reason"), SMUGGLED, ids=[reason for _, reason in SMUGGLED])
def test_so_it_is_in_a_large_message(sequence: bytes, reason: str, dots: int) -> None:
    """Which is looked at by its few dots, or by its line ends when its dots are many."""
    large = b"a.b\r\n" * dots + b"QUJD" * 18 + b"\r\n" + b"0123456789abcdef\r\n" * 20_000
    assert WireMessage(large + b"hello" + sequence + b"MAIL FROM:<a@b.dk>\r\n").has_doubtful_end
    assert not WireMessage(large).has_doubtful_end


@pytest.mark.parametrize("dots", [0, 3, 10_000])
def test_dots_of_a_large_message_are_undone(dots: int) -> None:
    content = b".first\r\n" + b"a.b\r\n" * dots + b"0123456789abcdef\r\n" * 20_000 + b".\r\n..last\r\n"
    assert WireMessage.of(content).content == content
    assert WireMessage.of(content[1:]).content == content[1:]


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"a\r\n..\r\nb\r\n", "a line that holds one dot, doubled as the rule says"),
        (b"a\nb\rc\r\n", "bare line ends without a dot are somebody's odd text, not an end"),
        (b"a\r\n.b\r\n", "a dot that was not doubled, with text behind it"),
        (b"1.\r\n2.\r\n", "dots at line ends"),
        (b"", "nothing"),
        (b"..\r\n", "a first line that holds one dot"),
        (b"\x00\x00binary\x00\r\n", "NULs"),
    ],
)
def test_ordinary_text_is_not_doubtful(wire: bytes, reason: str) -> None:
    assert not WireMessage(wire).has_doubtful_end


def test_nothing_of_a_message_shows_in_its_repr() -> None:
    assert "070761" not in repr(WireMessage(b"cpr 070761-4285\r\n"))

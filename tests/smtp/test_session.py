"""One session with the next hop: what all its waiting may take together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from support.scripted_hop import ScriptedHop

from gateway.mail.address import Address
from gateway.mail.envelope import Client, Path
from gateway.smtp.nexthop import NextHop
from gateway.smtp.session import NextHopError, Session
from gateway.smtp.target import Target
from gateway.smtp.wire import WireMessage

FROM, TO = Path(Address(b"dagklub@lavuk.dk")), Path(Address(b"a@example.org"))
MESSAGE = WireMessage.of(b"Subject: Tur\r\n\r\nHusk regntoj.\r\n")
PATIENCE = 30.0
"""Far less than what the session would wait for one reply alone: whoever comes this far has waited too long."""


@pytest.fixture
def hop():
    hop = ScriptedHop((b"PIPELINING", b"8BITMIME"))
    yield hop
    hop.close()


def talked(hop: ScriptedHop, talk: Callable[[Session], Awaitable[None]]) -> None:
    async def run() -> None:
        session = await NextHop(Target((("127.0.0.1", hop.port),), "gateway.example")).session()
        async with asyncio.timeout(PATIENCE):
            await talk(session)
        session.abort()

    asyncio.run(run())


async def begun(session: Session) -> None:
    await session.mail(FROM)
    await session.rcpt(TO)


async def given(session: Session) -> None:
    await begun(session)
    await session.data(b"", MESSAGE)


@pytest.mark.parametrize(("verb", "message_sent"), [(b"MAIL", False), (b"RCPT", False), (b"DATA", False), (b".", True)])
def test_the_budget_holds_for_all_that_is_asked(hop: ScriptedHop, verb: bytes, message_sent: bool) -> None:
    """A next hop that hangs anywhere is given up when the whole is over, not when its own time is."""
    hop.answers = {verb: hop.HANG}

    async def talk(session: Session) -> None:
        with pytest.raises(NextHopError) as error, session.within(0.3):
            await given(session)
        assert error.value.message_sent is message_sent

    talked(hop, talk)
    assert hop.messages == []


def test_nothing_of_a_message_leaves_when_no_time_is_left(hop: ScriptedHop) -> None:
    async def talk(session: Session) -> None:
        await begun(session)
        with pytest.raises(NextHopError) as error, session.within(0.0):
            await session.data(b"", MESSAGE)
        assert not error.value.message_sent
        assert (await session.reset()).is_positive, "the budget is the transaction's, not the session's"

    talked(hop, talk)
    assert not any(line.startswith(b"DATA") for line in hop.commands)


def test_a_session_that_owes_a_reply_is_closed(hop: ScriptedHop) -> None:
    hop.answers = {b"RCPT": hop.HANG}

    async def talk(session: Session) -> None:
        with pytest.raises(NextHopError), session.within(0.3):
            await begun(session)
        assert not session.is_usable, "its late reply would be taken for the next command's"

    talked(hop, talk)


def test_who_our_client_is_goes_with_mail_in_one_piece(hop: ScriptedHop) -> None:
    """And the reply to MAIL is MAIL's, whatever was said to XFORWARD."""
    hop.keywords = (b"PIPELINING", b"XFORWARD NAME ADDR PORT PROTO HELO SOURCE")
    hop.answers = {b"XFORWARD": b"550 5.7.1 not from you\r\n", b"MAIL": b"250 2.1.0 sender fine\r\n"}

    async def talk(session: Session) -> None:
        reply = await session.mail(FROM, Client("192.0.2.7", 2525, "client.example", esmtp=True))
        assert (reply.code, reply.text) == (250, "2.1.0 sender fine")

    talked(hop, talk)
    assert [line[:8] for line in hop.commands[-2:]] == [b"XFORWARD", b"MAIL FRO"]


@pytest.mark.parametrize(
    "endless", [b"250-x\r\n" * 20_000, (b"250-" + b"x" * 4000 + b"\r\n") * 20], ids=["lines", "bytes"]
)
def test_a_reply_has_an_end(hop: ScriptedHop, endless: bytes) -> None:
    """However it is cut into lines: what a next hop says is held in memory and goes on to our client."""
    hop.answers = {b"RCPT": endless + b"250 2.1.5 fine\r\n"}

    async def talk(session: Session) -> None:
        await session.mail(FROM)
        with pytest.raises(NextHopError):
            await session.rcpt(TO)
        assert not session.is_usable

    talked(hop, talk)


def test_a_long_reply_is_heard_whole(hop: ScriptedHop) -> None:
    hop.answers = {b"RCPT": b"250-" + b"x" * 60 + b"\r\n" + b"250-y\r\n" * 400 + b"250 2.1.5 fine\r\n"}

    async def talk(session: Session) -> None:
        await session.mail(FROM)
        assert (await session.rcpt(TO)).text.count("\n") == 401

    talked(hop, talk)

"""One connection to the next hop: one transaction after another. How it begins is told in opening.py.

Nothing of a message leaves before 354. After our final dot has left nothing is ever repeated: what comes of it then is
told as ambiguous (rfc5321#4.5.4.1, promise 1).
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import ssl
from collections.abc import Iterator, Sequence
from typing import cast

from gateway.mail import reply as replies
from gateway.mail.envelope import Client, Path
from gateway.mail.reply import Reply
from gateway.smtp.forwarded import xforward_commands
from gateway.smtp.target import Capabilities, Target
from gateway.smtp.wire import ConnectionGone, Inbox, LineTooLong, WireMessage

REPLY_LINE_LIMIT = 4096
"""Longest reply line taken. rfc5321#4.5.3.1.5 says 512; Postfix sends up to 2048."""
REPLY_LIMIT = 32 * 1024
"""Longest reply taken, all its lines together: an EHLO reply has some thirty of them."""
_ONE_PIECE = 64 * 1024
"""Up to this size copying a message together costs less than a second system call."""


class NextHopError(ConnectionError):
    """The next hop did not answer as a next hop should. `reply` is what our client hears: always 4xx.

    message_sent: our final dot had left when it happened, so the next hop may have the message (ambiguous end).
    """

    def __init__(self, cause: str, *, message_sent: bool = False) -> None:
        super().__init__(cause)
        self.message_sent = message_sent
        self.reply = replies.NEXT_HOP_AMBIGUOUS if message_sent else replies.NEXT_HOP_UNREACHABLE


class Session(asyncio.Protocol):
    """One connection to the next hop.

    host: the name or address it was reached at, which its certificate must bear. tls: how the line is protected, in
    words for the record. is_lent: somebody still waits for its answer beside the transaction it belonged to.
    """

    def __init__(self, target: Target, host: str) -> None:
        self.target = target
        self._host = host
        self._inbox = Inbox()
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._deadline = 0.0
        self._until = math.inf
        self._watch: asyncio.TimerHandle | None = None
        self.capabilities = Capabilities({})
        self.tls = ""
        self.is_fresh = True
        self.in_transaction = False
        self.is_lent = False
        self.idle_since = 0.0

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._inbox.attach(self._transport)

    def data_received(self, data: bytes) -> None:
        self._inbox.feed(data)

    def eof_received(self) -> None:
        self._inbox.end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._inbox.end()
        self._writable.set()
        if self._watch is not None:
            self._watch.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # What a transaction calls

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Whatever is asked of the next hop meanwhile must be answered before these seconds are over, all together."""
        self._until = asyncio.get_running_loop().time() + seconds
        try:
            yield
        finally:
            self._until = math.inf

    @property
    def is_usable(self) -> bool:
        """Open, and nothing said unasked: an unsolicited line is a goodbye (421)."""
        return (
            self._transport is not None
            and not self._transport.is_closing()
            and not self._inbox.has_ended
            and not len(self._inbox)
        )

    async def command(self, line: bytes) -> Reply:
        """Send a command, return its reply. Raises NextHopError when there is none."""
        self._must_have_been_silent()
        self._write(line + b"\r\n")
        return await self._answer(may_go_ahead=line == b"DATA")

    async def _answer(self, *, may_go_ahead: bool = False) -> Reply:
        """The reply to a command. A session that still owes one is of no use: the next command would hear it."""
        try:
            return await self._reply(self.target.timeouts.command, may_go_ahead=may_go_ahead)
        except NextHopError:
            self.abort()
            raise

    def _must_have_been_silent(self) -> None:
        """What it said unasked would be taken for the answer to what comes next, and that may be yes to a message."""
        if len(self._inbox):
            self.abort()
            raise NextHopError("it spoke before it was asked")

    async def mail(self, path: Path, client: Client | None = None, case_id: str = "") -> Reply:
        """MAIL with the path's bytes and parameters as they are.

        client, case_id: who our client is and what we call the message, for a next hop that wants to know (XFORWARD;
        each transaction anew). It goes in one piece with MAIL where commands may (rfc2920). What is answered to it
        changes nothing: it is for the log there.
        """
        self.is_fresh = False
        self.in_transaction = True
        presented = self._presentation(client, case_id) if client is not None else ()
        mail = _with_parameters(b"MAIL FROM:<" + path.address.raw + b">", path)
        if not presented or b"PIPELINING" not in self.capabilities:
            for line in presented:
                await self.command(line)
            return await self.command(mail)
        self._must_have_been_silent()
        self._write(b"\r\n".join((*presented, mail, b"")))
        for _ in presented:
            await self._answer()
        return await self._answer()

    def _presentation(self, client: Client, case_id: str) -> Sequence[bytes]:
        offered = self.capabilities.keywords.get(b"XFORWARD")
        return xforward_commands(client, case_id, offered) if offered else ()

    async def rcpt(self, path: Path) -> Reply:
        return await self.command(_rcpt(path))

    async def reset(self) -> Reply:
        self.in_transaction = False
        return await self.command(b"RSET")

    async def data(self, added: bytes, message: WireMessage) -> Reply:
        """Hand over the message under the header fields we add. The reply is the one to the final dot.

        A reply other than 354 to DATA is returned as it is: then nothing of the message has been sent. What came in
        chunks goes on in one chunk when the next hop takes them (rfc3030), byte for byte, without a dot doubled.
        """
        if asyncio.get_running_loop().time() >= self._until:
            raise NextHopError("no time is left to give the message on")
        if message.came_in_chunks and b"CHUNKING" in self.capabilities:
            content = added + message.content
            return await self._given(b"BDAT %d LAST\r\n" % len(content), content, b"")
        go_ahead = await self.command(b"DATA")
        if go_ahead.is_negative:
            return go_ahead
        if go_ahead.code != 354:
            self.abort()
            raise NextHopError(f"it answered {go_ahead.code} to DATA")
        if len(self._inbox):
            return await self._refused_before_read()
        return await self._given(added, message.wire, b".\r\n")

    async def _refused_before_read(self) -> Reply:
        """What it says after 354 and before it has read anything may be no, never yes; then the line is of no use."""
        reply = await self._answer()
        self.abort()
        if reply.is_negative:
            return reply
        raise NextHopError("it answered before it had the message")

    async def _given(self, before: bytes, message: bytes, end: bytes) -> Reply:
        try:
            await self._hand_over(before, message, end)
        except (NextHopError, TimeoutError) as error:
            self.abort()
            raise NextHopError("it stopped reading the message") from error
        try:
            reply = await self._reply(self.target.timeouts.final_dot)
        except NextHopError as error:
            raise NextHopError(str(error), message_sent=True) from error
        if not (reply.is_positive or reply.is_negative):
            self.abort()
            raise NextHopError(f"it answered {reply.code} to the final dot", message_sent=True)
        self.in_transaction = False
        return reply

    async def _hand_over(self, before: bytes, message: bytes, end: bytes) -> None:
        """A small message leaves in one piece; a large one first, and its final dot when the rest has gone."""
        if len(message) < _ONE_PIECE:
            self._write(b"".join((before, message, end)))
            return
        self._write(before)
        self._write(message)
        if not self._writable.is_set():
            left = self._until - asyncio.get_running_loop().time()
            await asyncio.wait_for(self._writable.wait(), min(left, self.target.timeouts.final_dot))
        if end:
            self._write(end)

    async def late_reply(self, seconds: float) -> Reply:
        """The answer to our final dot, when it comes after all. Raises NextHopError when it does not."""
        try:
            return await self._reply(seconds)
        finally:
            self.abort()

    def leave(self) -> None:
        """Leave politely, without waiting for the answer (rfc5321#4.1.1.10)."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def abort(self) -> None:
        """Drop the line at once: whatever the next hop has not accepted by now it shall not accept."""
        if self._transport is not None:
            self._transport.abort()

    # Opening (opening.py)

    async def greeting(self) -> Reply:
        """What it says first. Raises NextHopError."""
        return await self._reply(self.target.timeouts.command)

    @property
    def is_local(self) -> bool:
        """Whether nothing of the line leaves this machine."""
        peer = self._transport.get_extra_info("peername") if self._transport is not None else None
        return isinstance(peer, tuple) and str(peer[0]) in ("127.0.0.1", "::1")

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """The handshake, after its 220. Raises NextHopError."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(self._transport, self, context, server_hostname=self._host)
        except (OSError, ssl.SSLError) as error:
            why = getattr(error, "verify_message", "") or type(error).__name__
            raise NextHopError(f"TLS: {why}") from error
        if secured is None:
            raise NextHopError("TLS: it closed the connection")
        self.connection_made(secured)
        version, cipher = secured.get_extra_info("ssl_object").version(), secured.get_extra_info("cipher")
        peer = self._host if context.check_hostname else f"{self._host} unchecked"
        self.tls = f"{version} {cipher[0]} {peer}"

    # Reading and writing

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise NextHopError("it closed the connection")
        self._transport.write(data)

    async def _reply(self, seconds: float, *, may_go_ahead: bool = False) -> Reply:
        self._expect_by(seconds)
        try:
            reply = await self._read_reply()
            if 300 <= reply.code < 400 and not may_go_ahead:
                raise ValueError("nothing was to go ahead")
            return reply
        except TimeoutError as error:
            raise NextHopError(f"no reply within {seconds:g} s, or within what was left of the whole") from error
        except (ConnectionGone, LineTooLong, ValueError) as error:
            self.abort()
            raise NextHopError("it closed the connection or spoke no SMTP") from error
        finally:
            self._deadline = 0.0

    async def _read_reply(self) -> Reply:
        if not self._inbox:
            await self._inbox.more()
        line = self._inbox.line_at_hand(REPLY_LINE_LIMIT) or await self._inbox.line(REPLY_LINE_LIMIT)
        if line[3:4] != b"-":
            return Reply.parse(line)
        lines = line
        while line[3:4] == b"-":
            if len(lines) > REPLY_LIMIT:
                raise ValueError("endless reply")
            line = await self._inbox.line(REPLY_LINE_LIMIT)
            lines += line
        return Reply.parse(lines)

    def _expect_by(self, seconds: float) -> None:
        """One timer a session, not one a reply: when it fires it looks whether a reply is late, or waits on."""
        loop = asyncio.get_running_loop()
        self._deadline = min(loop.time() + seconds, self._until)
        if self._watch is None or self._watch.when() > self._deadline:
            if self._watch is not None:
                self._watch.cancel()
            self._watch = loop.call_at(self._deadline, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        self._watch = None
        loop = asyncio.get_running_loop()
        if not self._deadline:
            return
        if loop.time() < self._deadline:
            self._watch = loop.call_at(self._deadline, self._look_at_the_clock)
            return
        self._inbox.interrupt()


def _rcpt(path: Path) -> bytes:
    return _with_parameters(b"RCPT TO:<" + path.address.raw + b">", path)


def _with_parameters(command: bytes, path: Path) -> bytes:
    return command + b" " + path.parameters if path.parameters else command

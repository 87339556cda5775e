"""The dialogue with a client: commands in, replies out. What is done with them is the backend's business.

Built on aiosmtpd's session. Its command reader, DATA reader, address and parameter parsers, timers and error replies
are replaced, because each of them changes, refuses or loses mail that a transparent proxy must pass; the replacements
work on bytes and on whole messages. What any bug of ours says to a client is 451 4.3.0 and nothing more.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol, cast

from aiosmtpd.smtp import SMTP

from gateway.faults import told
from gateway.mail import reply as replies
from gateway.mail.envelope import Client, Path
from gateway.mail.reply import Reply
from gateway.smtp.commands import Malformed, parameters_of, parse_command, parse_path
from gateway.smtp.wire import ConnectionGone, Inbox, LineTooLong, MessageTooBig, WireMessage

log = logging.getLogger(__name__)


class Backend(Protocol):
    """What stands behind one connection: a relay to the next hop, or the embedded outbox."""

    def refusal(self, client: Client) -> Reply | None:
        """Why this client may not talk here at all; None when it may."""

    async def hello(self, client: Client) -> tuple[bytes, ...]:
        """EHLO keywords that what lies behind us can honour, beside the listener's own. May raise Refusal."""

    async def mail(self, path: Path, client: Client) -> Reply: ...

    async def rcpt(self, path: Path) -> Reply: ...

    async def data(self, message: WireMessage, is_gone: Callable[[], bool]) -> Reply:
        """Take responsibility for the message, or say why not. A positive reply means it is safe elsewhere."""

    async def reset(self) -> None: ...

    async def close(self) -> None: ...


class Refusal(Exception):
    """A command cannot be obeyed; the reply says why. 421 ends the dialogue."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.code))
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Terms:
    """The bounds of a listener; each has a reply of its own."""

    hostname: str
    message_bytes: int = 52_428_800
    command_bytes: int = 2048
    recipients: int = 1000
    bad_commands: int = 20
    idle_seconds: float = 300.0
    tls: ssl.SSLContext | None = None


class Conversation(SMTP):
    """One connection of a client."""

    def __init__(
        self,
        backend: Backend,
        terms: Terms,
        loop: asyncio.AbstractEventLoop,
        on_end: Callable[[Conversation], None] = lambda conversation: None,
    ) -> None:
        super().__init__(None, hostname=terms.hostname, ident="Postvagt", tls_context=terms.tls, loop=loop)
        self._backend = backend
        self._terms = terms
        self._on_end = on_end
        self._inbox = Inbox()
        self._line: asyncio.Transport | None = None
        self._pending_replies: list[bytes] = []
        self._client = Client("")
        self._has_mail = False
        self._recipients = 0
        self._bad_commands = 0
        self._is_leaving = False
        self._is_working = False
        self._last_heard = loop.time()
        self._verbs: dict[bytes, Callable[[bytes], Awaitable[Reply | None]]] = {
            b"HELO": self._helo,
            b"EHLO": self._ehlo,
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"DATA": self._data,
            b"RSET": self._rset,
            b"NOOP": self._noop,
            b"QUIT": self._quit,
            b"VRFY": self._vrfy,
            b"HELP": self._help,
            b"STARTTLS": self._starttls,
        }

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line = cast(asyncio.Transport, transport)
        self._inbox.attach(self._line)
        super().connection_made(transport)
        ip, port = _peer_of(transport)
        self._client = Client(ip, port)

    def data_received(self, data: bytes) -> None:
        self._last_heard = self.loop.time()
        self._inbox.feed(data)

    def eof_received(self) -> bool:
        """The client has said all it will say. A message it has finished is still carried to its end."""
        self._inbox.end()
        return self._client.tls == ""

    def connection_lost(self, error: Exception | None) -> None:
        """The line is gone. The conversation is not cancelled: after the next hop took a message, that is recorded."""
        self._inbox.end()
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        self.transport = self._line = None

    def _reset_timeout(self, duration: float | None = None) -> None:
        """One idle timer a connection. It is not moved for each command: when it fires it looks how long it was."""
        if self._timeout_handle is None:
            self._timeout_handle = self.loop.call_later(self._terms.idle_seconds, self._check_idle)

    def _check_idle(self) -> None:
        silent = self.loop.time() - self._last_heard
        if self._is_working or silent < self._terms.idle_seconds:
            wait = self._terms.idle_seconds if self._is_working else self._terms.idle_seconds - silent
            self._timeout_handle = self.loop.call_later(wait, self._check_idle)
            return
        self._say(replies.IDLE_TOO_LONG)
        self._hang_up()

    # The dialogue

    async def _handle_client(self) -> None:
        try:
            self._greet()
            while not self._is_leaving and self._line is not None:
                await self._answer_one_command()
        except ConnectionGone:
            pass
        except Exception as error:
            log.error("a conversation ended in an error of ours: %s", told(error))
        finally:
            await self._end()

    def _greet(self) -> None:
        refusal = self._backend.refusal(self._client)
        self._say(refusal or replies.GREETING.filled(hostname=self._terms.hostname))
        self._is_leaving = refusal is not None

    async def _answer_one_command(self) -> None:
        if not self._inbox.has_line:
            await self._flush()
        try:
            line = await self._inbox.line(self._terms.command_bytes)
        except LineTooLong:
            self._complain(replies.LINE_TOO_LONG)
            return
        self._last_heard = self.loop.time()
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            self._complain(replies.BAD_SYNTAX)  # rfc5321#2.3.8: a line ends in CRLF and holds neither alone
            return
        self._is_working = True
        try:
            reply = await self._obey(line[:-2])
        except Refusal as refusal:
            reply = refusal.reply
            self._is_leaving = reply.code == 421
        except ConnectionGone:
            raise
        except Exception as error:
            log.error("a command ended in an error of ours: %s", told(error))
            await self._forget_message()
            reply = replies.LATER
        finally:
            self._is_working = False
            self._last_heard = self.loop.time()
        if reply is not None:
            self._say(reply)

    async def _obey(self, line: bytes) -> Reply | None:
        command = parse_command(line)
        method = self._verbs.get(command.verb)
        if method is None:
            self._complain(replies.BAD_SYNTAX)
            return None
        return await method(command.argument)

    async def _helo(self, name: bytes) -> Reply:
        if not name:
            return replies.BAD_ARGUMENTS.filled(syntax="HELO hostname")
        await self._forget_message()
        self._introduce(name, esmtp=False)
        await self._backend.hello(self._client)
        return replies.HELLO.filled(hostname=self._terms.hostname)

    async def _ehlo(self, name: bytes) -> Reply:
        if not name:
            return replies.BAD_ARGUMENTS.filled(syntax="EHLO hostname")
        await self._forget_message()
        self._introduce(name, esmtp=True)
        keywords = [b"PIPELINING", b"ENHANCEDSTATUSCODES", *await self._backend.hello(self._client)]
        if self._terms.tls is not None and not self._client.tls:
            keywords.append(b"STARTTLS")
        lines = [self._terms.hostname, *(word.decode("ascii", "replace") for word in keywords)]
        return Reply(250, "", "\n".join(lines))

    def _introduce(self, name: bytes, *, esmtp: bool) -> None:
        self._client = replace(self._client, helo=name.decode("ascii", "replace"), esmtp=esmtp)

    async def _mail(self, argument: bytes) -> Reply:
        if not self._client.helo:
            return replies.BAD_SEQUENCE.filled(what="HELO or EHLO")
        if self._has_mail:
            return replies.BAD_SEQUENCE.filled(what="RSET or DATA")
        try:
            path = parse_path(argument, b"FROM:")
        except Malformed:
            return replies.BAD_ADDRESS
        size = parameters_of(path).get(b"SIZE", b"")
        if size and not (size.isdigit() and len(size) <= 20):
            return replies.BAD_ARGUMENTS.filled(syntax="MAIL FROM:<address> [SIZE=bytes]")
        if size and int(size) > self._terms.message_bytes:  # rfc1870#6.1
            return replies.TOO_BIG.filled(limit=self._terms.message_bytes)
        reply = await self._backend.mail(path, self._client)
        self._has_mail = reply.is_positive
        return reply

    async def _rcpt(self, argument: bytes) -> Reply:
        if not self._has_mail:
            return replies.BAD_SEQUENCE.filled(what="MAIL")
        try:
            path = parse_path(argument, b"TO:")
        except Malformed:
            return replies.BAD_ADDRESS
        if path.address.is_null:
            return replies.BAD_ADDRESS
        if self._recipients >= self._terms.recipients:
            return replies.TOO_MANY_RECIPIENTS  # rfc5321#4.5.3.1.10
        reply = await self._backend.rcpt(path)
        self._recipients += reply.is_positive
        return reply

    async def _data(self, argument: bytes) -> Reply:
        if argument:
            return replies.BAD_ARGUMENTS.filled(syntax="DATA")
        if not self._recipients:
            return replies.BAD_SEQUENCE.filled(what="RCPT" if self._has_mail else "MAIL")
        self._say(replies.GO_AHEAD)
        await self._flush()
        try:
            message = await self._read_message()
        except MessageTooBig:
            await self._forget_message()
            return replies.TOO_BIG.filled(limit=self._terms.message_bytes)
        try:
            return await self._backend.data(message, lambda: self._line is None)
        finally:
            await self._forget_message()

    async def _read_message(self) -> WireMessage:
        """While bytes of the message arrive the idle timer runs from the last of them, not from the command."""
        self._is_working = False
        try:
            return await self._inbox.message(self._terms.message_bytes)
        finally:
            self._is_working = True

    async def _rset(self, _argument: bytes) -> Reply:
        await self._forget_message()
        return replies.OK

    async def _noop(self, _argument: bytes) -> Reply:
        return replies.OK

    async def _vrfy(self, _argument: bytes) -> Reply:
        return replies.CANNOT_VERIFY  # rfc5321#3.5.3

    async def _help(self, _argument: bytes) -> Reply:
        return replies.HELP

    async def _quit(self, _argument: bytes) -> Reply:
        self._is_leaving = True
        return replies.BYE

    async def _starttls(self, argument: bytes) -> Reply | None:
        """Switch to TLS and forget all that was said before, also what the client pipelined (rfc3207#4.2)."""
        if argument:
            return replies.BAD_ARGUMENTS.filled(syntax="STARTTLS")
        if self._terms.tls is None or self._client.tls:
            return replies.TLS_NOT_AVAILABLE
        self._say(replies.READY_FOR_TLS)
        await self._flush()
        await self._forget_message()
        if self._line is None:
            raise ConnectionGone
        try:
            secured = await self.loop.start_tls(self._line, self, self._terms.tls, server_side=True)
        except (OSError, ssl.SSLError):
            secured = None
        if secured is None:
            self._hang_up()
            raise ConnectionGone
        self.transport = self._line = secured
        self._inbox.attach(secured)
        ip, port = self._client.ip, self._client.port
        self._client = Client(ip, port, tls=_describe_tls(secured))
        return None

    async def _forget_message(self) -> None:
        self._has_mail = False
        self._recipients = 0
        await self._backend.reset()

    # Speaking

    def _complain(self, reply: Reply) -> None:
        self._bad_commands += 1
        if self._bad_commands > self._terms.bad_commands:
            self._say(replies.TOO_MANY_BAD_COMMANDS)
            self._is_leaving = True
            return
        self._say(reply)

    def _say(self, reply: Reply) -> None:
        self._pending_replies.append(reply.encode())

    async def _flush(self) -> None:
        """Send what waits: one write for all replies to pipelined commands (rfc2920#3.2)."""
        if self._pending_replies and self._line is not None:
            self._line.write(b"".join(self._pending_replies))
            self._pending_replies.clear()
            await self._drain_helper()  # type: ignore[attr-defined]

    def _hang_up(self) -> None:
        self._is_leaving = True
        if self._line is not None:
            self._line.write(b"".join(self._pending_replies))
            self._pending_replies.clear()
            self._line.close()
        self._inbox.end()

    async def _end(self) -> None:
        self._hang_up()
        try:
            await self._backend.close()
        except Exception as error:
            log.error("closing a conversation ended in an error of ours: %s", told(error))
        finally:
            self._on_end(self)

    def say_goodbye(self) -> None:
        """Ask the client to come again later: at once when it is idle, else when its command is done."""
        if not self._is_working:
            self._say(replies.SHUTTING_DOWN)
            self._hang_up()
        self._is_leaving = True


def _peer_of(transport: asyncio.BaseTransport) -> tuple[str, int]:
    peer = transport.get_extra_info("peername")
    return (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else ("local", 0)


def _describe_tls(transport: asyncio.Transport) -> str:
    cipher = transport.get_extra_info("cipher")
    return f"{cipher[1]} {cipher[0]}" if cipher else "TLS"

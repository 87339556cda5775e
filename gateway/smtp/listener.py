"""A client's connection: bytes in, lines and messages out; replies in, bytes out; and the clock over both.

Built on aiosmtpd's session. Its command reader, DATA reader, address and parameter parsers, timers and error replies
are replaced, because each of them changes, refuses or loses mail that a transparent proxy must pass. What any bug of
ours says to a client is 451 4.3.0 and nothing more.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from aiosmtpd.smtp import SMTP

from gateway.faults import told
from gateway.mail import reply as replies
from gateway.mail.envelope import Client
from gateway.mail.reply import Reply
from gateway.smtp.dialogue import Answer, Backend, Dialogue, Terms
from gateway.smtp.flight import Flight, Load
from gateway.smtp.proxied import Peer
from gateway.smtp.wire import ConnectionGone, Inbox, LineTooLong, WireMessage

log = logging.getLogger(__name__)

_UNSAID_REPLIES = 100
"""Replies to pipelined commands that we keep back to send in one piece; a client that never reads stops us here."""
_LAST_WORD_SECONDS = 5.0
"""How long a client that we hang up on may take to read why."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: of silence before we hang up (rfc5321#4.5.3.2.7), and for one whole message to arrive."""

    idle: float = 300.0
    message: float = 600.0


class Conversation(SMTP):
    """One connection of a client (dialogue.Line).

    peer: the client's address and port, which are the socket's only where no load balancer stands before us.
    tls: the certificate for STARTTLS.
    """

    def __init__(
        self,
        backend: Backend,
        terms: Terms,
        patience: Patience,
        flight: Flight,
        *,
        peer: Peer,
        tls: ssl.SSLContext | None = None,
        on_begin: Callable[[Conversation], None] = lambda conversation: None,
        on_end: Callable[[Conversation], None] = lambda conversation: None,
    ) -> None:
        self._become_a_session(asyncio.get_running_loop())
        self._backend = backend
        self._terms = terms
        self._patience = patience
        self._flight = flight
        self._tls = tls
        self._peer = peer
        self._on_begin = on_begin
        self._on_end = on_end
        self._inbox = Inbox()
        self._load: Load | None = None
        self._line: asyncio.Transport | None = None
        self._dialogue: Dialogue | None = None
        self._unsaid: list[bytes] = []
        self.has_begun = False
        self._is_working = False
        self._is_leaving = False
        self._last_heard = self.loop.time()
        self._message_began = 0.0

    def _become_a_session(self, loop: asyncio.AbstractEventLoop) -> None:
        """What aiosmtpd's session needs to be one. Its own constructor looks through every method of itself for hooks
        and mechanisms, 0.3 ms a connection; we have none for it to find."""
        reader = asyncio.StreamReader(loop=loop)
        asyncio.StreamReaderProtocol.__init__(self, reader, self._cb_client_connected, loop=loop)
        self.loop = loop
        self.session = None
        self.envelope = None
        self.transport = None
        self._handle_hooks = {}
        self._original_transport = None
        self._tls_protocol = None
        self._timeout_handle = None
        self._handler_coroutine = None

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line = cast(asyncio.Transport, transport)
        self._inbox.attach(self._line)
        client = Client(*self._peer, tls=_described(self._line))
        self._dialogue = Dialogue(self, self._backend, self._terms, client)
        self.has_begun = True
        self._on_begin(self)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of a message are heard one by one, a command when it is whole: else a byte now and then holds us."""
        if self._message_began:
            self._last_heard = self.loop.time()
        self._inbox.feed(data)

    def eof_received(self) -> bool:
        """The client has said all it will say. A message it has finished is still carried to its end."""
        self._inbox.end()
        return self._line is not None and self._line.get_extra_info("ssl_object") is None

    def connection_lost(self, error: Exception | None) -> None:
        """The line is gone. The dialogue is not cancelled: what the next hop took is still recorded."""
        self._inbox.end()
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        self.transport = self._line = None

    # The clock

    def _reset_timeout(self, duration: float | None = None) -> None:
        """One timer a connection. It is not moved for each command: when it fires it looks how long it was."""
        if self._timeout_handle is None:
            self._timeout_handle = self.loop.call_later(self._longest_wait, self._look_at_the_clock)

    @property
    def _longest_wait(self) -> float:
        return min(self._patience.idle, self._patience.message)

    def _look_at_the_clock(self) -> None:
        now = self.loop.time()
        if not self._is_working and now - self._last_heard >= self._patience.idle:
            self._lose_patience(replies.IDLE_TOO_LONG)
        elif not self._is_working and self._message_began and now - self._message_began >= self._patience.message:
            self._lose_patience(replies.TOO_SLOW)
        else:
            since = [self._last_heard + self._patience.idle] if not self._is_working else []
            since += [self._message_began + self._patience.message] if since and self._message_began else []
            wait = max(0.01, min(since, default=now + self._longest_wait) - now)
            self._timeout_handle = self.loop.call_later(wait, self._look_at_the_clock)

    def _lose_patience(self, reply: Reply) -> None:
        self.say(reply)
        line = self._line
        self._hang_up()
        if line is not None:  # it may never read what we said, and a line closes only when all has been read
            self.loop.call_later(_LAST_WORD_SECONDS, line.abort)

    # The dialogue

    async def _handle_client(self) -> None:
        dialogue = self._dialogue
        assert dialogue is not None
        try:
            dialogue.greet()
            while not (dialogue.is_over or self._is_leaving or self._line is None):
                await self._one_command(dialogue)
            if not dialogue.is_over:
                self.say(replies.SHUTTING_DOWN)
        except ConnectionGone:
            pass
        except Exception as error:
            log.error("a conversation ended in an error of ours: %s", told(error))
        finally:
            await self._end(dialogue)

    async def _one_command(self, dialogue: Dialogue) -> None:
        if self._unsaid and (not self._inbox.has_line or len(self._unsaid) >= _UNSAID_REPLIES):
            await self.flush()
        try:
            line = self._inbox.line_at_hand(self._terms.command_bytes) or await self.read_line()
        except LineTooLong:
            self.say(dialogue.bad_command(replies.LINE_TOO_LONG))
            return
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            # rfc5321#2.3.8: a line ends in CRLF and holds neither of them alone
            self.say(dialogue.bad_command(replies.BAD_SYNTAX))
            return
        self._is_working = True
        try:
            self._say_all(await dialogue.obey(line[:-2]))
        except ConnectionGone:
            raise
        except Exception as error:
            log.error("a command ended in an error of ours: %s", told(error))
            await dialogue.forget_message()
            self.say(replies.LATER)
        finally:
            self._is_working = False
            self._last_heard = self.loop.time()

    async def _end(self, dialogue: Dialogue) -> None:
        self._hang_up()
        try:
            await dialogue.close()
        except Exception as error:
            log.error("closing a conversation ended in an error of ours: %s", told(error))
        finally:
            self.message_done()
            self._inbox.drop()
            self._on_end(self)

    def say_goodbye(self) -> None:
        """Ask the client to come again later: at once when it is idle, else after the reply it waits for."""
        self._is_leaving = True
        if not self._is_working:
            self.say(replies.SHUTTING_DOWN)
            self._hang_up()

    # What the dialogue asks of its line

    def say(self, reply: Reply) -> None:
        self._unsaid.append(reply.encode())

    def _say_all(self, answer: Answer) -> None:
        if isinstance(answer, Reply):
            self.say(answer)
        else:
            for reply in answer or ():
                self.say(reply)

    async def flush(self) -> None:
        """Send what waits: one write for all replies to pipelined commands (rfc2920#3.2)."""
        if self._unsaid and self._line is not None:
            self._line.write(b"".join(self._unsaid))
            self._unsaid.clear()
            if self._paused:  # type: ignore[attr-defined]
                await self._drain_helper()  # type: ignore[attr-defined]

    async def read_line(self) -> bytes:
        was_working = self._stop_working()
        try:
            return await self._inbox.line(self._terms.command_bytes)
        finally:
            self._is_working = was_working

    def _stop_working(self) -> bool:
        """The client's turn, also in the middle of a command: its silence is counted from now."""
        was_working, self._is_working = self._is_working, False
        if was_working:
            self._last_heard = self.loop.time()
        return was_working

    async def read_message(self) -> WireMessage:
        """While bytes of the message arrive, silence is counted from the last of them, not from the command."""
        self._start_message()
        try:
            return await self._inbox.message(self._terms.message_bytes, self._load)
        finally:
            self._is_working = True
            self._message_began = 0.0

    async def read_chunk(self, size: int) -> bytes:
        """The message began with its first chunk, and all of them have the time of one message."""
        self._start_message()
        try:
            return await self._inbox.exactly(size, self._load)
        finally:
            self._is_working = True

    async def swallow(self, size: int) -> None:
        was_working = self._stop_working()
        try:
            await self._inbox.swallow(size)
        finally:
            self._is_working = was_working

    def _start_message(self) -> None:
        self._is_working = False
        self._last_heard = self.loop.time()
        self._message_began = self._message_began or self._last_heard
        if self._load is None:
            self._load = self._flight.board(self._peer[0])

    def message_done(self) -> None:
        self._message_began = 0.0
        if self._load is not None:
            self._load.leave()
            self._load = None

    async def start_tls(self, ready: Reply) -> str:
        """220 and the handshake. Nothing is read between the two, for that is the handshake's; what the client sent in
        clear before is dropped by `attach` (rfc3207#4.2)."""
        if self._line is None or self._tls is None:
            raise ConnectionGone
        self._line.pause_reading()
        self.say(ready)
        await self.flush()
        try:
            secured = await self.loop.start_tls(
                self._line, self, self._tls, server_side=True, ssl_handshake_timeout=min(60.0, self._patience.idle)
            )
        except (OSError, ssl.SSLError):
            secured = None
        if secured is None:
            self._hang_up()
            raise ConnectionGone
        self.transport = self._line = secured
        self._inbox.attach(secured)
        return _described(secured)

    @property
    def is_gone(self) -> bool:
        """Whether nothing that we say can reach the client any more, be it that it left or that we hung up."""
        return self._line is None or self._line.is_closing()

    def _hang_up(self) -> None:
        self._is_leaving = True
        if self._line is not None and not self._line.is_closing():
            self._line.write(b"".join(self._unsaid))
            self._line.close()
        self._unsaid.clear()
        self._inbox.end()


def _described(transport: asyncio.Transport) -> str:
    """TLS as the record tells it: version and cipher; empty for a line in clear."""
    cipher = transport.get_extra_info("cipher")
    return f"{cipher[1]} {cipher[0]}" if cipher else ""

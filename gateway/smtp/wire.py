"""Bytes that arrived and have not been read yet: command and reply lines, and the message after DATA.

No work is done per line of a message: the end is searched in whatever arrived, with an overlap (rfc5321#4.1.1.4), so
25 MiB of empty lines cost what 25 MiB of text cost. The message is kept as it stood on the wire, dots still doubled,
because that is what the next hop gets; a copy with the dots undone is made once, for reading.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from gateway.smtp.flight import Load

END = b"\r\n.\r\n"
_LARGE, _FEW_DOTS = 256 * 1024, 4096
_LONE_DOT_LINE = re.compile(rb"(?:\A|[\r\n])\x00*\.\x00*[\r\n]")
"""A dot alone between line ends of any kind: what some peers take for the end of the message. The real end is gone
from the wire form, so every match is one that another server may read differently (SMTP smuggling)."""


class ConnectionGone(ConnectionError):
    """The peer closed, or was closed, while we waited for its bytes."""


class LineTooLong(ValueError):
    """A line passed its limit; it has been swallowed up to its end."""


class MessageTooBig(ValueError):
    """A message passed its limit; it has been swallowed up to its end."""


@dataclass(frozen=True, slots=True)
class WireMessage:
    """A message as it stood between `354` and the final dot: dots doubled, ending in CRLF unless it is empty.

    chunks: what came by BDAT, where no dot is doubled and the last line may lack its end; None for DATA.
    """

    wire: bytes = field(repr=False)
    chunks: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, content: bytes) -> WireMessage:
        """A message of our own on its way out: dots doubled (rfc5321#4.5.2), the last line ended."""
        wire = content.replace(b"\r\n.", b"\r\n..")
        wire = b"." + wire if wire.startswith(b".") else wire
        return cls(wire if wire.endswith(b"\r\n") else wire + b"\r\n")

    @classmethod
    def of_chunks(cls, content: bytes) -> WireMessage:
        """A message that came by BDAT (rfc3030), ready for either way on."""
        return cls(cls.of(content).wire, content)

    @property
    def came_in_chunks(self) -> bool:
        return self.chunks is not None

    @property
    def size(self) -> int:
        return len(self.wire)

    @property
    def content(self) -> bytes:
        """The message itself, dots undone (rfc5321#4.5.2)."""
        if self.chunks is not None:
            return self.chunks
        content = self.wire.replace(b"\r\n.", b"\r\n") if _may_start_with_a_dot(self.wire) else self.wire
        return content[1:] if content.startswith(b".") else content

    @property
    def has_doubtful_end(self) -> bool:
        """Whether another server might see the message end inside it: `\\n.\\n`, `\\r.\\r\\n`, `\\r\\n\\0.\\r\\n` …

        The plain look-ups are cheap and clear nearly every message before the pattern is tried.
        """
        wire = self.wire
        doubtful = b"\0" in wire or (
            _may_start_with_a_dot(wire)
            and (wire.startswith(b".") or b"\n.\r" in wire or b"\n.\n" in wire or b"\r." in wire)
        )
        return doubtful and _LONE_DOT_LINE.search(wire) is not None


def _may_start_with_a_dot(wire: bytes) -> bool:
    """False when no line does. A large message is mostly base64, which has no dots: looking at each of its few is
    cheaper than looking through all of it for a line end and a dot."""
    if len(wire) < _LARGE:
        return True
    at = -1
    for _ in range(_FEW_DOTS):
        at = wire.find(b".", at + 1)
        if at < 0:
            return False
        if at == 0 or wire[at - 1] in b"\r\n":
            return True
    return True


class Inbox:
    """What a transport has delivered. One reader at a time waits for lines or a message.

    While nobody reads, more than `room` bytes make the transport pause, so a peer cannot fill our memory.
    """

    __slots__ = ("_buffer", "_ended", "_paused", "_room", "_transport", "_waiter", "last_arrival")

    def __init__(self, room: int = 1 << 16) -> None:
        self._buffer = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.ReadTransport | None = None
        self._room = room
        self._paused = False
        self._ended = False
        self.last_arrival = 0.0

    def __len__(self) -> int:
        return len(self._buffer)

    @property
    def has_line(self) -> bool:
        """Whether a whole line lies ready: the peer is pipelining (rfc2920)."""
        return b"\n" in self._buffer

    @property
    def has_ended(self) -> bool:
        return self._ended

    def attach(self, transport: asyncio.ReadTransport) -> None:
        """Read from this transport from now on; what came before is dropped (rfc3207#4.2 after STARTTLS)."""
        self._transport = transport
        self._buffer.clear()
        self._paused = False

    def feed(self, data: bytes) -> None:
        self._buffer += data
        if self._waiter is not None:
            self._wake()
        elif len(self._buffer) > self._room and not self._paused and self._transport is not None:
            self._transport.pause_reading()
            self._paused = True

    def end(self) -> None:
        """No more bytes will come."""
        self._ended = True
        self._wake()

    def drop(self) -> None:
        """Forget what nobody will read any more; the connection itself may stay in memory for a long time."""
        self._buffer = bytearray()

    def line_at_hand(self, limit: int) -> bytes | None:
        """The next line with its line end, when it lies ready and is within the limit; else wait for it by `line`."""
        at = self._buffer.find(b"\n", 0, limit)
        if at < 0:
            return None
        line = bytes(self._buffer[: at + 1])
        del self._buffer[: at + 1]
        return line

    async def line(self, limit: int) -> bytes:
        """The next line with its line end. Raises LineTooLong, ConnectionGone."""
        searched = 0
        while True:
            at = self._buffer.find(b"\n", searched)
            if at >= 0:
                line = bytes(self._buffer[: at + 1])
                del self._buffer[: at + 1]
                if len(line) > limit:
                    raise LineTooLong
                return line
            searched = len(self._buffer)
            if searched > limit:
                await self._swallow_line()
                raise LineTooLong
            await self.more()

    async def message(self, limit: int, load: Load | None = None) -> WireMessage:
        """All up to the final dot. Raises MessageTooBig, ConnectionGone. `load`: its place among those in flight."""
        searched = 0
        while True:
            if load is not None and load.grown_to(len(self._buffer)):
                await load.room()
            if self._buffer.startswith(END[2:]):
                del self._buffer[:3]
                return WireMessage(b"")
            at = self._buffer.find(END, searched)
            if at > limit:
                del self._buffer[: at + len(END)]
                raise MessageTooBig
            if at >= 0:
                wire = bytes(memoryview(self._buffer)[: at + 2])
                del self._buffer[: at + len(END)]
                return WireMessage(wire)
            if len(self._buffer) > limit + len(END):
                await self._swallow_message()
                raise MessageTooBig
            searched = max(0, len(self._buffer) - len(END) + 1)
            await self.more()

    async def exactly(self, count: int, load: Load | None = None) -> bytes:
        """The next `count` bytes, whatever they are. Raises ConnectionGone. `load` holds earlier chunks already."""
        held = load.size if load is not None else 0
        while len(self._buffer) < count:
            if load is not None and load.grown_to(held + len(self._buffer)):
                await load.room()
            await self.more()
        data = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        if load is not None:
            load.grown_to(held + count)
        return data

    async def swallow(self, count: int) -> None:
        """Read and forget the next `count` bytes. Raises ConnectionGone."""
        while count > len(self._buffer):
            count -= len(self._buffer)
            self._buffer.clear()
            await self.more()
        del self._buffer[:count]

    def interrupt(self) -> None:
        """Let the one who waits hear TimeoutError; what arrives later can still be read."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(TimeoutError())

    async def _swallow_line(self) -> None:
        while (at := self._buffer.find(b"\n")) < 0:
            self._buffer.clear()
            await self.more()
        del self._buffer[: at + 1]

    async def _swallow_message(self) -> None:
        while (at := self._buffer.find(END)) < 0:
            del self._buffer[: -len(END) + 1]
            await self.more()
        del self._buffer[: at + len(END)]

    def more(self) -> asyncio.Future[None]:
        """Done when at least one more byte is there. Raises ConnectionGone when none can come."""
        if self._ended:
            raise ConnectionGone
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        assert self._waiter is None or self._waiter.cancelled(), "one reader at a time"
        self._waiter = asyncio.get_running_loop().create_future()
        return self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

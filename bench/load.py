"""A client that sends at a steady rate and notes how long each message took; smtp-source only sends as fast as it can.

A message's time is counted from when it was due, not from when it got its turn: a filter that stalls is not excused
for the messages that had to wait meanwhile.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence

import uvloop

SESSIONS = 20


class _Session:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def opened(cls, port: int) -> _Session:
        session = cls(*await asyncio.open_connection("127.0.0.1", port))
        await session._reply(220)
        session._writer.write(b"EHLO bench.example\r\n")
        await session._reply(250)
        return session

    async def send(self, wire: bytes) -> None:
        self._writer.write(b"MAIL FROM:<dagklub@lavuk.dk>\r\nRCPT TO:<forening@example.org>\r\nDATA\r\n")
        for code in (250, 250, 354):
            await self._reply(code)
        self._writer.write(wire)
        await self._reply(250)

    async def _reply(self, code: int) -> None:
        while (line := await self._reader.readline())[3:4] == b"-":
            pass
        if line[:3] != str(code).encode():
            raise RuntimeError(f"{line[:60]!r} where {code} was expected")

    def close(self) -> None:
        self._writer.close()


def on_the_wire(content: bytes) -> bytes:
    """As it goes after 354: CRLF, dots doubled, the final dot."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return lines.replace(b"\r\n.", b"\r\n..") + (b".\r\n" if lines.endswith(b"\r\n") else b"\r\n.\r\n")


def seconds_each(port: int, content: bytes, rate: float, count: int) -> list[float]:
    """How long each of `count` messages took, sent at this rate."""
    return uvloop.run(_steady(port, on_the_wire(content), rate, count))


async def _steady(port: int, wire: bytes, rate: float, count: int) -> list[float]:
    loop = asyncio.get_running_loop()
    idle: asyncio.Queue[_Session] = asyncio.Queue()
    for _ in range(SESSIONS):
        idle.put_nowait(await _Session.opened(port))
    begin = loop.time()

    async def one(number: int) -> float:
        due = begin + number / rate
        await asyncio.sleep(max(0.0, due - loop.time()))
        session = await idle.get()
        await session.send(wire)
        idle.put_nowait(session)
        return loop.time() - due

    took = await asyncio.gather(*(one(number) for number in range(count)))
    while not idle.empty():
        idle.get_nowait().close()
    return took


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """The 50th and the 99th, in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return cuts[49] * 1000, cuts[98] * 1000

"""Bytes in flight: the messages that a worker holds at this moment, all together, and back-pressure when they are many.

Who is over the limit stops reading until others have been answered. The oldest message is always read on, so there is
no way that everybody waits for everybody; a small one is always read, so that few slow clients with large messages do
not stop all mail.
"""

from __future__ import annotations

import asyncio

SMALL = 64 * 1024
"""What a message may hold however many bytes are in flight."""


class Flight:
    """What one worker holds. `limit` in bytes; one message of the largest size and small ones may pass it."""

    def __init__(self, limit: int) -> None:
        self.used = 0
        self.passed = 0
        """Bytes that have left, until somebody who tidied up behind them sets it back."""
        self._limit = limit
        self._loads: dict[Load, None] = {}
        self._waiting: list[asyncio.Future[None]] = []

    def board(self) -> Load:
        """A place for one message, from its first byte until its answer."""
        load = Load(self)
        self._loads[load] = None
        return load

    def must_wait(self, load: Load) -> bool:
        return self.used > self._limit and load.size > SMALL and next(iter(self._loads)) is not load

    async def room(self, load: Load) -> None:
        """Wait until this message may be read on."""
        while self.must_wait(load):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

    def leave(self, load: Load) -> None:
        self._loads.pop(load, None)
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)


class Load:
    """One message in flight."""

    __slots__ = ("_flight", "size")

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self.size = 0

    def grown_to(self, size: int) -> bool:
        """Note how much it holds by now; whether it must wait for room before it holds more."""
        self._flight.used += size - self.size
        self.size = size
        return self._flight.must_wait(self)

    async def room(self) -> None:
        await self._flight.room(self)

    def leave(self) -> None:
        """The message has been answered."""
        self._flight.used -= self.size
        self._flight.passed += self.size
        self.size = 0
        self._flight.leave(self)

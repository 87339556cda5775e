"""Bytes in flight: the messages that a worker holds at this moment, all together, and back-pressure when they are many.

Who is over the limit stops reading until others have been answered; so does an address whose messages together are
over its share, so that one client cannot hold back the large messages of all others. The oldest message of all is
always read on, and within the limit the oldest of each address, so there is no way that everybody waits for everybody;
a small one is always read, so that few slow clients with large messages do not stop all mail.
"""

from __future__ import annotations

import asyncio

SMALL = 64 * 1024
"""What a message may hold however many bytes are in flight."""


class Flight:
    """What one worker holds.

    limit: bytes of all messages; one message of the largest size and small ones may pass it.
    share: bytes of the messages from one address; the oldest of them and small ones may pass it.
    """

    def __init__(self, limit: int, share: int | None = None) -> None:
        self.used = 0
        self.passed = 0
        """Bytes that have left, until somebody who tidied up behind them sets it back."""
        self._limit = limit
        self._share = limit if share is None else share
        self._loads: dict[Load, None] = {}
        self._from: dict[str, Held] = {}
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def count(self) -> int:
        """Messages in flight, from their first byte until their answer."""
        return len(self._loads)

    def board(self, address: str = "") -> Load:
        """A place for one message from this address, from its first byte until its answer."""
        held = self._from.get(address)
        if held is None:
            held = self._from[address] = Held(address)
        load = Load(self, held)
        self._loads[load] = held.loads[load] = None
        return load

    def must_wait(self, load: Load) -> bool:
        if load.size <= SMALL:
            return False
        held = load.held
        if held.used > self._share and next(iter(held.loads)) is not load:
            return True
        return self.used > self._limit and next(iter(self._loads)) is not load

    async def room(self, load: Load) -> None:
        """Wait until this message may be read on."""
        while self.must_wait(load):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

    def leave(self, load: Load) -> None:
        self._loads.pop(load, None)
        load.held.loads.pop(load, None)
        if not load.held.loads:
            self._from.pop(load.held.address, None)
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)


class Held:
    """What one address has in flight, its oldest message first."""

    __slots__ = ("address", "loads", "used")

    def __init__(self, address: str) -> None:
        self.address = address
        self.loads: dict[Load, None] = {}
        self.used = 0


class Load:
    """One message in flight."""

    __slots__ = ("_flight", "held", "size")

    def __init__(self, flight: Flight, held: Held) -> None:
        self._flight = flight
        self.held = held
        self.size = 0

    def grown_to(self, size: int) -> bool:
        """Note how much it holds by now; whether it must wait for room before it holds more."""
        more = size - self.size
        self._flight.used += more
        self.held.used += more
        self.size = size
        return self._flight.must_wait(self)

    async def room(self) -> None:
        await self._flight.room(self)

    def leave(self) -> None:
        """The message has been answered."""
        self._flight.used -= self.size
        self.held.used -= self.size
        self._flight.passed += self.size
        self.size = 0
        self._flight.leave(self)

"""Small messages that are complete about the same time, inspected together, stage by stage.

The code and the tables of a stage stay in the processor's cache from one message to the next, which saves each of them
a quarter of what it costs in all (docs/performance.md). So a message waits a moment for the others that are on their
way, and not at all when there are none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date

from gateway.extract import Walk
from gateway.inspect import Inspection, Inspector
from gateway.mail.envelope import Envelope
from gateway.mail.finding import Finding
from gateway.mail.fragment import Extraction
from gateway.mail.message import Message
from gateway.policy.verdict import Role

GATHER_SECONDS = 0.001
"""How long a message waits for others; more gains nothing."""

ROUND_BYTES = 256 * 1024
"""What goes in one round, so that other dialogues have their turn between rounds of large messages."""

_NOTHING = Extraction((), ())


class Place:
    """One message's place in a round. `done`: its inspection, or its plan when a part of it is for the sandbox."""

    __slots__ = ("done", "envelope", "extraction", "findings", "message", "role")

    def __init__(
        self, message: Message, envelope: Envelope, role: Role, done: asyncio.Future[Inspection | Walk]
    ) -> None:
        self.message = message
        self.envelope = envelope
        self.role = role
        self.done = done
        self.extraction = _NOTHING
        self.findings: tuple[Finding, ...] = ()


class Round:
    """The round that is gathering.

    on_their_way: how many messages the worker has now, from their first byte to their answer.
    """

    def __init__(self, inspector: Inspector, today: Callable[[], date], on_their_way: Callable[[], int]) -> None:
        self._inspector = inspector
        self._today = today
        self._on_their_way = on_their_way
        self._places: list[Place] = []
        self._start: asyncio.Handle | None = None

    def join(self, message: Message, envelope: Envelope, role: Role) -> asyncio.Future[Inspection | Walk]:
        """Done when all that are on their way have joined, or after a moment."""
        loop = asyncio.get_running_loop()
        place = Place(message, envelope, role, loop.create_future())
        self._places.append(place)
        if len(self._places) >= self._on_their_way():
            self._set_start(loop.call_soon(self._go))
        elif self._start is None:
            self._set_start(loop.call_later(GATHER_SECONDS, self._go))
        return place.done

    def _set_start(self, start: asyncio.Handle | None) -> None:
        if self._start is not None:
            self._start.cancel()
        self._start = start

    def _go(self) -> None:
        places = self._taken()
        self._set_start(asyncio.get_running_loop().call_soon(self._go) if self._places else None)
        for stage in (self._plan, self._search, self._decide):
            for place in places:
                if place.done.done():
                    continue
                try:
                    stage(place)
                except Exception as error:  # one message's fault is told to that one
                    place.done.set_exception(error)

    def _taken(self) -> list[Place]:
        """Those that go in this round, in the order they joined: at least one."""
        count = held = 0
        for place in self._places:
            held += len(place.message.content)
            if count and held > ROUND_BYTES:
                break
            count += 1
        places = self._places[:count]
        del self._places[:count]
        return places

    def _plan(self, place: Place) -> None:
        walk = self._inspector.plan(place.message)
        if walk.risky:
            place.done.set_result(walk)
        else:
            place.extraction = Extraction(tuple(walk.fragments), tuple(walk.unreadable))

    def _search(self, place: Place) -> None:
        place.findings = self._inspector.search(place.extraction, self._today())

    def _decide(self, place: Place) -> None:
        inspection = self._inspector.decide(place.message, place.extraction, place.findings, place.envelope, place.role)
        place.done.set_result(inspection)

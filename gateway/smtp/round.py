"""Small messages that are complete in the same turn of the loop, inspected together, stage by stage.

The code and the tables of a stage stay in the processor's cache from one message to the next, which saves each of them
a tenth of what it costs in all (docs/performance.md). A message that is alone loses a turn of the loop.
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
    """The round that is gathering."""

    def __init__(self, inspector: Inspector, today: Callable[[], date]) -> None:
        self._inspector = inspector
        self._today = today
        self._places: list[Place] = []

    def join(self, message: Message, envelope: Envelope, role: Role) -> asyncio.Future[Inspection | Walk]:
        """Done at the end of this turn of the loop."""
        loop = asyncio.get_running_loop()
        if not self._places:
            loop.call_soon(self._go)
        place = Place(message, envelope, role, loop.create_future())
        self._places.append(place)
        return place.done

    def _go(self) -> None:
        places, self._places = self._places, []
        for stage in (self._plan, self._search, self._decide):
            for place in places:
                if place.done.done():
                    continue
                try:
                    stage(place)
                except Exception as error:  # one message's fault is told to that one
                    place.done.set_exception(error)

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

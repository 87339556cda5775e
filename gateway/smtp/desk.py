"""Inspecting without stalling other dialogues: short messages in rounds, long ones beside the loop and in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import TypeVar

from gateway.extract.sandbox import Sandbox
from gateway.inspect import Inspection, Inspector
from gateway.mail.envelope import Envelope
from gateway.mail.fragment import Extraction
from gateway.mail.message import Message
from gateway.policy import Policy
from gateway.policy.verdict import Role
from gateway.smtp.round import Round

AT_ONCE_BYTES = 128 * 1024
"""Up to this size the hand-over to a thread costs more than it spares the others."""

_Result = TypeVar("_Result")


class Desk:
    """Inspects the messages of one worker.

    seconds: the longest one inspection may take. on_their_way: how many messages the worker has now (round.py).
    """

    def __init__(
        self,
        inspector: Inspector,
        sandbox: Sandbox,
        seconds: float,
        today: Callable[[], date],
        on_their_way: Callable[[], int],
    ) -> None:
        self._inspector = inspector
        self._sandbox = sandbox
        self._seconds = seconds
        self._today = today
        self._round = Round(inspector, today, on_their_way)
        self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inspect")

    @property
    def policy(self) -> Policy:
        return self._inspector.policy

    async def inspect(self, message: Message, envelope: Envelope, role: Role) -> Inspection:
        """The inspection of this message. Raises TimeoutError when it takes too long."""
        if len(message.content) <= AT_ONCE_BYTES:
            answer = await self._round.join(message, envelope, role)
            if isinstance(answer, Inspection):
                return answer
            extraction = await asyncio.wait_for(self._sandbox.finish(answer, self._inspector.budget), self._seconds)
            return self._inspector.judge(message, extraction, envelope, role, self._today())
        judge = partial(self._inspector.judge, message, envelope=envelope, role=role, today=self._today())
        return await asyncio.wait_for(self._beside_the_loop(message, judge), self._seconds)

    async def _beside_the_loop(self, message: Message, judge: Callable[[Extraction], Inspection]) -> Inspection:
        walk = await self._in_thread(partial(self._inspector.plan, message))
        extraction = await self._sandbox.finish(walk, self._inspector.budget)
        return await self._in_thread(partial(judge, extraction))

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._beside, work)

    def close(self) -> None:
        self._beside.shutdown(wait=False, cancel_futures=True)
        self._sandbox.close()

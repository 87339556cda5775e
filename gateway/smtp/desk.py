"""Inspecting without stalling other dialogues: short messages at once, long ones beside the loop, under a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from gateway.inspect import Inspection, Inspector
from gateway.mail.envelope import Envelope
from gateway.policy import Policy
from gateway.policy.verdict import Role

AT_ONCE_BYTES = 128 * 1024
"""Up to this size the hand-over to a thread costs more than it spares the others."""


class Desk:
    """Inspects the messages of one worker. `seconds` is the longest one inspection may take."""

    def __init__(self, inspector: Inspector, seconds: float, today: Callable[[], date]) -> None:
        self._inspector = inspector
        self._seconds = seconds
        self._today = today
        self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inspect")

    @property
    def policy(self) -> Policy:
        return self._inspector.policy

    async def inspect(self, content: bytes, envelope: Envelope, role: Role) -> Inspection:
        """The inspection of this message. Raises TimeoutError when it takes too long."""
        if len(content) <= AT_ONCE_BYTES:
            return self._inspector(content, envelope, role, self._today())
        loop = asyncio.get_running_loop()
        task = loop.run_in_executor(self._beside, self._inspector, content, envelope, role, self._today())
        return await asyncio.wait_for(task, self._seconds)

    def close(self) -> None:
        self._beside.shutdown(wait=False, cancel_futures=True)

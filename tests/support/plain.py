"""aiosmtpd as it comes, with nothing of ours: what the transparency tests compare with."""

from __future__ import annotations

import asyncio
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from support.ports import free_port


class Recorder:
    """A handler that takes everything and remembers what aiosmtpd made of it.

    wait: seconds before the final dot is answered. fault: raised instead of an answer.
    """

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.wait = 0.0
        self.fault: Exception | None = None
        self.cancelled = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        try:
            await asyncio.sleep(self.wait)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.fault is not None:
            raise self.fault
        self.envelopes.append(envelope)
        return "250 OK"


class LmtpController(Controller):
    def factory(self) -> LMTP:
        return LMTP(self.handler, **self.SMTP_kwargs)


class PlainAiosmtpd:
    """A running Controller; `with PlainAiosmtpd() as plain` gives its port and its recorder."""

    def __init__(self, controller: type[Controller] = Controller, **options: Any) -> None:
        self.recorder = Recorder()
        self.port = free_port()
        self._controller = controller(self.recorder, hostname="127.0.0.1", port=self.port, **options)

    def __enter__(self) -> PlainAiosmtpd:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop(no_assert=True)

    @property
    def last(self) -> Envelope:
        return self.recorder.envelopes[-1]

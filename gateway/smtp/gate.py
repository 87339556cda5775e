"""What the connections of one listener share in one worker. Built by service.py, changed by nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from gateway.audit import Store
from gateway.notice import Wording
from gateway.policy.verdict import Role
from gateway.smtp.desk import Desk
from gateway.smtp.nexthop import NextHop, NextHopError
from gateway.smtp.trace import Tracer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gate:
    """One listener's parts.

    trusts: whether a client of this IP address is served.
    monitor: decide and record everything, relay all (`mode: monitor`).
    record_key: the secret under which found values and recipients are recognised in the record.
    """

    listener: str
    role: Role
    hop: NextHop
    desk: Desk
    store: Store
    tracer: Tracer
    node: str
    worker: int
    software: str
    record_key: bytes = field(repr=False)
    wording: Wording = field(repr=False)
    new_case_id: Callable[[], str]
    now: Callable[[], datetime]
    clock: Callable[[], float]
    trusts: Callable[[str], bool]
    monitor: bool = False
    message_bytes: int = 52_428_800
    hops: int = 50
    _trouble: dict[str, bool] = field(default_factory=dict)

    def hop_trouble(self, error: NextHopError) -> None:
        """Say in the log that the next hop fails: once when it begins, not per message."""
        if not self._trouble:
            self._trouble["next hop"] = True
            log.error("next hop %s: %s; clients hear 4xx and keep their messages", self.hop.target, error)

    def hop_is_well(self) -> None:
        if self._trouble:
            self._trouble.clear()
            log.info("next hop %s answers again", self.hop.target)

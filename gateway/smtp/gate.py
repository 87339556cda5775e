"""What the connections of one listener share in one worker. Built by service.py, changed by nobody."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.audit import Store
from gateway.notice import Wording
from gateway.policy.verdict import Role
from gateway.smtp.desk import Desk
from gateway.smtp.memory import Answers
from gateway.smtp.nexthop import NextHop
from gateway.smtp.trace import Tracer


@dataclass(slots=True)
class Health:
    """How a worker's record is: whether the last event that was to be written could not be."""

    record_fails: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """One listener's parts.

    trusts: whether a client of this IP address is served.
    monitor: decide and record everything, relay all (`mode: monitor`).
    total_seconds: from the message's last byte to our answer, inspection and next hop together.
    answers_each: the client hears a reply for each recipient (LMTP).
    spawn: run a coroutine beside, and keep it until it is done.
    answers: what a client that comes again with the same message is answered from.
    record_key: the secret under which found values and recipients are recognised in the record.
    """

    listener: str
    role: Role
    hop: NextHop
    desk: Desk
    store: Store
    health: Health
    tracer: Tracer
    node: str
    worker: int
    software: str
    record_key: bytes = field(repr=False)
    answers: Answers = field(repr=False)
    wording: Wording = field(repr=False)
    new_case_id: Callable[[], str]
    now: Callable[[], datetime]
    clock: Callable[[], float]
    spawn: Callable[[Coroutine[Any, Any, None]], object]
    trusts: Callable[[str], bool]
    monitor: bool = False
    total_seconds: float = 90.0
    message_bytes: int = 52_428_800
    header_bytes: int = 1_048_576
    hops: int = 50
    answers_each: bool = False

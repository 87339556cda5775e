"""One worker process: a loop with one store, one desk and, for each listener, a gate and an acceptor.

What it is built from was read and checked before it was forked (service.py). Here and there alone objects are built
and ids drawn.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import uvloop

import gateway
from gateway.allocator import give_back, keep_freed_memory
from gateway.audit import Event, open_store
from gateway.audit.event import danish_time
from gateway.faults import told, told_of_loop
from gateway.ids import new_case_id
from gateway.inspect import Inspector
from gateway.mail.role import Role
from gateway.notice import Wording
from gateway.policy import Policy
from gateway.reading import (
    derived_key,
    next_hop_tls,
    sandbox,
)
from gateway.settings import Endpoint, Listener, Mode, NextHop, NextHopTls, Protocol, Settings
from gateway.smtp import nexthop
from gateway.smtp.acceptor import Acceptor, Counts, Door
from gateway.smtp.desk import Desk
from gateway.smtp.dialogue import Terms
from gateway.smtp.flight import Flight
from gateway.smtp.gate import Gate, Health
from gateway.smtp.listener import Conversation, Patience
from gateway.smtp.memory import Answers
from gateway.smtp.outbox import Outbox
from gateway.smtp.proxied import Peer
from gateway.smtp.relay import Relay
from gateway.smtp.target import Target, Timeouts
from gateway.smtp.trace import Tracer

log = logging.getLogger(__name__)

SOFTWARE = f"postvagt {gateway.__version__}"


_ALLOCATIONS, _YOUNG_ROUNDS, _MIDDLE_ROUNDS = 20_000, 50, 100
"""How often Python looks for cycles. A message leaves none, so its own 700 allocations look thirty times too often."""

_TIDY_SECONDS, _TIDY_BYTES = 2.0, 32 * 1024 * 1024
"""How often, and after how many bytes of messages, a worker looks behind itself all the same."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a worker is built from, read and checked before it is forked; the inspector's tables are shared."""

    settings: Settings
    policy: Policy
    inspector: Inspector
    key: bytes = field(repr=False)
    hostname: str
    sockets: Mapping[Endpoint, socket.socket]
    counts: Counts
    answers: Answers
    logins: Mapping[NextHop, tuple[str, str]] = field(repr=False)
    listener_tls: Mapping[Endpoint, ssl.SSLContext]


class Worker:
    """One process's share of the gateway."""

    def __init__(self, plan: Plan, number: int) -> None:
        self._plan = plan
        self._number = number
        self._conversations: dict[Conversation, str] = {}
        self._per_address: Counter[str] = Counter()
        self._beside: set[asyncio.Task[None]] = set()
        self._everyone_left = asyncio.Event()
        limits = plan.settings.limits
        in_flight, share = limits.in_flight_bytes, limits.in_flight_bytes_of_an_address
        self._flight = Flight(max(1, in_flight // plan.settings.workers), max(1, share // plan.settings.workers))
        self._patience = Patience(limits.idle_seconds, limits.message_seconds)
        self._sandbox = sandbox(plan.settings)
        self._desk = Desk(
            plan.inspector,
            self._sandbox,
            limits.scan_seconds,
            today=lambda: danish_time(_now()).date(),
            on_their_way=lambda: self._flight.count,
        )
        self._wording = Wording(plan.policy.texts)
        self._store = open_store(plan.settings.audit.store, plan.settings.audit.keys)
        self._health = Health()
        self._hops: dict[NextHop, nexthop.NextHop] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop, then finish what is under way."""
        settings = self._plan.settings
        self._store.start()
        acceptors = [self._acceptor(listener) for listener in settings.listeners]
        await self._record("start")
        self._wording.warm()
        for acceptor in acceptors:
            acceptor.open()
        await asyncio.to_thread(self._start_sandbox)  # takes a second on a busy machine, and clients are there by now
        self._spawn(self._tidied())
        await stop.wait()
        for acceptor in acceptors:
            acceptor.close()
        await self._finish(settings.limits.total_seconds)

    async def _tidied(self) -> None:
        """After many bytes have passed, what still holds on to them in cycles goes, and their memory with it."""
        while True:
            await asyncio.sleep(_TIDY_SECONDS)
            if self._flight.passed > _TIDY_BYTES:
                gc.collect()
                if not self._flight.used:  # else what is in flight would keep it: next time
                    self._flight.passed = 0
                    give_back()

    def _start_sandbox(self) -> None:
        """Start the readers of attachments. Without them mail flows, and risky attachments count as unreadable."""
        try:
            self._sandbox.start()
        except Exception as error:
            log.error("the readers of attachments do not start, attachments count as unreadable: %s", told(error))
            return
        if self._number == 0:
            self._say_what_is_missing()

    def _say_what_is_missing(self) -> None:
        """What an admin would want to know of this machine, said once."""
        for line in self._sandbox.shortfalls(self._plan.inspector.budget):
            log.warning("%s", line)

    async def _finish(self, seconds: float) -> None:
        """Idle clients hear 421; a message under way is carried to its end (rfc5321#3.8)."""
        for conversation in tuple(self._conversations):
            conversation.say_goodbye()
        if self._conversations:
            self._everyone_left.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._everyone_left.wait(), seconds)
        for hop in self._hops.values():
            hop.close()
        await self._record("stop")
        self._store.close()
        self._desk.close()

    def _gate(self, listener: Listener) -> Gate:
        plan, settings = self._plan, self._plan.settings
        return Gate(
            listener=str(listener.listen),
            role=listener.role,
            hop=self._hop(settings.next_hop_of(listener)),
            desk=self._desk,
            store=self._store,
            health=self._health,
            answers=plan.answers,
            tracer=Tracer(plan.hostname, derived_key(plan.key, "loop")),
            node=plan.hostname,
            worker=self._number,
            software=SOFTWARE,
            record_key=derived_key(plan.key, "record"),
            wording=self._wording,
            new_case_id=new_case_id,
            now=_now,
            clock=time.perf_counter,
            spawn=self._spawn,
            trusts=listener.trusts,
            monitor=settings.mode is Mode.MONITOR,
            total_seconds=settings.limits.total_seconds,
            message_bytes=settings.limits.message_bytes,
            header_bytes=settings.limits.header_bytes,
            hops=settings.limits.hops,
            answers_each=listener.protocol is Protocol.LMTP,
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    def _acceptor(self, listener: Listener) -> Acceptor:
        plan, limits = self._plan, self._plan.settings.limits
        tls = plan.listener_tls.get(listener.listen)
        is_implicit = listener.tls is not None and listener.tls.implicit
        per_worker = -(-limits.connections_per_address // plan.settings.workers)
        door = Door(limits.connections, per_worker, listener.proxy_protocol, tls if is_implicit else None)
        make = partial(self._conversation, self._gate(listener), self._terms(listener), None if is_implicit else tls)
        sock = plan.sockets[listener.listen]
        return Acceptor(sock, make, plan.counts, self._number, door, self._per_address.__getitem__)

    def _hop(self, wanted: NextHop) -> nexthop.NextHop:
        """Listeners with the same next hop share its sessions."""
        if wanted not in self._hops:
            limits = self._plan.settings.limits
            rest = max(5.0, (limits.total_seconds - limits.scan_seconds) / 3)
            target = Target(
                addresses=((wanted.host, wanted.port), *((each.host, each.port) for each in wanted.fallback)),
                hostname=self._plan.hostname,
                tls=next_hop_tls(wanted),
                tls_required=wanted.tls is NextHopTls.REQUIRED,
                login=self._plan.logins.get(wanted),
                xclient=wanted.xclient,
                timeouts=Timeouts(connect=min(10.0, rest), command=rest, final_dot=2 * rest),
            )
            self._hops[wanted] = nexthop.NextHop(target)
        return self._hops[wanted]

    def _terms(self, listener: Listener) -> Terms:
        limits = self._plan.settings.limits
        return Terms(
            hostname=self._plan.hostname,
            message_bytes=limits.message_bytes,
            command_bytes=limits.command_bytes,
            recipients=limits.recipients,
            commands=limits.commands,
            bad_commands=limits.bad_commands,
            offers_tls=listener.tls is not None and not listener.tls.implicit,
            is_lmtp=listener.protocol is Protocol.LMTP,
            needs_login=listener.role is Role.SUBMISSION,
            takes_xforward=listener.xforward,
        )

    def _conversation(self, gate: Gate, terms: Terms, tls: ssl.SSLContext | None, peer: Peer) -> Conversation:
        return Conversation(
            Relay(gate),
            terms,
            self._patience,
            self._flight,
            tls=tls,
            peer=peer,
            on_begin=partial(self._came, peer[0]),
            on_end=self._left,
        )

    def _came(self, ip: str, conversation: Conversation) -> None:
        self._conversations[conversation] = ip
        self._per_address[ip] += 1
        self._plan.counts.set(self._number, len(self._conversations))

    def _left(self, conversation: Conversation) -> None:
        ip = self._conversations.pop(conversation)
        self._per_address[ip] -= 1
        if not self._per_address[ip]:
            del self._per_address[ip]
        self._plan.counts.set(self._number, len(self._conversations))
        if not self._conversations:
            self._everyone_left.set()

    async def _record(self, kind: str) -> None:
        """Starts and stops belong to the record too; without a store we still start, and answer 4xx."""
        event = deed(kind, self._plan.settings, self._plan.policy, self._plan.hostname, worker=self._number)
        try:
            await self._store.append(event)
        except OSError:
            log.error("the %s of worker %d could not be recorded", kind, self._number)


def _now() -> datetime:
    return datetime.now(UTC)


def deed(
    kind: str,
    settings: Settings,
    policy: Policy,
    node: str,
    *,
    worker: int = 0,
    details: Mapping[str, str] | None = None,
) -> Event:
    """An event about the service itself: a start, a stop, a reload."""
    return Event(
        case_id=new_case_id(),
        at=_now(),
        kind=kind,
        node=node,
        worker=worker,
        mode=settings.mode.value,
        policy=policy.version,
        software=SOFTWARE,
        details=details or {},
    )


def run_worker(plan: Plan, number: int) -> None:
    """The whole life of a worker process."""
    gc.freeze()  # what the plan holds stays for good: nobody need look through it for cycles
    gc.set_threshold(_ALLOCATIONS, _YOUNG_ROUNDS, _MIDDLE_ROUNDS)
    keep_freed_memory()
    plan.counts.set(number, 0)
    _run_until_told_to_stop(lambda stop: Worker(plan, number).run(stop))


def run_outbox(settings: Settings, listening: socket.socket, hostname: str) -> None:
    """The whole life of the embedded next hop's process."""
    folder = settings.outbox
    assert folder is not None
    terms = Terms(hostname=hostname, message_bytes=settings.limits.message_bytes + 65536)
    door = Door(settings.limits.connections, settings.limits.connections)

    async def serve(stop: asyncio.Event) -> None:
        flight = Flight(settings.limits.in_flight_bytes)

        def conversation(peer: Peer) -> Conversation:
            return Conversation(Outbox(folder, terms.message_bytes), terms, Patience(), flight, peer=peer)

        acceptor = Acceptor(listening, conversation, Counts(1), 0, door, lambda ip: 0)
        acceptor.open()
        await stop.wait()
        acceptor.close()

    _run_until_told_to_stop(serve)


def _run_until_told_to_stop(serve: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: log.error("an error of ours: %s", told_of_loop(context)))
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        await serve(stop)

    uvloop.run(main())

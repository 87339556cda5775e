"""The composition root: Settings → running workers (worker.py). Nobody else builds objects.

Everything a worker needs is read and built before the first port is opened, so a wrong setting never leaves half a
gateway behind.
"""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from gateway.audit import AuditError, open_store
from gateway.faults import told
from gateway.reading import (
    ServiceError,
    checked,
    derived_key,
    listener_tls,
    logins,
    read_or_make_key,
    read_policy,
    read_settings,
)
from gateway.settings import Endpoint, Settings
from gateway.smtp.acceptor import Counts
from gateway.smtp.memory import Answers
from gateway.smtp.outbox import make_maildir
from gateway.supervisor import Job, Supervisor
from gateway.worker import Plan, deed, run_outbox, run_worker

log = logging.getLogger(__name__)


class Service:
    """The gateway of one settings file: opens the ports, starts the workers, renews them on SIGHUP."""

    def __init__(self, config: Path | None, folder: Path, policy_folder: Path) -> None:
        self._read = partial(read_settings, config, folder, policy_folder)
        self._sockets: dict[Endpoint, socket.socket] = {}
        self._outbox_socket: socket.socket | None = None
        self.settings = self._read()
        self.plan = self._planned(self.settings)

    def announce(self) -> None:
        """Say in the log what is served, once."""
        for listener in self.settings.listeners:
            hop = self.settings.next_hop_of(listener)
            log.info("%s on %s, next hop %s:%d", listener.role, listener.listen, hop.host, hop.port)
        log.info(
            "policy %s, mode %s, %d worker(s)", self.plan.policy.version, self.settings.mode, self.settings.workers
        )

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        Supervisor(self._jobs(self.plan), self._renewed, self.settings.limits.total_seconds + 5).run()

    def _planned(self, settings: Settings) -> Plan:
        """Read everything, then open the ports: a fault in a file is told before any port is open."""
        policy = read_policy(settings.policy)
        inspector = checked(settings, policy)
        tls = {listener.listen: context for listener in settings.listeners if (context := listener_tls(listener))}
        key = read_or_make_key(settings.key)
        record_must_be_usable(settings)
        self._open_ports(settings)
        return Plan(
            settings=settings,
            policy=policy,
            inspector=inspector,
            key=key,
            hostname=settings.hostname or socket.getfqdn(),
            sockets=self._sockets,
            counts=Counts(settings.workers),
            answers=Answers(derived_key(key, "again"), settings.limits.remember_seconds),
            logins=logins(settings),
            listener_tls=tls,
        )

    def _open_ports(self, settings: Settings) -> None:
        wanted = {listener.listen for listener in settings.listeners}
        opened = {endpoint: listening_socket(endpoint) for endpoint in wanted - self._sockets.keys()}
        for endpoint in self._sockets.keys() - wanted:
            self._sockets.pop(endpoint).close()
        self._sockets = {**self._sockets, **opened}
        if settings.outbox is not None and self._outbox_socket is None:
            hop = settings.next_hop_of(settings.listeners[0])
            self._outbox_socket = listening_socket(Endpoint(hop.host, hop.port))
            make_maildir(settings.outbox)

    def _jobs(self, plan: Plan) -> Mapping[str, Job]:
        jobs: dict[str, Job] = {}
        if plan.settings.outbox is not None and self._outbox_socket is not None:
            jobs["outbox"] = partial(run_outbox, plan.settings, self._outbox_socket, plan.hostname)
        for number in range(plan.settings.workers):
            jobs[f"worker {number + 1}"] = partial(run_worker, plan, number)
        return jobs

    def _renewed(self) -> Mapping[str, Job] | None:
        """A new generation from the files as they are now; None, and the old one stays, when they are wrong."""
        try:
            settings = self._read()
            self.plan = self._planned(settings)
        except Exception as error:
            log.error("not reloaded, the last good settings and policy stay in force:\n%s", error)
            self._record("refused_policy", {"why": str(error)[:1000]})
            return None
        self.settings = settings
        self._record("reload")
        log.info("reloaded, policy %s", self.plan.policy.version)
        return self._jobs(self.plan)

    def _record(self, kind: str, details: Mapping[str, str] | None = None) -> None:
        """The supervisor's own deeds. It holds no store open, because its children must not inherit one."""
        event = deed(kind, self.settings, self.plan.policy, self.plan.hostname, details=details)
        try:
            store = open_store(self.settings.audit.store, self.settings.audit.keys)
            store.start()
            store.write([event])
            store.close()
        except Exception as error:  # the supervisor goes on whatever becomes of its records
            log.error("the %s could not be recorded: %s", kind, told(error))


def record_must_be_usable(settings: Settings) -> None:
    """Open the record once and close it: what is wrong with it is told at start, not by workers that die one by one.

    Raises ServiceError.
    """
    try:
        store = open_store(settings.audit.store, settings.audit.keys)
        store.open()
        store.close()
    except AuditError as error:
        raise ServiceError(f"the record {error}") from None


def listening_socket(endpoint: Endpoint) -> socket.socket:
    """Raises ServiceError that names the port when it cannot be had."""
    family = socket.AF_INET6 if ":" in endpoint.host or not endpoint.host else socket.AF_INET
    try:
        listening = socket.create_server(
            (endpoint.host, endpoint.port), family=family, backlog=1024, dualstack_ipv6=not endpoint.host
        )
    except OSError as error:
        why = (
            "is taken by another process" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
        )
        raise ServiceError(f"port {endpoint} {why}; stop what uses it, or listen on another one") from None
    listening.setblocking(False)
    return listening

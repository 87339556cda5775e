"""Worker processes: started by forking, started again with patience when one dies, stopped together.

The supervisor itself does nothing else: it holds the listening sockets, so that a dying worker loses no port, and it
waits for signals. SIGTERM and SIGINT stop everything, SIGHUP starts a new generation from what `renew` returns and
lets the old one finish.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.faults import told

log = logging.getLogger(__name__)

Job = Callable[[], None]
"""What a worker process does until it is told to stop by SIGTERM."""

_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 10.0
"""Seconds before a dead worker is started again; doubled each time it dies young."""
_YOUNG_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class _Worker:
    name: str
    job: Job
    pid: int
    born: float
    wait: float = _FIRST_WAIT
    due: float = 0.0

    @property
    def is_running(self) -> bool:
        return self.pid > 0


def notify(*words: str) -> None:
    """Tell systemd how we are (sd_notify); nothing where it does not ask (`Type=notify-reload`)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
        line.send("\n".join(words).encode())


def _die_with_parent() -> None:
    """Where Linux can do it, a worker ends with a supervisor that was killed, so that no orphan keeps the ports."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Runs jobs as processes until told to stop."""

    def __init__(self, jobs: Mapping[str, Job], renew: Callable[[], Mapping[str, Job] | None], grace: float) -> None:
        self._jobs = jobs
        self._renew = renew
        self._grace = grace
        self._workers: list[_Worker] = []
        self._leaving: set[int] = set()

    def run(self) -> None:
        """Returns when all workers have ended after SIGTERM or SIGINT."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            self._start(self._jobs)
            notify("READY=1")
            while (number := self._next_signal()) not in (signal.SIGTERM, signal.SIGINT):
                if number == signal.SIGHUP:
                    self._start_new_generation()
                self._bury_the_dead()
                self._restart_the_due()
            self._stop()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _start(self, jobs: Mapping[str, Job]) -> None:
        self._workers = [_Worker(name, job, self._fork(job), time.monotonic()) for name, job in jobs.items()]

    def _start_new_generation(self) -> None:
        notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        jobs = self._renew()
        if jobs is None:
            notify("READY=1")
            return
        self._leaving.update(self._signalled(signal.SIGTERM))
        self._start(jobs)
        notify("READY=1")

    def _fork(self, job: Job) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            _die_with_parent()
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            job()
            status = 0
        except KeyboardInterrupt:
            status = 0
        except BaseException as error:
            log.critical("a worker ended in an error of ours: %s", told(error))
        finally:
            with contextlib.suppress(Exception):
                sys.stderr.flush()
            os._exit(status)

    def _next_signal(self) -> int:
        due = [worker.due for worker in self._workers if not worker.is_running]
        if not due:
            return signal.sigwait(_SIGNALS)
        caught = signal.sigtimedwait(_SIGNALS, max(0.0, min(due) - time.monotonic()))
        return caught.si_signo if caught else 0

    def _bury_the_dead(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._leaving.discard(pid)
            for worker in self._workers:
                if worker.pid == pid:
                    self._mourn(worker, status)

    def _mourn(self, worker: _Worker, status: int) -> None:
        now = time.monotonic()
        worker.pid = 0
        worker.wait = min(worker.wait * 2, _LONGEST_WAIT) if now - worker.born < _YOUNG_SECONDS else _FIRST_WAIT
        worker.due = now + worker.wait
        code = os.waitstatus_to_exitcode(status)
        how = f"by signal {-code}" if code < 0 else f"with status {code}"
        log.error("%s ended %s, starting it again in %.1f s", worker.name, how, worker.wait)

    def _restart_the_due(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if not worker.is_running and worker.due <= now:
                worker.pid, worker.born = self._fork(worker.job), now

    def _signalled(self, number: signal.Signals) -> list[int]:
        pids = [worker.pid for worker in self._workers if worker.is_running]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return pids

    def _stop(self) -> None:
        """Tell all to finish; what has not finished within the grace is ended."""
        notify("STOPPING=1")
        self._leaving.update(self._signalled(signal.SIGTERM))
        self._workers = []
        end = time.monotonic() + self._grace
        while self._leaving and (left := end - time.monotonic()) > 0:
            self._bury_the_dead()
            if self._leaving:
                signal.sigtimedwait((signal.SIGCHLD,), min(left, 1.0))
        for pid in self._leaving:
            log.error("a worker did not finish within %.0f s and is ended", self._grace)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

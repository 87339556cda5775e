"""The processes documents are read in: a small clean one that forks readers, and a handle on each of those.

Impure, as sandbox.py says why: it knows processes and sockets, and starts what worker.py is.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from gateway import allocator
from gateway.extract import worker

_ROOT = str(Path(__file__).resolve().parents[2])
_START = """
import sys
sys.path.insert(0, sys.argv[1])
from gateway.extract.worker import main
main(int(sys.argv[2]), int(sys.argv[3]))
"""
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_THREAD_LIMIT": "1", **allocator.ENVIRONMENT}


class Reader:
    """One reader process: a socket to it and a handle that kills it and nobody else."""

    def __init__(self, nursery: Nursery) -> None:
        self.line, self._pidfd = nursery.fork()
        self.requests = 0

    def kill(self) -> None:
        self.line.close()
        if self._pidfd >= 0:
            with contextlib.suppress(OSError):  # it may be gone already, which is what is asked for
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            os.close(self._pidfd)
            self._pidfd = -1


class Nursery:
    """The process that forks readers. Started when first needed, started again should it ever die."""

    def __init__(self, memory_bytes: int) -> None:
        self._memory = memory_bytes
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self.has_network = True
        self.missing: tuple[str, ...] = ()

    def start(self) -> None:
        with self._lock:
            self._start()

    def _start(self) -> socket.socket:
        if self._control and self._process and self._process.poll() is None:
            return self._control
        self._stop()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter, our own words)
                [sys.executable, "-I", "-c", _START, _ROOT, str(theirs.fileno()), str(self._memory)],
                pass_fds=[theirs.fileno()],
                env=_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        words, _ = worker.receive(ours)
        self.has_network, self.missing = bool(words["network"]), tuple(words["missing"])
        self._control = ours
        return ours

    def fork(self) -> tuple[socket.socket, int]:
        """A new reader: the socket to it and its pidfd. A nursery that died is started again, once."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            for _ in range(2):
                control = self._start()
                with contextlib.suppress(OSError):
                    socket.send_fds(control, [b"?"], [theirs.fileno()])
                    answer, fds, _, _ = socket.recv_fds(control, 1, 1)
                    if answer:
                        return ours, fds[0] if fds else -1
                self._stop()
        return ours, -1

    def _stop(self) -> None:
        if self._control:
            self._control.close()
            self._control = None
        if self._process:
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def stop(self) -> None:
        with self._lock:
            self._stop()

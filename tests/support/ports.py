"""Ports for the programs that tests start."""

from __future__ import annotations

import os
import random
import socket
import time

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_RANGE = range(12_000 + _WORKER, 32_000, _WORKERS)
"""Below those that the system gives to outgoing connections: none takes a port between our look and its use. Tests
that run side by side have ports of their own."""
_dice = random.Random(os.getpid())
_given: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, for TCP and UDP; each is given once in the life of this process."""
    while True:
        port = _dice.choice(_RANGE)
        if port not in _given and _is_free(port, socket.SOCK_STREAM) and _is_free(port, socket.SOCK_DGRAM):
            _given.add(port)
            return port


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(type=kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for_port(port: int, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.02)
    return False

"""Accepting connections fairly among the workers that share a listening socket.

Every worker accepts one connection a time and leaves the next one to a worker that has fewer, so that a sender with a
few long sessions (Postfix) keeps all workers busy. The counts lie in memory that all workers map; each writes only its
own slot.
"""

from __future__ import annotations

import asyncio
import logging
import mmap
import socket
import struct
from collections.abc import Callable

from gateway.mail import reply as replies

log = logging.getLogger(__name__)

_LEAVE_SECONDS = 0.001
"""How long a busier worker leaves a waiting connection to the others before it takes it after all."""
_PAUSE_SECONDS = 0.2
"""How long we stop accepting when the system has no more file descriptors."""


class Counts:
    """Open connections of each worker, in memory shared by all of them."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._memory = mmap.mmap(-1, 4 * workers)

    def of(self, worker: int) -> int:
        return self._all[worker]

    def set(self, worker: int, connections: int) -> None:
        struct.pack_into("I", self._memory, 4 * worker, connections)

    @property
    def total(self) -> int:
        return sum(self._all)

    @property
    def fewest(self) -> int:
        return min(self._all)

    @property
    def _all(self) -> tuple[int, ...]:
        return struct.unpack_from(f"{self._workers}I", self._memory)


class Acceptor:
    """Accepts the connections of one listening socket in one worker."""

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], asyncio.BaseProtocol],
        counts: Counts,
        worker: int,
        limit: int,
    ) -> None:
        self._listening = listening
        self._protocol = protocol
        self._counts = counts
        self._worker = worker
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._left_to_others = False
        self._is_open = False
        self._openings: set[asyncio.Task[object]] = set()

    def open(self) -> None:
        self._is_open = True
        self._loop.add_reader(self._listening, self._accept)

    def close(self) -> None:
        self._is_open = False
        self._loop.remove_reader(self._listening)

    def _accept(self) -> None:
        if self._counts.of(self._worker) > self._counts.fewest and not self._left_to_others:
            self._left_to_others = True
            self._pause(_LEAVE_SECONDS)
            return
        self._left_to_others = False
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            log.error("cannot accept a connection: %s", error.strerror)
            self._pause(_PAUSE_SECONDS)
            return
        self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        if self._counts.total >= self._limit:
            _turn_away(connection)
            return
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opening = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, connection))
        self._openings.add(opening)
        opening.add_done_callback(self._openings.discard)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listening)
        self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listening, self._accept)


def _turn_away(connection: socket.socket) -> None:
    """421 and goodbye, without waiting for anybody (rfc5321#3.8)."""
    try:
        connection.send(replies.TOO_MANY_CONNECTIONS.encode())
    except OSError:
        pass
    finally:
        connection.close()

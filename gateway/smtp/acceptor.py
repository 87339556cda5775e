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
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass

from gateway.mail import reply as replies
from gateway.mail.reply import Reply
from gateway.smtp.listener import Conversation
from gateway.smtp.proxied import BadProxyHeader, Peer, read_header

log = logging.getLogger(__name__)

_LEAVE_SECONDS = 0.001
"""How long a busier worker leaves a waiting connection to the others before it takes it after all."""
_HEADER_SECONDS = 10.0
"""How long a PROXY header or a TLS handshake may take."""
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


@dataclass(frozen=True, slots=True)
class Door:
    """How connections come in: behind a balancer's PROXY header, in TLS from the first byte, and how many."""

    limit: int
    limit_per_address: int
    behind_proxy: bool = False
    tls: ssl.SSLContext | None = None


class Acceptor:
    """Accepts the connections of one listening socket in one worker.

    protocol: makes the conversation with a client of that address and port.
    """

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[Peer], Conversation],
        counts: Counts,
        worker: int,
        door: Door,
        connections_of: Callable[[str], int],
    ) -> None:
        self._listening = listening
        self._protocol = protocol
        self._counts = counts
        self._worker = worker
        self._door = door
        self._connections_of = connections_of
        self._loop = asyncio.get_running_loop()
        self._left_to_others = False
        self._is_open = False
        self._openings: dict[asyncio.Task[None], Conversation | None] = {}

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
        if self._counts.total + self._not_begun >= self._door.limit:
            _turn_away(connection, replies.TOO_MANY_CONNECTIONS)
            return
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opening: asyncio.Task[None] = self._loop.create_task(self._open(connection))
        self._openings[opening] = None
        opening.add_done_callback(self._openings.pop)

    async def _open(self, connection: socket.socket) -> None:
        """The PROXY header, then TLS where it is implicit, then the conversation."""
        opening = asyncio.current_task()
        try:
            peer = await self._peer(connection)
            if self._connections_of(peer[0]) >= self._door.limit_per_address:
                _turn_away(connection, replies.TOO_MANY_FROM_YOU)
                return
            await self._loop.connect_accepted_socket(
                lambda: self._begun(opening, peer),
                connection,
                ssl=self._door.tls,
                ssl_handshake_timeout=_handshake(self._door),
            )
        except (BadProxyHeader, OSError, TimeoutError, ssl.SSLError) as error:
            log.debug("a connection ended before it began: %s", type(error).__name__)
            connection.close()

    def _begun(self, opening: asyncio.Task[None] | None, peer: Peer) -> Conversation:
        conversation = self._protocol(peer)
        if opening is not None:
            self._openings[opening] = conversation
        return conversation

    @property
    def _not_begun(self) -> int:
        """Connections that `counts` does not know yet: a handshake may take its time."""
        return sum(made is None or not made.has_begun for made in self._openings.values())

    async def _peer(self, connection: socket.socket) -> Peer:
        """The client's address: the balancer's word for it, or the socket's."""
        named = await asyncio.wait_for(read_header(connection), _HEADER_SECONDS) if self._door.behind_proxy else None
        if named is not None:
            return named
        peer = connection.getpeername()
        return (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else ("local", 0)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listening)
        self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listening, self._accept)


def _handshake(door: Door) -> float | None:
    return _HEADER_SECONDS if door.tls is not None else None


def _turn_away(connection: socket.socket, reply: Reply) -> None:
    """421 and goodbye, without waiting for anybody (rfc5321#3.8)."""
    try:
        connection.send(reply.encode())
    except OSError:
        pass
    finally:
        connection.close()

"""Reads the risky parts of a message in processes that can be killed, so that no document can lie, hang, swell or fall.

Impure, with worker.py the only such files of this room: it knows processes, sockets and the clock. A message is one
request to one reader; each document of it is answered on its own, so what was read survives what comes after. A reader
that is late is killed, one that dies is replaced, and either way the document is reported as not read, never as clean.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from gateway import allocator
from gateway.extract import plan, worker
from gateway.extract.budget import Budget
from gateway.extract.formats import LOCKABLE, PICTURES
from gateway.extract.reuse import Reuse
from gateway.extract.walk import Risky, Walk
from gateway.mail.fragment import Extraction, Fragment, Reason, Unreadable
from gateway.mail.message import Message

_ROOT = str(Path(__file__).resolve().parents[2])
_START = """
import sys
sys.path.insert(0, sys.argv[1])
from gateway.extract.worker import main
main(int(sys.argv[2]), int(sys.argv[3]))
"""
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_THREAD_LIMIT": "1", **allocator.ENVIRONMENT}
_RECYCLED_AFTER = 500
_PICTURES = frozenset(PICTURES)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader may take. Every one is a setting."""

    seconds: float = 20.0
    """Wall-clock seconds for all attachments of one message, OCR not counted."""
    ocr_seconds: float = 30.0
    """Wall-clock seconds for all pictures of one message."""
    memory_bytes: int = 768 * 1024 * 1024
    """Address space of one reader."""
    readers: int = 4
    """Processes that read documents; more than processors, so that a slow document only takes its share."""
    reuse_seconds: float = 0.0
    """How long the texts of an identical attachment may be used again; 0 reads everything every time."""
    ocr_readers: int = 1
    """Processes that read pictures: a queue of their own, so that a scan never delays a document."""


class _Reader:
    """One reader process: a socket to it and a handle that kills it and nobody else."""

    def __init__(self, nursery: _Nursery) -> None:
        self.line, self._pidfd = nursery.fork()
        self.requests = 0

    def kill(self) -> None:
        self.line.close()
        if self._pidfd >= 0:
            with contextlib.suppress(OSError):  # it may be gone already, which is what is asked for
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            os.close(self._pidfd)
            self._pidfd = -1


class _Nursery:
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


@dataclass
class _Result:
    """What the readers have given for one message so far."""

    fragments: list[Fragment] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    pictures: list[Risky] = field(default_factory=list)


class _Queue:
    """Readers of one kind, lent out one message at a time."""

    def __init__(
        self, nursery: _Nursery, readers: int, seconds: float, defer: frozenset[str], reuse: Reuse | None
    ) -> None:
        self._nursery = nursery
        self._reuse = reuse
        self._seconds = seconds
        self._defer = sorted(defer)
        self._idle: queue.SimpleQueue[_Reader | None] = queue.SimpleQueue()
        for _ in range(readers):
            self._idle.put(None)
        self.threads = ThreadPoolExecutor(readers, thread_name_prefix="extract")

    def read(self, documents: Iterable[Risky], budget: Budget, passwords: tuple[str, ...], result: _Result) -> None:
        """Every document by its own; after a death the rest goes to a new reader within what is left of the time."""
        left = [document for document in documents if not self._recalled(document, result)]
        if not left:
            return
        reader = self._idle.get()
        deadline = time.monotonic() + self._seconds
        try:
            while left:
                if time.monotonic() >= deadline:
                    result.unreadable += [Unreadable(risky.place, Reason.TIMED_OUT) for risky in left]
                    break
                reader = reader or _Reader(self._nursery)
                done, reason = self._request(reader, left, budget, passwords, deadline, result)
                left = left[done:]
                if reason is not None and left:
                    reader.kill()
                    reader = None
                    left = self._unread(left, reason, result)
        finally:
            if reader and reader.requests >= _RECYCLED_AFTER:
                reader.kill()
                reader = None
            self._idle.put(reader)

    def _recalled(self, document: Risky, result: _Result) -> bool:
        """Whether the same bytes were read a moment ago; then their texts are used again."""
        fragments = self._reuse.recall(document, time.monotonic()) if self._reuse else None
        result.fragments += fragments or []
        return fragments is not None

    @staticmethod
    def _unread(left: list[Risky], reason: Reason, result: _Result) -> list[Risky]:
        """What is left after a reader's death: the rest, and the same document for the format's second reader."""
        first, *rest = left
        if reason is Reason.CRASHED and first.format == "pdf":
            return [Risky(first.place, "pdf again", first.data, first.depth), *rest]
        result.unreadable.append(Unreadable(first.place, reason))
        return rest

    def _request(
        self,
        reader: _Reader,
        documents: list[Risky],
        budget: Budget,
        passwords: tuple[str, ...],
        deadline: float,
        result: _Result,
    ) -> tuple[int, Reason | None]:
        """How many documents were answered, and why not all of them."""
        done = 0
        reader.requests += 1
        try:
            reader.line.settimeout(max(0.01, deadline - time.monotonic()))
            request = {
                "budget": worker.budget_words(budget),
                "defer": self._defer if budget.ocr else [],
                "passwords": passwords,
                "seconds": self._seconds,
                "documents": [[worker.place_words(d.place), d.format, d.depth, len(d.data)] for d in documents],
            }
            worker.send(reader.line, request, *(document.data for document in documents))
            for document in documents:
                reader.line.settimeout(max(0.01, deadline - time.monotonic()))
                fragments, unreadable, pictures = worker.answer_of(*worker.receive(reader.line))
                result.fragments += fragments
                result.unreadable += unreadable
                result.pictures += pictures
                done += 1
                if self._reuse and not unreadable and not pictures:
                    self._reuse.keep(document, fragments, time.monotonic())
        except TimeoutError:
            return done, Reason.TIMED_OUT
        except (worker.Gone, OSError, ValueError, KeyError, TypeError):
            return done, Reason.CRASHED
        return done, None

    def close(self) -> None:
        """Kills the readers once their last message is answered."""
        self.threads.shutdown(cancel_futures=True)
        while not self._idle.empty():
            reader = self._idle.get()
            if reader:
                reader.kill()


class Sandbox:
    """Reads messages: cheap parts at once, risky ones in readers, pictures in readers of their own."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self._nursery = _Nursery(limits.memory_bytes)
        reuse = Reuse(os.urandom(32), limits.reuse_seconds) if limits.reuse_seconds else None
        self._documents = _Queue(self._nursery, limits.readers, limits.seconds, _PICTURES, reuse)
        self._pictures = _Queue(self._nursery, limits.ocr_readers, limits.ocr_seconds, frozenset(), reuse)

    def start(self) -> None:
        """Starts the nursery now instead of with the first attachment."""
        self._nursery.start()

    @property
    def has_network(self) -> bool:
        """Whether the readers could reach a network: to be said at start."""
        return self._nursery.has_network

    @property
    def missing(self) -> tuple[str, ...]:
        """The formats that cannot be read here because a library is not installed."""
        return self._nursery.missing

    def read_now(self, message: Message, budget: Budget) -> Extraction:
        """Everything the message carries; waits for it."""
        walk = plan(message, budget)
        result = _Result()
        if walk.risky:
            self._documents.read(self._first(walk, result), budget, _passwords(walk), result)
        if result.pictures:
            self._pictures.read(result.pictures, budget, (), result)
        return _merged(walk, result)

    async def read(self, message: Message, budget: Budget) -> Extraction:
        """The same without ever blocking the event loop for a risky part."""
        return await self.finish(plan(message, budget), budget)

    async def finish(self, walk: Walk, budget: Budget) -> Extraction:
        """The rest of a plan: `plan()` reads the cheap parts where it is called, this awaits the risky ones."""
        loop, result = asyncio.get_running_loop(), _Result()
        documents = self._first(walk, result)
        if documents:
            passwords = _passwords(walk)
            await loop.run_in_executor(
                self._documents.threads, self._documents.read, documents, budget, passwords, result
            )
        if result.pictures:
            pictures = result.pictures
            await loop.run_in_executor(self._pictures.threads, self._pictures.read, pictures, budget, (), result)
        return _merged(walk, result)

    @staticmethod
    def _first(walk: Walk, result: _Result) -> list[Risky]:
        """The documents of a plan; its pictures go straight to the pictures' own queue when they are read at all."""
        if not walk.meter.budget.ocr:
            return walk.risky
        result.pictures = [risky for risky in walk.risky if risky.format in _PICTURES]
        return [risky for risky in walk.risky if risky.format not in _PICTURES]

    def close(self) -> None:
        """Ends every reader and the nursery; none is left behind."""
        self._documents.close()
        self._pictures.close()
        self._nursery.stop()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _passwords(walk: Walk) -> tuple[str, ...]:
    """The words of the mail that may open its attachments; none when nothing in it can be locked."""
    return walk.passwords if any(risky.format in LOCKABLE for risky in walk.risky) else ()


def _merged(walk: Walk, result: _Result) -> Extraction:
    return Extraction((*walk.fragments, *result.fragments), (*walk.unreadable, *result.unreadable))

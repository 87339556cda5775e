"""Reads the risky parts of a message in processes that can be killed, so that no document can lie, hang, swell or fall.

Impure, and so are nursery.py, lending.py and worker.py: they know processes, sockets and the clock. A message is one
request to one reader; each document of it is answered on its own, so what was read survives what comes after. A reader
that is late is killed, one that dies is replaced, and either way the document is reported as not read, never as clean.
"""

from __future__ import annotations

import asyncio
import os
import select
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from gateway.extract import plan, worker
from gateway.extract.budget import Budget
from gateway.extract.formats import LOCKABLE, PICTURES
from gateway.extract.lending import Lending, Loan
from gateway.extract.nursery import Nursery, Reader
from gateway.extract.reuse import Reuse
from gateway.extract.walk import Risky, Walk
from gateway.mail.fragment import Extraction, Fragment, Reason, Unreadable
from gateway.mail.message import Message

_RECYCLED_AFTER = 500
_PATIENCE, _OCR_PATIENCE = 1.0, 5.0
"""Seconds a message may hold the last reader while others wait: most documents take hundredths, most pictures one."""
_LOOKS_AFTER = 0.1
"""Seconds until such a message asks again whether somebody waits."""
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


@dataclass
class _Job:
    """What is to be read for one message, and what the readers have given for it so far."""

    left: list[Risky]
    budget: Budget
    passwords: tuple[str, ...]
    seconds: float
    fragments: list[Fragment] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    pictures: list[Risky] = field(default_factory=list)

    def give_up(self, documents: list[Risky], reason: Reason) -> None:
        self.unreadable += [Unreadable(risky.place, reason) for risky in documents]


class _HurriedError(Exception):
    """Somebody waits for the reader that a slow message holds."""


class _Queue:
    """Readers of one kind, lent out one message at a time."""

    def __init__(
        self, lending: Lending, readers: int, seconds: float, defer: frozenset[str], reuse: Reuse | None
    ) -> None:
        self._lending = lending
        self._reuse = reuse
        self.seconds = seconds
        self._defer = sorted(defer)
        self._threads = ThreadPoolExecutor(readers + 1, thread_name_prefix="extract")  # one waits where it is seen to
        self._slow_threads = ThreadPoolExecutor(lending.unhurried, thread_name_prefix="extract-slow")

    def read(self, job: _Job) -> None:
        """Every document of the message; waits for it."""
        self._read(job, may_be_hurried=True)
        if job.left:
            self._read(job, may_be_hurried=False)

    async def read_apart(self, job: _Job) -> None:
        """The same in threads; a slow message waits for its second reader where no quick one does."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, lambda: self._read(job, may_be_hurried=True))
        if job.left:
            await loop.run_in_executor(self._slow_threads, lambda: self._read(job, may_be_hurried=False))

    def _read(self, job: _Job, *, may_be_hurried: bool) -> None:
        """Every document by its own; after a death the rest goes to a new reader within what is left of the time.

        Documents stay in `job.left` only when this message was slow and gave its reader to one that waited.
        """
        job.left = [document for document in job.left if not self._recalled(document, job)]
        if not job.left:
            return
        loan = self._lending.borrow(may_be_hurried=may_be_hurried)
        start = time.monotonic()
        try:
            while job.left:
                if time.monotonic() >= start + job.seconds:
                    job.give_up(job.left, Reason.TIMED_OUT)
                    job.left = []
                    break
                loan.reader = loan.reader or Reader(self._lending.nursery)
                reason = self._request(loan, job, start)
                if reason is not None and job.left:
                    loan.reader.kill()
                    loan.reader = None
                    self._after_a_death(job, reason)
        except _HurriedError:
            job.seconds -= time.monotonic() - start
            if loan.reader:
                loan.reader.kill()
                loan.reader = None
        finally:
            if loan.reader and loan.reader.requests >= _RECYCLED_AFTER:
                loan.reader.kill()
                loan.reader = None
            self._lending.give_back(loan)

    def _recalled(self, document: Risky, job: _Job) -> bool:
        """Whether the same bytes were read a moment ago; then their texts are used again."""
        fragments = self._reuse.recall(document, time.monotonic()) if self._reuse else None
        job.fragments += fragments or []
        return fragments is not None

    @staticmethod
    def _after_a_death(job: _Job, reason: Reason) -> None:
        """What is left then: the rest, and the same document for the format's second reader."""
        first, *job.left = job.left
        if reason is Reason.CRASHED and first.format == "pdf":
            job.left = [Risky(first.place, "pdf again", first.data, first.depth), *job.left]
        else:
            job.give_up([first], reason)

    def _request(self, loan: Loan, job: _Job, start: float) -> Reason | None:
        """Takes from `job.left` what the reader answers; why it did not answer all. Raises _HurriedError."""
        reader, deadline = loan.reader, start + job.seconds
        assert reader is not None
        reader.requests += 1
        try:
            reader.line.settimeout(max(0.01, deadline - time.monotonic()))
            request = {
                "budget": worker.budget_words(job.budget),
                "defer": self._defer if job.budget.ocr else [],
                "passwords": job.passwords,
                "seconds": self.seconds,
                "documents": [[worker.place_words(d.place), d.format, d.depth, len(d.data)] for d in job.left],
            }
            worker.send(reader.line, request, *(document.data for document in job.left))
            while job.left:
                self._wait(loan, start, deadline)
                reader.line.settimeout(max(0.01, deadline - time.monotonic()))
                fragments, unreadable, pictures = worker.answer_of(*worker.receive(reader.line))
                job.fragments += fragments
                job.unreadable += unreadable
                job.pictures += pictures
                document, *job.left = job.left
                if self._reuse and not unreadable and not pictures:
                    self._reuse.keep(document, fragments, time.monotonic())
        except TimeoutError:
            return Reason.TIMED_OUT
        except (worker.Gone, OSError, ValueError, KeyError, TypeError):
            return Reason.CRASHED
        return None

    def _wait(self, loan: Loan, start: float, deadline: float) -> None:
        """Until an answer begins to come. Raises TimeoutError at the deadline, _HurriedError when others wait."""
        assert loan.reader is not None
        answer = select.poll()
        answer.register(loan.reader.line, select.POLLIN)
        until = start + self._lending.patience if loan.is_hurried else deadline
        while not answer.poll(max(0.0, min(until, deadline) - time.monotonic()) * 1000):
            if time.monotonic() >= deadline:
                raise TimeoutError
            if not self._lending.may_keep(loan):
                raise _HurriedError
            until = time.monotonic() + _LOOKS_AFTER if loan.is_hurried else deadline

    def close(self) -> None:
        """Kills the readers once their last message is answered."""
        self._threads.shutdown(cancel_futures=True)
        self._slow_threads.shutdown(cancel_futures=True)
        self._lending.close()


class Sandbox:
    """Reads messages: cheap parts at once, risky ones in readers, pictures in readers of their own."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self._nursery = nursery = Nursery(limits.memory_bytes)
        reuse = Reuse(os.urandom(32), limits.reuse_seconds) if limits.reuse_seconds else None
        documents = Lending(nursery, limits.readers, _PATIENCE)
        pictures = Lending(nursery, limits.ocr_readers, _OCR_PATIENCE)
        self._documents = _Queue(documents, limits.readers, limits.seconds, _PICTURES, reuse)
        self._pictures = _Queue(pictures, limits.ocr_readers, limits.ocr_seconds, frozenset(), reuse)

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

    def shortfalls(self, budget: Budget) -> list[str]:
        """What this machine or these settings leave unread or open, once started: a line each, for the admin."""
        lines = []
        if self.has_network:
            lines.append("the readers of attachments cannot be cut off from the network here (no namespaces)")
        if not budget.ocr:
            lines.append("pictures and scanned pages are not read: `ocr` is off")
        elif "ocr" in self.missing:
            lines.append(
                "pictures and scanned pages are not read: the extra `ocr` and tesseract's Danish are not installed"
            )
        if formats := [name for name in self.missing if name != "ocr"]:
            lines.append(f"not installed, such parts count as unreadable: {', '.join(formats)}")
        return lines

    def read_now(self, message: Message, budget: Budget) -> Extraction:
        """Everything the message carries; waits for it."""
        walk = plan(message, budget)
        job = self._job(walk, budget)
        self._documents.read(job)
        pictures = self._picture_job(walk, job, budget)
        self._pictures.read(pictures)
        return _merged(walk, job, pictures)

    async def read(self, message: Message, budget: Budget) -> Extraction:
        """The same without ever blocking the event loop for a risky part."""
        return await self.finish(plan(message, budget), budget)

    async def finish(self, walk: Walk, budget: Budget) -> Extraction:
        """The rest of a plan: `plan()` reads the cheap parts where it is called, this awaits the risky ones."""
        job = self._job(walk, budget)
        if job.left:
            await self._documents.read_apart(job)
        pictures = self._picture_job(walk, job, budget)
        if pictures.left:
            await self._pictures.read_apart(pictures)
        return _merged(walk, job, pictures)

    def _job(self, walk: Walk, budget: Budget) -> _Job:
        """The documents of a plan; its pictures go straight to the pictures' own queue when they are read at all."""
        documents = [risky for risky in walk.risky if not budget.ocr or risky.format not in _PICTURES]
        return _Job(documents, budget, _passwords(walk), self._documents.seconds)

    def _picture_job(self, walk: Walk, job: _Job, budget: Budget) -> _Job:
        """The pictures of a plan, and those that were found inside its documents."""
        outside = [risky for risky in walk.risky if budget.ocr and risky.format in _PICTURES]
        return _Job([*outside, *job.pictures], budget, (), self._pictures.seconds)

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


def _merged(walk: Walk, *jobs: _Job) -> Extraction:
    fragments = (fragment for job in jobs for fragment in job.fragments)
    unreadable = (item for job in jobs for item in job.unreadable)
    return Extraction((*walk.fragments, *fragments), tuple(dict.fromkeys((*walk.unreadable, *unreadable))))

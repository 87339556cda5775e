"""One worker's pen: events that are ready about the same time go to the disk together.

Theory of operation. A commit costs as much for twenty events as for one, so an event waits for those that will be ready
soon: until no message is left that is expected to end, or `WAIT_SECONDS`. Then the batch is linked into the chain and
committed, and every waiter hears of it once it is on the disk. One batch is under way at a time; what comes meanwhile
is the next one.

SQLite is written to by the event loop itself, which takes less time than handing the work to a thread that fights for
the interpreter's lock. So is a quick disk waited for; a slow one is waited for by a thread. PostgreSQL is a wait
altogether, so there the thread does all of it. What fails fails whole: every waiter of the batch hears `AuditError`,
and the next starts afresh.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeAlias

from gateway.audit import index
from gateway.audit.database import Database
from gateway.audit.errors import AuditError
from gateway.audit.journal import Busy, Journal
from gateway.audit.linking import Entry
from gateway.audit.seal import Checkpoint

_log = logging.getLogger(__name__)

MAX_BATCH = 1000
"""Events in one transaction: bounds how long a commit takes and how much it holds."""

WAIT_SECONDS, ENOUGH = 0.02, 64
"""How long an event waits at most for others, and for how many; a message that is alone never waits."""

BUSY_SECONDS, LONGEST_BUSY = 0.001, 10.0
"""How often to try again while another process writes; after so long the thread waits for its turn."""

QUICK_SECONDS, SLOW_IN_A_ROW, SLOW_BATCHES = 0.003, 3, 200
"""A disk that takes longer so often is the thread's to wait for; the loop tries it again after so many batches."""

INDEX_EVENTS, INDEX_SECONDS = 1000, 1.0
"""The index is brought up to date after so many events or, when it is quiet, after so long."""

Link: TypeAlias = Callable[[Any, list[Entry]], Checkpoint | None]


class _Waiter(NamedTuple):
    entry: Entry
    done: asyncio.Future[None]


class Expected:
    """Counts the messages whose events will follow soon; one enters when it begins, and leaves before its event."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self.count -= 1


class Writer:
    """Used from one event loop; `close` from anywhere once that has ended."""

    def __init__(self, database: Database, link: Link) -> None:
        self._database, self._link = database, link
        self._journal = Journal(database) if database.is_sqlite else None
        self._helper = _Helper()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[_Waiter] = []
        self.expected = Expected()
        self._waits_since = self._busy_since = 0.0
        self._is_under_way = self._departs_now = False
        self._departure: asyncio.TimerHandle | None = None
        self._is_doubtful = False
        self._slow_batches = self._slow_in_a_row = 0
        self._is_failing = False
        self._not_indexed = 0
        self._indexing: asyncio.TimerHandle | None = None

    def append(self, entry: Entry) -> asyncio.Future[None]:
        """Done once the event is on the disk; AuditError when it is not to be written."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._begin_in(loop)
        done: asyncio.Future[None] = loop.create_future()
        if not self._waiting:
            self._waits_since = time.monotonic()
        self._waiting.append(_Waiter(entry, done))
        self._consider()
        return done

    def close(self) -> None:
        """Write what waits, then stop."""
        self._helper.finish()
        batch, self._waiting = self._waiting, []
        if batch:
            self._answer_from_elsewhere(batch, *self._written_through(batch))
        self._bring_index_up()
        if self._journal is not None:
            self._journal.close()

    def _begin_in(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._is_under_way, self._departs_now = loop, False, False
        self._departure = self._indexing = None

    def _consider(self) -> None:
        """Depart at the end of this turn of the loop when nobody is expected to join, or set the latest time for it."""
        if self._is_under_way or self._departs_now or not self._waiting or self._loop is None:
            return
        left = self._waits_since + WAIT_SECONDS - time.monotonic()
        if not self.expected.count or left <= 0 or len(self._waiting) >= ENOUGH:
            self._departs_now = True
            self._loop.call_soon(self._depart)
        elif self._departure is None:
            self._departure = self._loop.call_later(left, self._depart)

    def _depart(self) -> None:
        self._departs_now = False
        if self._departure is not None:
            self._departure.cancel()
            self._departure = None
        batch = self._waiting[:MAX_BATCH]
        if self._is_under_way or not batch or self._loop is None:
            return
        if self._journal is None or self._is_doubtful or self._busy_for() > LONGEST_BUSY:
            self._set_out(batch, partial(self._carry, batch))
            return
        try:
            checkpoint = self._journal.write(partial(self._link_all, batch))
        except Busy:
            self._busy_since = self._busy_since or time.monotonic()
            self._departure = self._loop.call_later(BUSY_SECONDS, self._depart)
        except Exception as caught:  # whatever it is, the waiters hear it and the next batch is tried
            self._set_out(batch, None)
            self._arrived(batch, None, self._as_audit_error(caught))
        else:
            self._await_disk(batch, checkpoint)

    def _await_disk(self, batch: list[_Waiter], checkpoint: Checkpoint | None) -> None:
        """The other half of a batch that has been committed."""
        if self._slow_batches:
            self._slow_batches -= 1
            self._set_out(batch, partial(self._sync_elsewhere, batch, checkpoint))
            return
        self._set_out(batch, None)
        begin = time.monotonic()
        error = self._synced()
        self._slow_in_a_row = self._slow_in_a_row + 1 if time.monotonic() - begin > QUICK_SECONDS else 0
        if self._slow_in_a_row >= SLOW_IN_A_ROW:
            self._slow_batches, self._slow_in_a_row = SLOW_BATCHES, 0
        self._arrived(batch, checkpoint if error is None else None, error)

    def _busy_for(self) -> float:
        return time.monotonic() - self._busy_since if self._busy_since else 0.0

    def _set_out(self, batch: list[_Waiter], work: Callable[[], None] | None) -> None:
        del self._waiting[: len(batch)]
        self._waits_since, self._busy_since = time.monotonic(), 0.0
        self._is_under_way = True
        if work is not None:
            self._helper.do(work)

    def _link_all(self, batch: list[_Waiter], cursor: Any) -> Checkpoint | None:
        return self._link(cursor, [waiter.entry for waiter in batch])

    def _synced(self) -> AuditError | None:
        assert self._journal is not None
        try:
            self._journal.sync()
        except Exception as caught:
            self._is_doubtful = True  # what the disk refused once it may forget: see `Journal.rescue`
            return self._as_audit_error(caught)
        return None

    # On the helper's thread

    def _sync_elsewhere(self, batch: list[_Waiter], checkpoint: Checkpoint | None) -> None:
        error = self._synced()
        self._answer_from_elsewhere(batch, checkpoint if error is None else None, error)

    def _carry(self, batch: list[_Waiter]) -> None:
        """A whole batch, however long it takes."""
        self._answer_from_elsewhere(batch, *self._written_through(batch))

    def _written_through(self, batch: list[_Waiter]) -> tuple[Checkpoint | None, AuditError | None]:
        try:
            if self._is_doubtful and self._journal is not None:
                self._journal.rescue()
                self._is_doubtful = False
            with self._database.writing() as connection:
                return self._link_all(batch, connection.connection.cursor()), None
        except Exception as caught:  # whatever it is, the waiters hear it and the next batch is tried
            return None, self._as_audit_error(caught)

    def _answer_from_elsewhere(
        self, batch: list[_Waiter], checkpoint: Checkpoint | None, error: AuditError | None
    ) -> None:
        try:
            batch[0].done.get_loop().call_soon_threadsafe(self._arrived, batch, checkpoint, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._is_under_way = False

    def _bring_index_up(self) -> None:
        try:
            index.catch_up(self._database)
        except AuditError as error:
            _log.warning("audit: what is newest is not in the index yet: %s", error)

    # Back on the loop

    def _arrived(self, batch: list[_Waiter], checkpoint: Checkpoint | None, error: AuditError | None) -> None:
        self._is_under_way = False
        tell(checkpoint)
        self._tell_operator(error)
        for waiter in batch:
            if waiter.done.done():
                continue
            if error is None:
                waiter.done.set_result(None)
            else:
                waiter.done.set_exception(AuditError(str(error)))
        if error is None:
            self._index_in_time(len(batch))
        self._consider()

    def _index_in_time(self, more: int) -> None:
        self._not_indexed += more
        if self._not_indexed >= INDEX_EVENTS:
            self._index()
        elif self._indexing is None and self._loop is not None:
            self._indexing = self._loop.call_later(INDEX_SECONDS, self._index)

    def _index(self) -> None:
        if self._indexing is not None:
            self._indexing.cancel()
            self._indexing = None
        self._not_indexed = 0
        self._helper.do(self._bring_index_up)

    def _as_audit_error(self, caught: Exception) -> AuditError:
        try:
            with self._database.as_audit_error("write"):
                raise caught
        except AuditError as error:
            return error
        except Exception:
            _log.error("audit: a fault of our own while writing: %s", type(caught).__name__, exc_info=caught)
            return AuditError(f"cannot write the audit store: {type(caught).__name__}")

    def _tell_operator(self, error: AuditError | None) -> None:
        """One line when it begins to fail, one when it works again."""
        if error is not None and not self._is_failing:
            _log.error("audit: %s; messages are deferred with 451 until it works again", error)
        elif error is None and self._is_failing:
            _log.warning("audit: the store works again")
        self._is_failing = error is not None


class _Helper:
    """One thread that does what it is given, in that order."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], None]) -> None:
        self._work.put(work)

    def finish(self) -> None:
        """Return when all of it is done."""
        self._work.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()


def tell(checkpoint: Checkpoint | None) -> None:
    """Into the log, which is kept elsewhere; only what is on the disk, or a lost commit would look like tampering."""
    if checkpoint is not None:
        _log.info("audit checkpoint %s", checkpoint)

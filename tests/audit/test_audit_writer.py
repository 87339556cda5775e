"""Events that are ready about the same time go to the disk together, and nobody hears of it before they are there."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import IO

import pytest
from audit_appender import an_event

from gateway.audit import AuditError, index, open_store
from gateway.audit.keys import believed_keys
from gateway.audit.store import Store
from gateway.audit.verify import verify


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(f"sqlite:///{tmp_path}/audit.db")
    opened.start()
    yield opened
    opened.close()


def rows(store: Store, query: str) -> list[tuple]:
    with closing(sqlite3.connect(str(store.database.url.database))) as connection:
        return connection.execute(query).fetchall()


def test_nobody_is_answered_before_the_disk_has_the_event(store: Store, monkeypatch) -> None:
    happened: list[str] = []
    sync = os.fdatasync

    def synced(handle: int) -> None:
        happened.extend(f"synced {case_id}" for (case_id,) in rows(store, "SELECT case_id FROM event"))
        assert Path(f"/proc/self/fd/{handle}").readlink().name == "audit.db-wal"
        sync(handle)

    async def scenario() -> None:
        monkeypatch.setattr(os, "fdatasync", synced)
        await store.append(an_event("1"))
        happened.append("answered 1")

    asyncio.run(scenario())
    assert happened == ["synced 1", "answered 1"]


def test_what_the_disk_refused_is_an_error_and_is_brought_to_safety_before_anything_else(
    store: Store, monkeypatch
) -> None:
    def fails(_: int) -> None:
        raise OSError(5, "Input/output error")

    log, rescued = Path(f"{store.database.url.database}-wal"), []
    rescue = store._writer._journal.rescue
    monkeypatch.setattr(store._writer._journal, "rescue", lambda: (rescue(), rescued.append(log.stat().st_size)))

    async def scenario() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", fails)
            with pytest.raises(AuditError, match="Input/output error"):
                await store.append(an_event("doubtful"))
        await store.append(an_event("after"))

    asyncio.run(scenario())
    assert rescued == [0]  # nothing rests on the log that the disk may have lost
    assert rows(store, "SELECT case_id FROM event ORDER BY seq") == [("doubtful",), ("after",)]
    assert verify(store.database, believed_keys(store.keys)).holds


def batches(store: Store, monkeypatch) -> list[int]:
    """How many events each transaction of the store takes from now on."""
    sizes: list[int] = []
    link = store._link
    monkeypatch.setattr(store, "_link", lambda cursor, entries: (sizes.append(len(entries)), link(cursor, entries))[1])
    return sizes


def test_events_wait_for_the_others_that_are_expected(store: Store, monkeypatch) -> None:
    sizes = batches(store, monkeypatch)
    monkeypatch.setattr("gateway.audit.writer.WAIT_SECONDS", 3600)

    async def message(number: int) -> None:
        with store.expecting():
            for _ in range(number + 1):  # each takes a little longer than the one before it
                await asyncio.sleep(0)
        await store.append(an_event(str(number)))

    asyncio.run(asyncio.wait_for(gathered(message(number) for number in range(8)), 30))
    assert sizes == [8]


async def gathered(these) -> None:
    await asyncio.gather(*these)


def test_an_event_waits_no_longer_than_a_moment_for_a_message_that_takes_its_time(store: Store, monkeypatch) -> None:
    sizes = batches(store, monkeypatch)

    async def scenario() -> None:
        with store.expecting():
            await asyncio.wait_for(store.append(an_event("quick")), 30)

    asyncio.run(scenario())
    assert sizes == [1]


def test_a_message_that_ends_in_an_error_is_expected_no_longer(store: Store, monkeypatch) -> None:
    sizes = batches(store, monkeypatch)

    async def scenario() -> None:
        with pytest.raises(ZeroDivisionError), store.expecting():
            _ = 1 / 0
        await store.append(an_event("1"))

    monkeypatch.setattr("gateway.audit.writer.WAIT_SECONDS", 3600)
    asyncio.run(asyncio.wait_for(scenario(), 30))
    assert sizes == [1]


def test_while_another_process_writes_the_loop_goes_on_and_the_event_follows(store: Store) -> None:
    async def scenario(other: IO[str]) -> None:
        waits = asyncio.ensure_future(store.append(an_event("1")))
        await asyncio.sleep(0.05)
        assert not waits.done()
        fcntl.flock(other, fcntl.LOCK_UN)
        await asyncio.wait_for(waits, 30)

    with Path(f"{store.database.url.database}.lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        asyncio.run(scenario(other))


def test_a_stranger_who_locks_the_database_itself_is_waited_for_too(store: Store) -> None:
    async def scenario() -> None:
        with closing(sqlite3.connect(str(store.database.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waits = asyncio.ensure_future(store.append(an_event("1")))
            await asyncio.sleep(0.05)
            assert not waits.done()
            other.execute("ROLLBACK")
        await asyncio.wait_for(waits, 30)

    asyncio.run(scenario())


def test_what_waits_for_the_index_is_found_proved_and_moved_in_time(store: Store, monkeypatch) -> None:
    monkeypatch.setattr("gateway.audit.writer.INDEX_SECONDS", 3600)

    async def scenario() -> None:
        await gathered(store.append(an_event(str(number))) for number in range(20))

    asyncio.run(scenario())
    assert rows(store, "SELECT count(*) FROM fresh") == [(20,)]
    assert rows(store, "SELECT count(*) FROM mark") == [(0,)]
    assert verify(store.database, believed_keys(store.keys)).holds
    assert len(store.recent(sender="dagklub@lavuk.dk")) == 20
    assert rows(store, "SELECT count(*) FROM fresh") == [(0,)]
    assert verify(store.database, believed_keys(store.keys)).holds


def test_a_culprit_who_hides_events_on_their_way_to_the_index_is_found(store: Store, monkeypatch) -> None:
    monkeypatch.setattr("gateway.audit.writer.INDEX_SECONDS", 3600)
    asyncio.run(gathered(store.append(an_event(str(number))) for number in range(3)))
    with closing(sqlite3.connect(str(store.database.url.database))) as connection, connection:
        connection.execute("DELETE FROM fresh WHERE seq = 2")
    assert ["search index" in str(fault) for fault in verify(store.database, believed_keys(store.keys)).faults] == [
        True
    ]


def test_the_index_is_brought_up_after_so_many_events_and_at_the_end(store: Store, monkeypatch) -> None:
    monkeypatch.setattr("gateway.audit.writer.INDEX_SECONDS", 3600)
    monkeypatch.setattr("gateway.audit.writer.INDEX_EVENTS", 10)

    moved = threading.Event()
    move = index.move
    monkeypatch.setattr(index, "move", lambda connection: (move(connection), moved.set()))

    async def scenario() -> None:
        await gathered(store.append(an_event(str(number))) for number in range(12))
        assert await asyncio.to_thread(moved.wait, 30)
        await store.append(an_event("last"))

    asyncio.run(scenario())
    store.close()
    assert rows(store, "SELECT count(DISTINCT seq), (SELECT count(*) FROM fresh) FROM mark") == [(13, 0)]


def test_a_worker_that_was_killed_leaves_its_words_to_the_next_start(store: Store, monkeypatch) -> None:
    monkeypatch.setattr("gateway.audit.writer.INDEX_SECONDS", 3600)
    asyncio.run(gathered(store.append(an_event(str(number))) for number in range(3)))
    successor = open_store(str(store.database.url), store.keys)
    successor.start()
    successor.close()
    assert rows(store, "SELECT count(DISTINCT seq), (SELECT count(*) FROM fresh) FROM mark") == [(3, 0)]


def test_a_slow_disk_is_waited_for_by_a_thread_while_the_loop_goes_on(store: Store, monkeypatch) -> None:
    waited_in: list[str] = []
    sync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda log: (waited_in.append(threading.current_thread().name), sync(log)))
    monkeypatch.setattr("gateway.audit.writer.QUICK_SECONDS", 0)
    monkeypatch.setattr("gateway.audit.writer.SLOW_BATCHES", 2)

    async def scenario() -> None:
        for number in range(7):
            await store.append(an_event(str(number)))

    asyncio.run(scenario())
    assert waited_in == ["MainThread"] * 3 + ["audit"] * 2 + ["MainThread"] * 2

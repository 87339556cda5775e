"""What returned is on the disk; what could not be written says so, and works again when it can."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvloop
from audit_appender import an_event

from gateway.audit import AuditError, Event, Found, Recipient, Unread, chain, open_store
from gateway.audit.event import SERVICE
from gateway.audit.keys import believed_keys
from gateway.audit.seal import Checkpoint
from gateway.audit.store import Store
from gateway.audit.verify import verify

APPENDER = Path(__file__).with_name("audit_appender.py")
ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/audit.db"


@pytest.fixture
def store(url: str):
    opened = open_store(url)
    opened.start()
    yield opened
    opened.close()


def appender(url: str, prefix: str, count: int, concurrency: int) -> subprocess.Popen[str]:
    words = [sys.executable, str(APPENDER), url, prefix, str(count), str(concurrency)]
    return subprocess.Popen(words, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)


def stored_ids(url: str) -> list[str]:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        return [row[0] for row in connection.execute("SELECT case_id FROM event ORDER BY seq")]


def assert_chain_adds_up(url: str) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        (identity,) = connection.execute("SELECT value FROM meta WHERE name = 'store'").fetchone()
        previous, count = chain.genesis(identity), 0
        for seq, at, keep, line, got in connection.execute("SELECT seq, at, keep, line, hash FROM event ORDER BY seq"):
            count += 1
            previous = chain.link(previous, count, at, keep, chain.digest_of(line.encode()))
            assert (seq, got) == (count, previous)
        assert connection.execute("SELECT seq, hash FROM head").fetchone() == (count, previous)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_what_is_appended_together_is_all_there_when_it_returns(url: str, run) -> None:
    store = open_store(url)
    store.start()

    async def scenario() -> list[str]:
        await asyncio.gather(*(store.append(an_event(f"case-{n}")) for n in range(2500)))
        return stored_ids(url)

    assert sorted(run(scenario())) == sorted(f"case-{n}" for n in range(2500))
    store.close()
    assert_chain_adds_up(url)


def test_every_commit_is_on_the_disk_and_the_files_are_ours_alone(store: Store, tmp_path: Path) -> None:
    with store.database.reading() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        assert settings == ["wal", 2]
        assert {path.name: path.stat().st_mode & 0o077 for path in tmp_path.glob("audit.db*")} == dict.fromkeys(
            ("audit.db", "audit.db-wal", "audit.db-shm", "audit.db.lock"), 0
        )


def test_several_processes_write_one_chain(url: str) -> None:
    writers = [appender(url, prefix, 200, 20) for prefix in ("a", "b", "c")]
    said = [line.strip() for writer in writers for line in writer.communicate(timeout=60)[0].splitlines()]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert sorted(stored_ids(url)) == sorted(said)
    assert len(said) == 600
    assert_chain_adds_up(url)


@pytest.mark.parametrize("after", [1, 37, 300])
def test_killed_at_any_moment_every_append_that_returned_is_there(url: str, after: int) -> None:
    victim, survivor = appender(url, "victim", 100_000, 20), appender(url, "survivor", 100, 5)
    said = [victim.stdout.readline().strip() for _ in range(after)]
    victim.send_signal(signal.SIGKILL)
    said += [line.strip() for line in victim.stdout if line.endswith("\n")]
    victim.wait()
    said += survivor.communicate(timeout=60)[0].split()
    assert set(said) <= set(stored_ids(url))
    assert_chain_adds_up(url)


def test_the_record_is_proved_while_it_grows(url: str) -> None:
    store = open_store(url)
    store.start()
    writer = appender(url, "a", 100_000, 20)
    for _ in range(50):
        writer.stdout.readline()
    proofs = [verify(store.database, believed_keys(store.keys)) for _ in range(4)]
    writer.kill()
    writer.communicate()
    store.close()
    assert [proof.faults for proof in proofs] == [[]] * 4
    assert proofs[0].events < proofs[-1].events


FULL_DISK = """
import asyncio, resource, sys
from audit_appender import an_event
from gateway.audit import AuditError, open_store

async def main(url):
    store = open_store(url)
    store.start()
    await store.append(an_event("before"))
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, unlimited[1]))
    refused = 0
    for number in range(200):
        try:
            await store.append(an_event(f"maybe-{number}"))
        except AuditError:
            refused += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    await store.append(an_event("after"))
    store.close()
    print(refused)

asyncio.run(main(sys.argv[1]))
"""


def test_a_full_disk_is_an_audit_error_and_appending_recovers(url: str) -> None:
    words = [sys.executable, "-c", FULL_DISK, url]
    env = {"PYTHONPATH": f"{ROOT}:{APPENDER.parent}"}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=True)
    refused, kept = int(done.stdout), stored_ids(url)
    assert 0 < refused < 200
    assert (kept[0], kept[-1], len(kept)) == ("before", "after", 202 - refused)
    assert done.stderr.count("cannot write the audit store") == 1  # said when it began, not for every message
    assert_chain_adds_up(url)


def test_one_event_that_cannot_be_written_does_not_stop_the_next(store: Store, monkeypatch) -> None:
    async def scenario() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(store, "_link", lambda *_: 1 / 0)
            with pytest.raises(AuditError, match="ZeroDivisionError"):
                await store.append(an_event("1"))
        await store.append(an_event("2"))

    asyncio.run(scenario())
    assert [record.event.case_id for record in store.recent()] == ["2"]


def test_a_checkpoint_is_told_to_the_log_once_it_is_on_the_disk_and_not_before(
    store: Store, caplog, monkeypatch
) -> None:
    with caplog.at_level("INFO"):
        with monkeypatch.context() as patch:
            patch.setattr(store.database.engine.dialect, "do_commit", lambda _: (_ for _ in ()).throw(OSError("full")))
            with pytest.raises(AuditError):
                store.write([an_event("1")])
        assert "checkpoint" not in caplog.text
        store.write([an_event("2")])
    told = [message for message in caplog.messages if message.startswith("audit checkpoint ")]
    assert [Checkpoint.parse(message.removeprefix("audit checkpoint ")).seq for message in told] == [1]
    assert [record.event.case_id for record in store.recent()] == ["2"]


def test_a_waiter_that_gave_up_harms_nobody(store: Store) -> None:
    async def scenario() -> None:
        waits = [asyncio.ensure_future(store.append(an_event(str(n)))) for n in range(5)]
        waits[1].cancel()
        got = await asyncio.gather(*waits, return_exceptions=True)
        assert [isinstance(each, asyncio.CancelledError) for each in got] == [False, True, False, False, False]

    asyncio.run(scenario())


def test_close_writes_what_waits(url: str) -> None:
    store = open_store(url)
    store.start()

    async def scenario() -> None:
        waits = [asyncio.ensure_future(store.append(an_event(str(n)))) for n in range(50)]
        await asyncio.sleep(0)
        store.close()
        await asyncio.gather(*waits)

    asyncio.run(scenario())
    assert len(stored_ids(url)) == 50


def test_appending_to_a_store_that_is_not_open_is_an_error_not_a_wait(url: str) -> None:
    with pytest.raises(AuditError, match="not open"):
        asyncio.run(open_store(url).append(an_event("1")))


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("audit.db", "no database address"),
        ("mysql://localhost/x", "neither sqlite"),
        ("sqlite://", "neither sqlite"),
        ("sqlite:////no/such/folder/audit.db", "cannot make the audit store"),
    ],
)
def test_a_store_that_cannot_be_used_is_refused_at_the_start(bad: str, says: str) -> None:
    with pytest.raises(AuditError, match=says):
        open_store(bad).start()


def test_a_store_of_a_newer_version_is_refused(store: Store, url: str) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'schema'")
    with pytest.raises(AuditError, match="newer Postvagt"):
        open_store(url).start()


CASES = [
    Event(case_id="relayed", at=NOON, sender="dagklub@lavuk.dk", verdict="relay",
          recipients=(Recipient("h…@kk.dk", "kk.dk", "kk"),)),
    Event(case_id="blocked", at=NOON + timedelta(hours=1), sender="Dagklub@lavuk.dk", verdict="block", mode="enforce",
          recipients=(Recipient("f…@example.org", "example.org", "other"), Recipient("h…@kk.dk", "kk.dk", "kk")),
          findings=(Found("cpr", "cpr", "certain", "text", 1, ("00",)),)),
    Event(case_id="unread", at=NOON + timedelta(hours=2), sender="leder@strodammen.dk", verdict="block", mode="enforce",
          unreadable=(Unread("attachment:zip 1", "encrypted"),), recipients=(Recipient("a…@kk.dk", "kk.dk", "kk"),)),
    Event(case_id="later", at=NOON + timedelta(hours=3), sender="<>", verdict="defer"),
    Event(case_id="service", at=NOON + timedelta(hours=4), kind="start", details={"workers": 2}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "want"),
    [
        ({}, ["service", "later", "unread", "blocked", "relayed"]),
        ({"limit": 2}, ["service", "later"]),
        ({"verdict": "relay"}, ["relayed"]),
        ({"verdict": "block"}, ["unread", "blocked"]),
        ({"verdict": "defer"}, ["later"]),
        ({"sender": "DAGKLUB@lavuk.dk"}, ["blocked", "relayed"]),
        ({"domain": "KK.dk"}, ["unread", "blocked", "relayed"]),
        ({"domain": "kk.dk", "verdict": "block", "sender": "dagklub@lavuk.dk"}, ["blocked"]),
        ({"category": "cpr"}, ["blocked"]),
        ({"category": "unreadable"}, ["unread"]),
        ({"case_id": "blocked"}, ["blocked"]),
        ({"kind": "start"}, ["service"]),
        ({"kind": "message", "limit": 1}, ["later"]),
        ({"since": NOON + timedelta(hours=2)}, ["service", "later", "unread"]),
        ({"until": NOON + timedelta(hours=2)}, ["blocked", "relayed"]),
        ({"since": NOON + timedelta(days=1)}, []),
    ],
)
def test_filters(store: Store, wanted: dict, want: list[str]) -> None:
    store.write(CASES)
    assert [record.event.case_id for record in store.recent(**wanted)] == want


def test_a_service_event_says_what_was_done(store: Store) -> None:
    store.write(CASES)
    (record,) = store.recent(kind="start")
    assert (record.event.keep, record.event.details) == (SERVICE, {"workers": 2})

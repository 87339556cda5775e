"""The same record in a real PostgreSQL: several nodes, one chain; a lost database is 451 and comes back by itself."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from audit_appender import an_event
from postgres_server import Postgres
from sqlalchemy import text

from gateway.audit import AuditError, Event, Found, open_store
from gateway.audit.accident import reseal
from gateway.audit.keeping import KEEP_DAYS, prune
from gateway.audit.keys import believed_keys
from gateway.audit.proof import Proof
from gateway.audit.store import Store
from gateway.audit.verify import verify

pytestmark = pytest.mark.peer("pg_ctlcluster")

APPENDER = Path(__file__).with_name("audit_appender.py")
ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.new_database()


@pytest.fixture
def store(url: str, tmp_path: Path):
    opened = open_store(url, tmp_path / "keys")
    opened.start()
    yield opened
    opened.close()


def node(url: str, keys: Path, prefix: str, count: int, concurrency: int) -> subprocess.Popen[str]:
    words = [sys.executable, str(APPENDER), url, prefix, str(count), str(concurrency), str(keys)]
    return subprocess.Popen(words, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)


def proof(store: Store) -> Proof:
    return verify(store.database, believed_keys(store.keys))


def stored_ids(store: Store) -> set[str]:
    with store.database.reading() as connection:
        return {row.case_id for row in connection.execute(text("SELECT case_id FROM event"))}


def change(store: Store, *statements: str) -> None:
    with store.database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_several_nodes_write_one_chain_and_start_together(postgres: Postgres, url: str, tmp_path: Path) -> None:
    nodes = [node(url, tmp_path / "keys", prefix, 150, 20) for prefix in ("a", "b", "c")]
    said = {line for each in nodes for line in each.communicate(timeout=60)[0].split()}
    assert [each.returncode for each in nodes] == [0, 0, 0]
    store = open_store(url, tmp_path / "keys")
    store.open()
    assert (stored_ids(store), len(said)) == (said, 450)
    assert proof(store).faults == []
    store.close()


def test_a_node_killed_at_any_moment_has_every_event_it_answered_for(store: Store, url: str) -> None:
    victim = node(url, store.keys, "victim", 100_000, 20)
    said = [victim.stdout.readline().strip() for _ in range(50)]
    victim.send_signal(signal.SIGKILL)
    said += [line.strip() for line in victim.stdout if line.endswith("\n")]
    victim.wait()
    store.write([an_event("survivor")])
    assert {*said, "survivor"} <= stored_ids(store)
    assert proof(store).faults == []


def test_a_lost_database_is_an_audit_error_and_appending_recovers(postgres: Postgres, store: Store) -> None:
    async def scenario() -> None:
        await store.append(an_event("before"))
        postgres.stop("immediate")
        for number in range(3):
            with pytest.raises(AuditError, match="cannot write"):
                await store.append(an_event(f"lost-{number}"))
        postgres.start()
        await store.append(an_event("after"))

    asyncio.run(scenario())
    assert stored_ids(store) == {"before", "after"}
    assert proof(store).faults == []


@pytest.mark.parametrize(
    ("statement", "first", "says"),
    [
        ("UPDATE event SET line = replace(line, 'relay', 'block') WHERE seq = 3", 3, "changed"),
        ("DELETE FROM event WHERE seq = 3", 3, "missing"),
        ("DELETE FROM event WHERE seq > 5", 6, "missing"),
        ("DELETE FROM mark WHERE seq = 3", 1, "search index"),
    ],
)
def test_tampering_is_found(store: Store, statement: str, first: int, says: str) -> None:
    for number in range(8):
        store.write([an_event(str(number))])
    change(store, statement)
    fault = proof(store).faults[0]
    assert (fault.seq, says in str(fault)) == (first, True), str(fault)


def test_retention_and_reseal(store: Store) -> None:
    found = (Found("cpr", "cpr", "certain", "text", 1, ("00",)),)
    for hour in range(10):
        at = NOW + timedelta(hours=hour)
        blocked = {"verdict": "block", "mode": "enforce", "findings": found} if hour == 4 else {"verdict": "relay"}
        store.write([Event(f"case-{hour}", at, sender="ø@lavuk.dk", **blocked)])
    later = NOW + timedelta(days=180, hours=6, minutes=1)
    assert prune(store, {**KEEP_DAYS, "block": 365}, later, {"by": "test"}) == (2, 4)
    assert (proof(store).faults, proof(store).pruned) == ([], 2)
    assert [record.event.case_id for record in store.recent(sender="Ø@lavuk.dk", verdict="block")] == ["case-4"]
    change(store, "UPDATE event SET line = replace(line, 'relay', 'block') WHERE seq = 9")
    reseal(store, believed_keys(store.keys), NOW, {"why": "test"})
    assert (proof(store).faults, [fault.seq for fault in proof(store).acknowledged]) == ([], [9])


def test_filters_answer_as_in_sqlite(store: Store) -> None:
    for number in range(6):
        store.write([an_event(str(number))])
    store.write([Event("start", datetime.now(UTC), kind="start", details={"workers": 2})])
    assert [record.event.case_id for record in store.recent(2, domain="Example.org")] == ["5", "4"]
    assert [record.event.case_id for record in store.recent(kind="start")] == ["start"]
    assert len(store.recent(since=NOW - timedelta(days=3650), until=datetime(2100, 1, 1, tzinfo=UTC))) == 7


def test_a_null_character_or_half_a_character_does_not_stop_the_batch(store: Store) -> None:
    store.write([Event("odd", NOW, sender="a\0b\udcff@lavuk.dk", reply="\0")])
    assert proof(store).faults == []


def test_a_postgresql_store_needs_to_be_told_where_its_keys_are(url: str) -> None:
    with pytest.raises(AuditError, match="keys"):
        open_store(url)

"""A false alarm may pass once: the same values, the same sender, for some days, and the record says who let it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.audit import AuditError, Event, Found, Unread, open_store
from gateway.audit.release import release_event, revoke_events
from gateway.audit.store import Store
from gateway.mail.address import Address

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SENDER = Address.of("Dagklub@lavuk.dk")
ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32


def message(case_id: str, verdict: str = "block", sender: str = "dagklub@lavuk.dk", **fields: object) -> Event:
    found = (Found("cpr", "cpr", "certain", "text", 2, (ONE, TWO)),)
    return Event(case_id, NOW, verdict=verdict, mode="enforce", **{"sender": sender, "findings": found, **fields})


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(f"sqlite:///{tmp_path}/audit.db")
    opened.open()
    opened.write([message("PV-1"), message("PV-2", "relay"), message("PV-3", sender="b…@example.org")])
    opened.write([message("PV-4", findings=(), unreadable=(Unread("attachment:zip 1", "encrypted"),))])
    yield opened
    opened.close()


def give(store: Store, case_id: str, days: int = 14, at: datetime = NOW) -> None:
    with store.database.reading() as connection:
        event = release_event(connection, case_id, "leder", "det er et ordrenummer", days, at)
    store.write([event])


def take_back(store: Store, case_id: str) -> None:
    with store.database.reading() as connection:
        events = list(revoke_events(connection, case_id, "leder", "det var ikke et ordrenummer", NOW))
    store.write(events)


@pytest.mark.parametrize(
    ("identities", "want"),
    [
        pytest.param([ONE, TWO], True, id="the same values"),
        pytest.param([ONE], True, id="fewer of them"),
        pytest.param([ONE, THREE], False, id="another value beside one of them"),
        pytest.param([], False, id="nothing that could be recognised"),
    ],
)
def test_only_the_same_values_pass(store: Store, identities: list[str], want: bool) -> None:
    give(store, "PV-1")
    (release,) = store.open_releases(SENDER, NOW)
    assert release.covers(identities) is want


def test_only_the_same_sender(store: Store) -> None:
    give(store, "PV-1")
    assert store.open_releases(Address.of("leder@lavuk.dk"), NOW) == ()


def test_it_runs_out(store: Store) -> None:
    give(store, "PV-1", days=14)
    assert store.open_releases(SENDER, NOW + timedelta(days=13))
    assert store.open_releases(SENDER, NOW + timedelta(days=14)) == ()


def test_it_is_used_up_by_the_message_that_passes(store: Store) -> None:
    give(store, "PV-1")
    (release,) = store.open_releases(SENDER, NOW)
    store.write([message("PV-5", "defer")])  # a next hop that was down does not use it up
    assert store.open_releases(SENDER, NOW) == (release,)
    store.write([message("PV-6", "relay", details={"release": release.id})])
    assert store.open_releases(SENDER, NOW) == ()
    give(store, "PV-1", at=NOW + timedelta(hours=1))
    assert len(store.open_releases(SENDER, NOW + timedelta(hours=1))) == 1


def test_of_two_messages_in_one_moment_one_has_it(store: Store) -> None:
    give(store, "PV-1")
    (release,) = store.open_releases(SENDER, NOW)
    assert [store.claim(release, holder, NOW) for holder in ("one", "other")] == [True, False]
    assert store.claim(release, "one", NOW), "the same message tries again"
    store.give_back(release, "other")
    assert not store.claim(release, "other", NOW), "only who has it gives it back"
    store.give_back(release, "one")
    assert store.claim(release, "other", NOW)


def test_many_threads_claim_and_one_has_it(store: Store) -> None:
    give(store, "PV-1")
    (release,) = store.open_releases(SENDER, NOW)
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda number: store.claim(release, str(number), NOW), range(16)))
    assert sum(claims) == 1


def test_what_was_used_is_nobodys_not_even_its_users(store: Store) -> None:
    give(store, "PV-1")
    (release,) = store.open_releases(SENDER, NOW)
    assert store.claim(release, "one", NOW)
    store.write([message("PV-6", "relay", details={"release": release.id})])
    assert not store.claim(release, "one", NOW)


def test_a_use_that_is_still_on_its_way_to_the_index_counts(tmp_path: Path, store: Store) -> None:
    give(store, "PV-1")
    (release,) = store.open_releases(SENDER, NOW)
    worker = open_store(str(store.database.url), store.keys)
    worker.start()

    async def passes() -> None:
        await worker.append(message("PV-6", "relay", details={"release": release.id}))

    asyncio.run(passes())
    assert not store.claim(release, "other", NOW)
    worker.close()


def test_a_claim_of_a_worker_that_was_killed_is_forgotten(store: Store) -> None:
    give(store, "PV-1")
    (release,) = store.open_releases(SENDER, NOW)
    assert store.claim(release, "killed", NOW)
    assert not store.claim(release, "other", NOW + timedelta(minutes=59))
    assert store.claim(release, "other", NOW + timedelta(minutes=61))


def test_it_can_be_taken_back_once(store: Store) -> None:
    give(store, "PV-1")
    take_back(store, "PV-1")
    assert store.open_releases(SENDER, NOW) == ()
    with pytest.raises(AuditError, match="no release that is still open"):
        take_back(store, "PV-1")


def test_the_record_says_who_and_why(store: Store) -> None:
    give(store, "PV-1")
    take_back(store, "PV-1")
    revoked, released, blocked = (record.event for record in store.recent(case_id="PV-1"))
    assert (released.kind, released.details["by"], released.details["why"]) == (
        "release", "leder", "det er et ordrenummer"
    )  # fmt: skip
    assert (revoked.kind, blocked.kind) == ("revoke", "message")


@pytest.mark.parametrize(
    ("case_id", "says"),
    [
        ("PV-9", "no message has the case id PV-9"),
        ("PV-2", "was not stopped"),
        pytest.param("PV-3", "not come from one of our own", id="a stranger's mail is not ours to release"),
        pytest.param("PV-4", "nothing to recognise", id="what was not read cannot be recognised"),
    ],
)
def test_what_cannot_be_released_is_one_line_and_changes_nothing(store: Store, case_id: str, says: str) -> None:
    before = len(store.recent(100))
    with pytest.raises(AuditError, match=says):
        give(store, case_id)
    assert len(store.recent(100)) == before

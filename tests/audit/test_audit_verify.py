"""Whoever changes, removes, inserts, moves or cuts off anything is found, and the first bad event is named."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.audit import AuditError, Event, Found, Recipient, chain, open_store
from gateway.audit import verify as proving
from gateway.audit.accident import reseal
from gateway.audit.keeping import KEEP_DAYS, prune, reindex
from gateway.audit.keys import believed_keys, signing_key
from gateway.audit.proof import Proof
from gateway.audit.seal import Checkpoint
from gateway.audit.store import Store
from gateway.audit.verify import verify

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
EVENTS = 30


def event_number(number: int, at: datetime = NOW, **fields: object) -> Event:
    """Every fifth is a block, an hour apart."""
    verdict = "relay" if number % 5 else "block"
    found = () if number % 5 else (Found("cpr", "cpr", "certain", "text", 1, ("00",)),)
    to = (Recipient("f…@example.org", "example.org", "other", "ab"),)
    words = {"sender": "dagklub@lavuk.dk", "mode": "enforce", "recipients": to, "findings": found, "verdict": verdict}
    return Event(f"case-{number}", at + timedelta(hours=number), **{**words, **fields})


class Lab:
    """A store with thirty events, an SQL door for the culprit, and a proof."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "audit.db"
        self.store = self.opened()
        for number in range(1, EVENTS + 1):
            self.store.write([event_number(number)])

    def opened(self, **how: bool) -> Store:
        store = open_store(f"sqlite:///{self.path}")
        store.open(**how)
        return store

    def sql(self, *statements: str, values: tuple = ()) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for statement in statements:
                connection.execute(statement, values)

    def proof(self, *kept_elsewhere: Checkpoint) -> Proof:
        return verify(self.store.database, believed_keys(self.store.keys), kept_elsewhere)

    def checkpoint(self) -> Checkpoint:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            (store,) = connection.execute("SELECT value FROM meta WHERE name = 'store'").fetchone()
            row = connection.execute("SELECT seq, at, hash, signer, signature FROM head").fetchone()
        return Checkpoint(store, *row)

    def rewrite_from(self, seq: int, change: Callable[[str], str]) -> None:
        """What a thorough culprit does: change one event and compute every hash after it anew, the head's too."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            (previous,) = connection.execute("SELECT hash FROM event WHERE seq = ?", (seq - 1,)).fetchone()
            rows = connection.execute("SELECT seq, at, keep, line FROM event WHERE seq >= ?", (seq,)).fetchall()
            for number, at, keep, line in rows:
                line = change(line) if number == seq else line
                previous = chain.link(previous, number, at, keep, chain.digest_of(line.encode()))
                connection.execute("UPDATE event SET line = ?, hash = ? WHERE seq = ?", (line, previous, number))
            connection.execute("UPDATE head SET hash = ?", (previous,))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_an_untouched_record_holds(lab: Lab) -> None:
    proof = lab.proof()
    assert (proof.holds, proof.events, proof.first, proof.last, proof.pruned) == (True, EVENTS, 1, EVENTS, 0)
    assert proof.seals == EVENTS + 1  # events an hour apart leave a checkpoint each, and there is the end


def test_an_empty_record_holds(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/audit.db")
    store.open()
    assert verify(store.database, believed_keys(store.keys)).holds


FLIP = "UPDATE event SET line = replace(line, 'relay', 'block') WHERE seq = 7"
SWAP = (
    "UPDATE event SET seq = 1000 WHERE seq = 7",
    "UPDATE event SET seq = 7 WHERE seq = 8",
    "UPDATE event SET seq = 8 WHERE seq = 1000",
)
CUT = ("DELETE FROM event WHERE seq > 20", "DELETE FROM mark WHERE seq > 20")


@pytest.mark.parametrize(
    ("statements", "first", "says"),
    [
        pytest.param([FLIP], 7, "changed", id="one word of an event changed"),
        pytest.param(["UPDATE event SET at = at + 1 WHERE seq = 7"], 7, "changed", id="its time"),
        pytest.param(["UPDATE event SET keep = 'block' WHERE seq = 7"], 7, "changed", id="its class of retention"),
        pytest.param(["UPDATE event SET hash = zeroblob(32) WHERE seq = 7"], 7, "changed", id="its hash"),
        pytest.param(["DELETE FROM event WHERE seq = 7"], 7, "is missing", id="one removed"),
        pytest.param(["DELETE FROM event WHERE seq BETWEEN 7 AND 9"], 7, "up to 9 are missing", id="three removed"),
        pytest.param(["DELETE FROM event WHERE seq <= 6"], 1, "missing", id="the first ones removed"),
        pytest.param([*SWAP], 7, "changed, moved", id="two swapped"),
        pytest.param(
            ["UPDATE event SET seq = seq + 100 WHERE seq > 6", "UPDATE event SET seq = seq - 99 WHERE seq > 100",
             "INSERT INTO event SELECT 7, at, keep, case_id, line, digest, hash FROM event WHERE seq = 6"],
            7, "put in", id="one put in",
        ),
        pytest.param(["INSERT INTO event SELECT 31, at, keep, case_id, line, digest, hash FROM event WHERE seq = 30",
                      "UPDATE head SET seq = 31"], 31, "put in", id="one appended"),
        pytest.param(["INSERT INTO event SELECT 31, at, keep, case_id, line, digest, hash FROM event WHERE seq = 30"],
                     31, "put in", id="one appended and the seal left alone"),
        pytest.param(["UPDATE head SET seq = 0, hash = origin_hash, signer = '', signature = x''",
                      "DELETE FROM checkpoint"], 1, "behind the end", id="the head set back to an empty record"),
        pytest.param(["INSERT INTO event SELECT 0, at, keep, case_id, line, digest, hash FROM event WHERE seq = 30"],
                     0, "before the beginning", id="one put in before the first"),
        pytest.param([*CUT], 21, "those up to 30 are missing", id="the end cut off"),
        pytest.param([*CUT, "UPDATE head SET seq = 20, hash = (SELECT hash FROM event WHERE seq = 20)"],
                     20, "seal", id="the end cut off and the head set back"),
        pytest.param(["UPDATE event SET line = NULL, digest = x'00' WHERE seq = 7"], 7, "no pruning", id="emptied"),
        pytest.param(["DELETE FROM event WHERE seq <= 6", "DELETE FROM mark WHERE seq <= 6",
                      "DELETE FROM checkpoint WHERE seq <= 6",
                      "UPDATE head SET origin_seq = 6, origin_hash = (SELECT hash FROM event WHERE seq = 7)"],
                     7, "neither its birth nor a pruning", id="the beginning cut off as if pruned"),
        pytest.param(["UPDATE event SET case_id = 'other' WHERE seq = 7"], 7, "case id", id="hidden from show"),
        pytest.param(["DELETE FROM mark WHERE word = 'verdict:block'"], 1, "search index", id="hidden from list"),
        pytest.param(["UPDATE mark SET seq = 8 WHERE word = 'verdict:block' AND seq = 5"], 1, "search index",
                     id="listed in another's place"),
        pytest.param(["UPDATE checkpoint SET hash = zeroblob(32) WHERE seq = 7"], 7, "checkpoint", id="a checkpoint"),
        pytest.param(["UPDATE checkpoint SET signer = 'me' WHERE seq = 7"], 7, "not among the given", id="a signer"),
        pytest.param(["UPDATE head SET signature = zeroblob(64)"], 30, "not its key's", id="the seal of the end"),
        pytest.param(["UPDATE event SET line = 'nonsense' WHERE seq = 7"], 7, "cannot be read", id="no event at all"),
    ],
)  # fmt: skip
def test_tampering_is_found_and_the_first_bad_event_named(
    lab: Lab, statements: list, first: int, says: str, monkeypatch
) -> None:
    lab.sql(*statements)
    at_once = lab.proof()
    assert (at_once.faults[0].seq, says in str(at_once.faults[0])) == (first, True), str(at_once.faults[0])
    monkeypatch.setattr(proving, "STRETCH", 4)
    monkeypatch.setattr(proving, "_walked", lambda known, parts: (proving._walk(known, part) for part in parts))
    in_stretches = lab.proof()
    assert (in_stretches.faults[0], in_stretches.events) == (at_once.faults[0], at_once.events)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET hash = 'abc' WHERE seq = 7",
        "UPDATE event SET hash = 5 WHERE seq = 7",
        "UPDATE event SET at = 'x', line = NULL, digest = 'abc' WHERE seq = 7",
        "UPDATE event SET keep = CAST(x'ff' AS TEXT) WHERE seq = 7",
        "UPDATE event SET case_id = CAST(x'ff' AS TEXT) WHERE seq = 7",
        "UPDATE event SET line = CAST(x'ff7b' AS TEXT) WHERE seq = 7",
        "UPDATE event SET line = '[]' WHERE seq = 7",
        "UPDATE checkpoint SET hash = 'abc', signature = 7 WHERE seq = 7",
        "UPDATE head SET hash = 'abc', origin_hash = 'abc'",
        "UPDATE mark SET word = CAST(x'ff' AS TEXT) WHERE seq = 7",
        "INSERT INTO mark VALUES ('kind:prune', 7), ('kind:reseal', 7)",
        "INSERT INTO fresh VALUES (7, '[')",
        """UPDATE event SET line = '{"kind":"prune","case_id":"case-7","details":{"before":[],"origin":"x"}}'
           WHERE seq = 7""",
    ],
)
def test_a_value_of_the_wrong_kind_is_a_fault_and_ends_no_proof(lab: Lab, statement: str) -> None:
    """SQLite lets any kind of value into any column."""
    if "mark SET" in statement:
        lab.sql("DELETE FROM mark WHERE seq = 7 AND word LIKE 'to:%'")
    if "fresh" in statement:
        lab.sql("DELETE FROM mark WHERE seq = 7")
    lab.sql(statement)
    proof = lab.proof()
    assert (proof.holds, proof.events) == (False, EVENTS)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM head", "has lost the row"),
        ("UPDATE head SET seq = 'x'", "is damaged"),
        ("DELETE FROM meta WHERE name = 'store'", "has lost the row `store`"),
    ],
)
def test_a_store_that_says_nothing_of_itself_is_one_clear_line(lab: Lab, statement: str, says: str) -> None:
    lab.sql(statement)
    with pytest.raises(AuditError, match=says):
        lab.proof()


def test_several_processes_prove_as_one(lab: Lab, monkeypatch) -> None:
    monkeypatch.setattr(proving, "STRETCH", 12)
    proof = lab.proof()
    assert (proof.holds, proof.events, proof.seals) == (True, EVENTS, EVENTS + 1)
    lab.sql("DELETE FROM event WHERE seq IN (12, 20)", "DELETE FROM mark WHERE seq IN (12, 20)")
    assert [fault.seq for fault in lab.proof().faults] == [12, 20]


CHANGES = {
    "event": ("seq = seq + 500", "at = at - 1", "keep = 'service'", "case_id = case_id || 'x'", "hash = randomblob(32)",
              "line = substr(line, 1, {n}) || '~' || substr(line, {n} + 2)", "line = line || ' '"),
    "mark": ("seq = seq + 500", "word = word || 'x'"),
    "checkpoint": ("seq = seq + 500", "at = at - 1", "hash = randomblob(32)", "signature = randomblob(64)"),
    "head": ("seq = seq - 1", "at = at - 1", "hash = randomblob(32)", "origin_seq = 1", "signature = randomblob(64)"),
}  # fmt: skip


def test_no_column_of_any_row_can_be_changed_unseen(lab: Lab) -> None:
    """What verify does not look at is not there: `checkpoint_*` of the head only say when the next one is due."""
    dice = random.Random(7)
    for table, changes in CHANGES.items():
        for change in changes:
            with closing(sqlite3.connect(lab.path)) as connection:
                (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
                kept = connection.execute(f"SELECT * FROM {table}").fetchall()
            place = dice.randrange(count)
            key = "(word, seq)" if table == "mark" else "seq"
            one = f"(SELECT {key.strip('()')} FROM {table} LIMIT 1 OFFSET {place})"
            lab.sql(f"UPDATE {table} SET {change.format(n=dice.randrange(20, 200))} WHERE {key} = {one}")
            assert not lab.proof().holds, f"{table}: {change}, row {place}"
            with closing(sqlite3.connect(lab.path)) as connection, connection:
                connection.execute(f"DELETE FROM {table}")
                connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(kept[0]))})", kept)
    assert lab.proof().holds


def test_one_changed_event_is_one_fault_and_the_rest_is_still_proved(lab: Lab) -> None:
    lab.sql("UPDATE event SET line = replace(line, 'lavuk.dk', 'xavuk.dk') WHERE seq = 7")
    proof = lab.proof()
    assert [fault.seq for fault in proof.faults] == [7, 1]  # 1: the search index says another sender now
    assert proof.events == EVENTS


def test_a_chain_computed_anew_breaks_at_the_first_checkpoint_after_the_change(lab: Lab) -> None:
    lab.rewrite_from(7, lambda line: line.replace('"enforce"', '"monitor"'))
    assert lab.proof().faults[0].seq == 7
    lab.sql("DELETE FROM checkpoint")
    (fault,) = lab.proof().faults
    assert (fault.seq, "not its key's" in str(fault)) == (30, True)


def test_a_store_set_back_to_an_earlier_state_is_found_by_a_checkpoint_kept_elsewhere(lab: Lab) -> None:
    lab.store.close()
    earlier = lab.path.read_bytes()
    lab.store = lab.opened()
    lab.store.write([event_number(EVENTS + 1)])
    kept = Checkpoint.parse(str(lab.checkpoint()))
    lab.store.close()
    lab.path.write_bytes(earlier)
    lab.store = lab.opened()
    assert lab.proof().holds
    assert str(lab.proof(kept).faults[0]) == f"event {EVENTS + 1} is missing"


def test_another_stores_chain_is_not_ours(lab: Lab, tmp_path: Path) -> None:
    kept = lab.checkpoint()
    (tmp_path / "other").mkdir()
    other = Lab(tmp_path / "other")
    proof = verify(other.store.database, believed_keys(other.store.keys) | believed_keys(lab.store.keys), [kept])
    assert "another store" in str(proof.faults[0])


def test_without_the_right_key_no_seal_is_believed(lab: Lab, tmp_path: Path) -> None:
    signing_key(tmp_path / "strangers")
    proof = verify(lab.store.database, believed_keys(tmp_path / "strangers"))
    assert "not among the given" in str(proof.faults[0])


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"store": 1}', '{"store":"a","seq":1,"at":1,"hash":"xx"}'])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no checkpoint"):
        Checkpoint.parse(text)


# ---------------------------------------------------------------- retention


def days(**keep: int) -> dict[str, int]:
    return {**KEEP_DAYS, **keep}


def test_pruning_drops_the_oldest_for_good_and_the_chain_still_holds(lab: Lab) -> None:
    later = NOW + timedelta(days=180, hours=10, minutes=30)
    assert prune(lab.store, KEEP_DAYS, later, {"by": "test"}) == (0, 10)
    proof = lab.proof()
    assert (proof.holds, proof.first, proof.events) == (True, 11, EVENTS - 10 + 1)
    lab.store.write([event_number(EVENTS + 1)])
    assert lab.proof().holds


def test_blocks_may_be_kept_longer_and_what_goes_between_them_leaves_its_digest(lab: Lab) -> None:
    later = NOW + timedelta(days=180, hours=10, minutes=30)
    assert prune(lab.store, days(block=365), later, {}) == (4, 4)  # 1-4 dropped, 6-9 emptied, 5 and 10 kept
    proof = lab.proof()
    assert (proof.holds, proof.first, proof.pruned) == (True, 5, 4)
    kept = [record.event.case_id for record in lab.store.recent(verdict="block")]
    assert kept[-2:] == ["case-10", "case-5"]
    assert lab.store.recent(case_id="case-6") == []


def test_nothing_of_a_pruned_event_is_left_on_the_disk(lab: Lab) -> None:
    lab.store.write([event_number(EVENTS + 1, at=NOW - timedelta(days=400), sender="borte.helt@lavuk.dk")])
    prune(lab.store, KEEP_DAYS, NOW, {})
    lab.store.close()
    for path in lab.path.parent.iterdir():
        if path.is_file():
            assert b"borte.helt" not in path.read_bytes(), path.name


def test_no_event_can_be_put_in_at_a_beginning_that_was_pruned(lab: Lab) -> None:
    """Behind a pruning the chain begins with a hash the pruning tells of; a culprit may say he has not got that far."""
    kept = "SELECT 10, at, 'relay', '', line, digest, hash FROM event WHERE seq = 10"
    lab.sql(f"CREATE TABLE kept AS {kept}")
    prune(lab.store, KEEP_DAYS, NOW + timedelta(days=180, hours=10, minutes=30), {"by": "test"})
    assert lab.proof().first == 11
    lab.sql(
        "INSERT INTO event SELECT * FROM kept",
        """UPDATE event SET case_id = 'x', line = '{"kind":"message","case_id":"x"}' WHERE seq = 10""",
        "INSERT INTO mark VALUES ('from:', 10)",
        "UPDATE head SET origin_seq = 9, origin_hash = x''",
    )
    assert str(lab.proof().faults[0]).startswith("event 10 is not the one that was recorded here")


def test_an_event_emptied_by_hand_beside_a_pruning_is_found(lab: Lab) -> None:
    prune(lab.store, days(block=365), NOW + timedelta(days=180, hours=10, minutes=30), {})
    lab.sql("UPDATE event SET line = NULL, digest = x'00' WHERE seq = 25")
    assert "event 25 was emptied, and no pruning says so" in [str(fault) for fault in lab.proof().faults]


def test_pruning_twice_is_pruning_once(lab: Lab) -> None:
    later = NOW + timedelta(days=180, hours=10, minutes=30)
    prune(lab.store, KEEP_DAYS, later, {})
    assert prune(lab.store, KEEP_DAYS, later, {}) == (0, 0)
    assert lab.proof().holds


def test_pruning_everything_leaves_the_event_that_says_so(lab: Lab) -> None:
    prune(lab.store, KEEP_DAYS, NOW + timedelta(days=1000), {"by": "test"})
    proof = lab.proof()
    assert (proof.holds, proof.events, proof.first) == (True, 1, EVENTS + 1)
    lab.opened().close()


def test_killed_while_pruning_the_record_holds_and_the_next_pruning_finishes(lab: Lab, monkeypatch) -> None:
    later = NOW + timedelta(days=180, hours=10, minutes=30)
    monkeypatch.setattr("gateway.audit.keeping._STEP", 3)

    def killed(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prune(lab.store, KEEP_DAYS, later, {}, killed)
    assert (lab.proof().holds, lab.proof().first) == (True, 4)
    prune(lab.store, KEEP_DAYS, later, {})
    assert (lab.proof().holds, lab.proof().first) == (True, 11)


# ---------------------------------------------------------------- after an accident


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([*CUT], id="a backup without the newest events"),
        pytest.param([FLIP], id="a changed event"),
        pytest.param(["DELETE FROM event WHERE seq = 7"], id="a lost event"),
        pytest.param(["INSERT INTO event SELECT 31, at, keep, case_id, line, digest, hash FROM event WHERE seq = 30",
                      "INSERT INTO mark SELECT word, 31 FROM mark WHERE seq = 30"], id="one behind the end"),
        pytest.param(["UPDATE head SET signature = zeroblob(64)"], id="a broken seal"),
        pytest.param([*CUT, "UPDATE head SET seq = 20, hash = (SELECT hash FROM event WHERE seq = 20), "
                      "signature = (SELECT signature FROM checkpoint WHERE seq = 20), "
                      "at = (SELECT at FROM checkpoint WHERE seq = 20)"], id="set back, checkpoints ahead"),
    ],
)  # fmt: skip
def test_reseal_acknowledges_the_accident_and_goes_on(lab: Lab, statements: list) -> None:
    lab.sql(*statements)
    lab.store.close()
    store = lab.store = lab.opened(end_may_be_broken=True)
    before = reseal(store, believed_keys(store.keys), NOW, {"by": "ops", "why": "disken døde"})
    assert before.faults
    store.write([event_number(40)])
    after = lab.proof()
    assert (after.holds, {fault.token for fault in after.acknowledged} <= {f.token for f in before.faults}) == (
        True,
        True,
    )
    (record,) = store.recent(kind="reseal")
    assert record.event.details["why"] == "disken døde"


@pytest.mark.parametrize(
    "accident", ["DELETE FROM head", "UPDATE head SET seq = 'x'", "UPDATE head SET origin_seq = 'x'"]
)
@pytest.mark.parametrize("pruned", [False, True], ids=["whole", "pruned"])
def test_reseal_makes_the_row_of_the_ends_anew(lab: Lab, accident: str, pruned: bool) -> None:
    if pruned:
        prune(lab.store, KEEP_DAYS, NOW + timedelta(days=180, hours=10, minutes=30), {"by": "test"})
    first = lab.proof().first
    lab.sql(accident)
    lab.store.close()
    with pytest.raises(AuditError):
        lab.opened()
    store = lab.store = lab.opened(end_may_be_broken=True)
    before = reseal(store, believed_keys(store.keys), NOW, {"by": "ops", "why": "disken døde"})
    assert [fault.what for fault in before.faults if "seal" not in fault.what] == []
    store.write([event_number(40)])
    after = lab.proof()
    assert (after.holds, after.first, after.first > 1) == (True, first, pruned)
    (record,) = store.recent(kind="reseal")
    assert "says where its chain ends" in record.event.details["lost"]
    lab.opened().close()


def test_nothing_is_written_while_the_row_of_the_ends_is_lost(lab: Lab) -> None:
    lab.sql("DELETE FROM head")
    with pytest.raises(AuditError, match="audit reseal"):
        lab.store.write([event_number(40)])


def test_where_nothing_says_how_a_record_began_its_beginning_is_acknowledged_too(lab: Lab) -> None:
    lab.sql("DELETE FROM head", "DELETE FROM event WHERE seq < 5", "DELETE FROM mark WHERE seq < 5")
    reseal(lab.store, believed_keys(lab.store.keys), NOW, {"by": "ops", "why": "accident"})
    proof = lab.proof()
    assert (proof.holds, any("neither its birth nor a pruning" in fault.what for fault in proof.acknowledged)) == (
        True,
        True,
    )


def test_a_further_change_to_an_acknowledged_event_is_new(lab: Lab) -> None:
    lab.sql("UPDATE event SET line = replace(line, 'enforce', 'enforca') WHERE seq = 7")
    reseal(lab.store, believed_keys(lab.store.keys), NOW, {"by": "ops", "why": "accident"})
    assert lab.proof().holds
    lab.sql("UPDATE event SET line = replace(line, 'enforca', 'enforcb') WHERE seq = 7")
    assert [fault.seq for fault in lab.proof().faults] == [7]


@pytest.mark.parametrize(
    ("accident", "change"),
    [
        pytest.param(FLIP, "UPDATE event SET keep = 'block' WHERE seq = 7", id="the class of an acknowledged event"),
        pytest.param("DELETE FROM event WHERE seq = 7", "UPDATE event SET line = replace(line, 'relay', 'xelay') "
                     "WHERE seq = 8", id="the event behind an acknowledged gap, which no link holds any more"),
        pytest.param(CUT[0], "UPDATE event SET line = replace(line, 'disken', 'katten') WHERE seq = 31",
                     id="the event that acknowledges a lost end"),
    ],
)  # fmt: skip
def test_an_acknowledged_accident_hides_no_further_change(lab: Lab, accident: str, change: str) -> None:
    lab.sql(accident)
    lab.store.close()
    lab.store = lab.opened(end_may_be_broken=True)
    reseal(lab.store, believed_keys(lab.store.keys), NOW, {"by": "ops", "why": "disken døde"})
    assert lab.proof().holds
    lab.sql(change)
    assert any(fault.token for fault in lab.proof().faults)


def test_a_broken_search_index_is_built_anew_and_never_acknowledged(lab: Lab) -> None:
    lab.sql("DELETE FROM mark WHERE word = 'verdict:block'")
    reseal(lab.store, believed_keys(lab.store.keys), NOW, {"why": "accident"})
    assert (lab.proof().holds, lab.proof().acknowledged) == (True, [])
    lab.sql("DELETE FROM mark WHERE word = 'verdict:block'")
    assert not lab.proof().holds


def test_a_chain_whose_end_is_broken_is_not_appended_to_and_the_log_says_why(lab: Lab, caplog) -> None:
    lab.sql(*CUT)
    with pytest.raises(AuditError, match="audit reseal"):
        open_store(f"sqlite:///{lab.path}").start()
    assert "audit reseal" in caplog.text


def test_reindex_makes_the_search_say_what_the_events_say(lab: Lab) -> None:
    lab.sql("DELETE FROM mark", "UPDATE event SET case_id = 'x' WHERE seq = 7")
    assert not lab.proof().holds
    assert reindex(lab.store) == EVENTS
    assert lab.proof().holds


# ---------------------------------------------------------------- older stores


BACK_TO = {
    2: ("DROP TABLE fresh", "DROP TABLE claim"),
    1: ("ALTER TABLE head DROP COLUMN checkpoint_seq", "ALTER TABLE head DROP COLUMN checkpoint_at"),
}


@pytest.mark.parametrize("version", sorted(BACK_TO))
def test_a_store_of_an_older_version_is_migrated_and_holds(lab: Lab, version: int) -> None:
    lab.store.close()
    undone = [statement for step, statements in BACK_TO.items() if step >= version for statement in statements]
    lab.sql(*undone, f"UPDATE meta SET value = '{version}' WHERE name = 'schema'")
    lab.store = lab.opened()
    lab.store.write([event_number(EVENTS + 1)])
    assert lab.proof().holds

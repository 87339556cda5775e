"""An export is proved outside the house by ninety lines that an auditor can read, which find every change too."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.audit import AuditError, Event, Filter, Found, Recipient, Unread, open_store
from gateway.audit.accident import reseal
from gateway.audit.export import EVENTS, MANIFEST, TABLE, export
from gateway.audit.keeping import KEEP_DAYS, prune
from gateway.audit.keys import believed_keys, signing_key
from gateway.audit.proof import Proof
from gateway.audit.rows import ends_of
from gateway.audit.seal import Checkpoint
from gateway.audit.search import Person
from gateway.audit.store import Store
from gateway.audit.table import COLUMNS
from gateway.audit.verify_export import verify_export
from gateway.mail.address import Address

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "verify_audit.py"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEY = b"k" * 32
ANNA = "anna@example.org"


def event_number(number: int) -> Event:
    blocked = number % 3 == 0
    to = Address.of(ANNA if number == 4 else "bo@example.net")
    return Event(
        f"case-{number}", NOW + timedelta(hours=number), sender="=1+1@lavuk.dk" if number == 2 else "Ærø@lavuk.dk",
        recipients=(Recipient(to.masked, to.domain, "other", Person.of(to, KEY).identity),), size=1000 + number,
        verdict="block" if blocked else "relay", mode="enforce", role="outbound", reply="250 2.0.0 OK; \"tak\"",
        findings=(Found("cpr", "cpr", "certain", "attachment:xlsx 1 › sheet 2", 3, ("00",)),) if blocked else (),
        unreadable=(Unread("attachment:zip 2", "encrypted"),) if number == 6 else (),
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(f"sqlite:///{tmp_path}/audit.db")
    opened.open()
    for number in range(1, 21):
        opened.write([event_number(number)])
    yield opened
    opened.close()


@pytest.fixture
def key(store: Store) -> Path:
    return store.keys / "audit-signing.pub"


def taken_out(store: Store, folder: Path, **wanted: object) -> Path:
    export(store.database, folder, Filter(**wanted), NOW, "test")
    return folder


def proved(folder: Path, *words: object) -> tuple[int, str]:
    done = subprocess.run([sys.executable, SCRIPT, folder, *words], capture_output=True, text=True, timeout=30)
    assert done.stderr == ""
    return done.returncode, done.stdout


def proved_by_us(folder: Path, key: Path, *kept: Path) -> Proof:
    return verify_export(folder, believed_keys(None, [key]), [Checkpoint.parse(path.read_text()) for path in kept])


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / EVENTS).read_text().splitlines()]


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        pytest.param({}, range(1, 21), id="all"),
        pytest.param({"verdict": "block"}, range(3, 21, 3), id="some; the others leave their digests"),
        pytest.param({"since": NOW + timedelta(hours=5), "until": NOW + timedelta(hours=9)}, range(5, 9), id="a span"),
        pytest.param({"about": Person.of(Address.of("ANNA@Example.org"), KEY)}, [4], id="a recipient by address"),
        pytest.param({"about": Person.of(Address.of("ærø@lavuk.dk"), KEY), "until": NOW + timedelta(hours=4)},
                     [1, 3], id="a sender by address"),
    ],
)  # fmt: skip
def test_an_export_is_proved_by_the_script(store: Store, tmp_path: Path, key: Path, wanted: dict, given) -> None:
    folder = taken_out(store, tmp_path / "out", **wanted)
    assert proved(folder, key)[0] == 0
    assert proved_by_us(folder, key).faults == []
    assert [line["event"]["case_id"] for line in lines(folder) if "event" in line] == [f"case-{n}" for n in given]
    assert [record.event.case_id for record in reversed(store.recent(100, **wanted))] == [f"case-{n}" for n in given]


def test_the_script_is_one_that_an_auditor_reads() -> None:
    text = SCRIPT.read_text()
    assert len(text.splitlines()) < 100
    assert "gateway" not in text


def _edit(folder: Path, old: str, new: str) -> None:
    text = (folder / EVENTS).read_text()
    assert old in text
    (folder / EVENTS).write_text(text.replace(old, new, 1))
    manifest = json.loads((folder / MANIFEST).read_text())
    import hashlib

    manifest["sha256"][EVENTS] = hashlib.sha256((folder / EVENTS).read_bytes()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))


def _line(folder: Path, seq: int) -> str:
    return next(line for line in (folder / EVENTS).read_text().splitlines(True) if f'"seq":{seq},' in line)


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        pytest.param(lambda f: _edit(f, '"size":1007', '"size":1008'), "event 7: not the one", id="changed"),
        pytest.param(lambda f: _edit(f, _line(f, 7), ""), "event 7: missing", id="removed"),
        pytest.param(lambda f: _edit(f, _line(f, 7), _line(f, 7) * 2), "event 8: missing", id="twice"),
        pytest.param(lambda f: _edit(f, _line(f, 20), ""), "event 20: missing", id="cut off"),
        pytest.param(lambda f: (f / TABLE).write_bytes(b""), "events.csv: not the file", id="the table"),
    ],
)
def test_a_changed_export_is_found(store: Store, tmp_path: Path, key: Path, tamper, says: str) -> None:
    folder = taken_out(store, tmp_path / "out")
    tamper(folder)
    status, said = proved(folder, key)
    assert (status, says in said) == (1, True), said
    by_us = proved_by_us(folder, key).faults
    assert by_us[0].seq == (int(says.split()[1].rstrip(":")) if says.startswith("event ") else 1), by_us


def test_an_export_sealed_with_another_key_is_not_believed(store: Store, tmp_path: Path) -> None:
    folder = taken_out(store, tmp_path / "out")
    signing_key(tmp_path / "stranger")
    status, said = proved(folder, tmp_path / "stranger" / "audit-signing.pub")
    assert (status, "not signed with this key" in said) == (1, True)
    faults = proved_by_us(folder, tmp_path / "stranger" / "audit-signing.pub").faults
    assert all("a key that is not among the given ones" in str(fault) for fault in faults)
    assert faults


def test_a_checkpoint_kept_elsewhere_proves_that_nothing_was_cut_off(store: Store, tmp_path: Path, key: Path) -> None:
    folder = taken_out(store, tmp_path / "out")
    store.write([event_number(21)])
    with store.database.reading() as connection:
        (tmp_path / "kept.json").write_text(str(ends_of(connection).seal))
    status, said = proved(folder, key, tmp_path / "kept.json")
    assert (status, "event 21" in said) == (1, True)
    assert [str(fault) for fault in proved_by_us(folder, key, tmp_path / "kept.json").faults] == ["event 21 is missing"]


def test_an_export_of_a_pruned_record_is_proved(store: Store, tmp_path: Path, key: Path) -> None:
    prune(store, {**KEEP_DAYS, "block": 365}, NOW + timedelta(days=180, hours=10, minutes=1), {"by": "test"})
    for name, wanted in (("all", {}), ("some", {"verdict": "block"})):
        folder = taken_out(store, tmp_path / name, **wanted)
        assert proved(folder, key) == (0, "3-21: everything adds up\n")
        proof = proved_by_us(folder, key)
        assert (proof.faults, proof.first, proof.last, proof.pruned) == ([], 3, 21, 5)
    store.database.engine.dispose()
    _edit(folder, '"before":{"relay":', '"before":{"relax":')
    assert proved(folder, key)[0] == 1
    assert any("no pruning says so" in str(fault) for fault in proved_by_us(folder, key).faults)


def test_a_fault_that_was_acknowledged_is_known_in_an_export_too(store: Store, tmp_path: Path, key: Path) -> None:
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE event SET line = replace(line, '1007', '1008') WHERE seq = 7")
    reseal(store, believed_keys(store.keys), NOW, {"by": "drift", "why": "en fejl på disken"})
    for name, wanted in (("all", {}), ("some", {"verdict": "block"})):
        proof = proved_by_us(taken_out(store, tmp_path / name, **wanted), key)
        assert (proof.faults, [fault.seq for fault in proof.acknowledged]) == ([], [7])


@pytest.mark.parametrize("junk", ["", "no json\n", '{"seq":7}\n', '{"seq":7,"event":{]}\n', '["seq"]\n'])
def test_a_line_that_is_no_line_is_a_fault_and_no_crash(store: Store, tmp_path: Path, key: Path, junk: str) -> None:
    folder = taken_out(store, tmp_path / "out")
    _edit(folder, _line(folder, 7), junk)
    assert min(fault.seq for fault in proved_by_us(folder, key).faults) == 7
    status, said = proved(folder, key)
    assert (status, said.splitlines()[0].startswith(("event 7: cannot be read", "event 7: missing"))) == (1, True), said


def test_the_first_event_of_an_export_is_linked_too(store: Store, tmp_path: Path, key: Path) -> None:
    folder = taken_out(store, tmp_path / "out", since=NOW + timedelta(hours=5))
    _edit(folder, '"size":1005', '"size":1006')
    assert proved_by_us(folder, key).faults[0].seq == 5
    manifest = json.loads((folder / MANIFEST).read_text()) | {"hash_before_first": ""}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    status, said = proved(folder, key)
    assert (status, said.splitlines()[0].startswith("event 5: not the one")) == (1, True), said
    with pytest.raises(AuditError, match="not the manifest"):
        proved_by_us(folder, key)


@pytest.mark.parametrize("words", [[], ["missing"], ["missing", "missing.pub"], ["out", "out/manifest.json"]])
def test_the_script_says_in_words_that_there_is_nothing_to_prove(store: Store, tmp_path: Path, words: list) -> None:
    taken_out(store, tmp_path / "out")
    done = subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True, timeout=30, cwd=tmp_path)
    assert (done.returncode, done.stderr.startswith("nothing could be proved")) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        (None, "there is no export in"),
        ("", "is not the manifest of an export"),
        ("[]", "is not the manifest of an export"),
        ('{"format": 1, "store": "a"}', "is not the manifest of an export"),
        ('{"format": 99}', "made by a newer Postvagt"),
    ],
)
def test_what_is_no_export_is_one_clear_line(tmp_path: Path, manifest: str | None, says: str) -> None:
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(AuditError, match=says):
        verify_export(tmp_path, {})


def test_the_table_opens_in_a_danish_excel(store: Store, tmp_path: Path) -> None:
    folder = taken_out(store, tmp_path / "out")
    raw = (folder / TABLE).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    header, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";")
    assert (tuple(header), len(rows)) == (COLUMNS, 20)
    sixth = dict(zip(header, rows[5], strict=True))
    assert sixth["Dansk tid"] == "24-11-2026 19:00:00"
    assert sixth["Afgørelse"] == "stoppet"
    assert sixth["Fund"] == "CPR-nummer (sikker) vedhæftet xlsx 1 › ark 2 × 3"
    assert sixth["Kan ikke læses"] == "vedhæftet zip 2: låst med adgangskode"
    assert rows[1][header.index("Afsender")] == "'=1+1@lavuk.dk"  # a cell is never a formula


def test_a_folder_that_is_there_already_is_left_alone(store: Store, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot make the folder"):
        taken_out(store, tmp_path)

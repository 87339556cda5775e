"""`postvagt audit` from the outside: what it prints, how it ends, what it leaves alone."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.audit import Event, Found, Recipient, open_store
from gateway.audit.store import Store
from gateway.cli.audit import command
from gateway.cli.release import command as release

NOW = datetime(2020, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path, monkeypatch) -> Store:
    """The embedded default's store: a block and a relayed message."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    opened = open_store(f"sqlite:///{tmp_path}/var/audit.db", tmp_path / "var" / "audit-keys")
    opened.open()
    found = (Found("cpr", "cpr", "certain", "text", 1, ("00",)),)
    to = (Recipient("f…@example.org", "example.org", "other", "ab"),)
    blocked = {"verdict": "block", "mode": "enforce", "findings": found, "recipients": to}
    opened.write([Event("PV-1", NOW, sender="dagklub@lavuk.dk", **blocked)])
    opened.write([Event("PV-2", NOW + timedelta(hours=1), sender="dagklub@lavuk.dk", verdict="relay")])
    return opened


def run(*words: str) -> Result:
    return CliRunner().invoke(command, list(words), catch_exceptions=False)


def test_list_shows_the_newest_first(store: Store) -> None:
    got = run("list")
    assert got.exit_code == 0
    assert [line.split()[4] for line in got.output.splitlines()] == ["PV-2", "PV-1"]
    assert "2020-11-24 13:00:00  block     PV-1  dagklub@lavuk.dk → f…@example.org  cpr" in got.output


@pytest.mark.parametrize(
    ("words", "want"),
    [
        (["--verdict", "block"], ["PV-1"]),
        (["--since", "2020-11-24T13:30"], ["PV-2"]),
        (["--until", "2020-11-24T13:30"], ["PV-1"]),
        (["--since", "2020-11-25"], []),
        (["--category", "cpr", "--domain", "example.org", "--sender", "Dagklub@lavuk.dk"], ["PV-1"]),
        (["--case", "PV-2"], ["PV-2"]),
        (["--about", "dagklub@lavuk.dk"], ["PV-2", "PV-1"]),
        (["--about", "en.anden@lavuk.dk"], []),
    ],
)
def test_list_filters(store: Store, words: list[str], want: list[str]) -> None:
    got = run("list", "--json", *words)
    assert [json.loads(line)["case_id"] for line in got.output.splitlines()] == want


def test_show_says_everything_about_a_case(store: Store) -> None:
    got = run("show", "PV-1")
    assert (got.exit_code, '"verdict": "block"' in got.output) == (0, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "PV-9"], "no event has the case id PV-9"),
        (["list", "--since", "i går"], "i går is no time"),
        (["verify", "--key", "missing.pub"], "cannot read the public key missing.pub"),
        (["verify", "--checkpoint", "missing.json"], "missing.json: No such file"),
        (["verify", "var"], "there is no export in var"),
        (["list", "--since", "2026-02-30"], "2026-02-30 is no time"),
        (["list", "--category", "helbred"], "'helbred' is not one of 'cpr', 'health'"),
        (["list", "--kind", "begin"], "'begin' is not one of 'message', 'start'"),
        (["list", "--sender", "dagklub"], "dagklub is no address"),
        (["list", "--about", "@lavuk.dk"], "@lavuk.dk is no address"),
        (["list", "--config", "missing.yaml"], "missing.yaml"),
        (["export", "var"], "cannot make the folder var"),
    ],
)
def test_what_is_wrong_is_one_clear_line_and_status_2(store: Store, words: list[str], says: str) -> None:
    got = run(*words)
    assert (got.exit_code, says in got.stderr) == (2, True), got.stderr
    assert "Traceback" not in got.stderr


def test_reading_a_store_that_is_not_there_does_not_make_one(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    got = run("list")
    assert (got.exit_code, "there is no audit store" in got.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_verify_holds_and_then_does_not(store: Store) -> None:
    got = run("verify")
    assert (got.exit_code, "Everything adds up." in got.output) == (0, True)
    with closing(sqlite3.connect("var/audit.db")) as connection, connection:
        connection.execute("UPDATE event SET line = replace(line, 'block', 'relay') WHERE seq = 1")
    got = run("verify")
    assert (got.exit_code, got.stderr.splitlines()[0].startswith("event 1 ")) == (1, True)


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"kind":"message","case_id":"PV-1","utc":"x","recipients":5}'])
def test_a_damaged_event_hides_no_other_and_can_be_acknowledged(store: Store, line: str) -> None:
    with closing(sqlite3.connect("var/audit.db")) as connection, connection:
        connection.execute("UPDATE event SET line = ? WHERE seq = 1", (line,))
    assert run("list").output.splitlines()[1] == "        1  (damaged: `audit verify` tells more)"
    assert [json.loads(row).get("case_id") for row in run("list", "--json").output.splitlines()] == ["PV-2", None]
    assert "damaged" in run("show", "PV-1").output
    assert "1 events, 1 more only as digests" in run("export", "out").output
    assert run("verify", "out").exit_code == 1
    page = run("report", "--month", "2020-11").output
    assert "1 hændelse kan ikke læses" in page
    refused = CliRunner().invoke(release, ["PV-1", "--by", "leder", "--why", "x"], catch_exceptions=False)
    assert (refused.exit_code, "is damaged" in refused.stderr) == (2, True)
    assert "acknowledged: event 1 " in run("reseal", "--why", "disken").output
    assert run("verify").exit_code == 0
    assert run("prune", "--days", "1").exit_code == 0
    assert (run("verify").exit_code, store.recent(kind="message")) == (0, [])


def test_a_store_of_a_newer_version_is_left_alone(store: Store) -> None:
    with closing(sqlite3.connect("var/audit.db")) as connection, connection:
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'schema'")
    for words in (["list"], ["verify"], ["prune"]):
        got = run(*words)
        assert (got.exit_code, "newer Postvagt" in got.stderr) == (2, True)


def test_checkpoint_is_kept_elsewhere_and_believed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text(run("checkpoint").output)
    assert run("verify", "--checkpoint", "kept.json").exit_code == 0


def test_export_and_prune_are_recorded_with_who(store: Store) -> None:
    assert "2 events" in run("export", "out", "--by", "revisor").output
    assert "2 events dropped" in run("prune", "--days", "1", "--by", "drift").output
    kinds = [(record.event.kind, record.event.details["by"]) for record in store.recent() if record.event]
    assert kinds[:2] == [("prune", "drift"), ("export", "revisor")]
    assert run("verify").exit_code == 0


def test_an_export_is_proved_with_the_stores_keys_or_with_given_ones_alone(
    store: Store, tmp_path: Path, monkeypatch
) -> None:
    run("export", "out", "--by", "revisor")
    assert run("verify", "out").output.startswith("events 1-2: 2 proved")
    key = str(store.keys / "audit-signing.pub")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    got = run("verify", str(tmp_path / "out"), "--key", key)
    assert (got.exit_code, "Everything adds up." in got.output) == (0, True)
    assert list(elsewhere.iterdir()) == []
    (tmp_path / "out" / "events.csv").write_text("")
    got = run("verify", str(tmp_path / "out"), "--key", key)
    assert (got.exit_code, "events.csv is not the file" in got.stderr) == (1, True)


def test_reseal_goes_on_after_an_accident_and_says_why(store: Store) -> None:
    with closing(sqlite3.connect("var/audit.db")) as connection, connection:
        connection.execute("DELETE FROM event WHERE seq = 2")
        connection.execute("DELETE FROM mark WHERE seq = 2")
    assert "audit reseal" in run("prune").stderr
    got = run("reseal", "--why", "gendannet fra sikkerhedskopi", "--by", "drift")
    assert (got.exit_code, "acknowledged: event 2 is missing" in got.output) == (0, True), got.output
    got = run("verify")
    assert (got.exit_code, "known and acknowledged: event 2 is missing" in got.output) == (0, True), got.output


def test_report_writes_the_month_as_a_page(store: Store, tmp_path: Path) -> None:
    got = run("report", "--month", "2020-11", "--html", "report.html", "--prove")
    page = (tmp_path / "report.html").read_text()
    assert (got.exit_code, "Postvagt i november 2020" in page, "Hele kæden er gennemgået" in page) == (0, True, True)
    assert "Postvagt i november 2020" in run("report", "--month", "2020-11").output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["report", "--month", "november"], "november is no month"),
        (["report", "--month", "2020-11", "--html", "no/such/folder.html"], "cannot write"),
        (["forward", "--once"], "the settings name no collector"),
    ],
)
def test_what_cannot_be_handed_out_is_one_clear_line(store: Store, words: list[str], says: str) -> None:
    got = run(*words)
    assert (got.exit_code, says in got.stderr) == (2, True), got.stderr


def test_release_says_until_when_on_a_danish_clock(store: Store, monkeypatch) -> None:
    monkeypatch.setattr("gateway.cli.release.now", lambda: datetime(2026, 10, 20, 22, 30, tzinfo=UTC))
    got = CliRunner().invoke(release, ["PV-1", "--by", "leder", "--why", "et ordrenummer", "--days", "7"])
    assert "once more, until 2026-10-27 23:30 Danish time" in got.output  # summer time ended on the way


def test_release_and_its_withdrawal(store: Store) -> None:
    by = ["--by", "leder", "--why", "et ordrenummer"]
    got = CliRunner().invoke(release, ["PV-1", *by])
    assert (got.exit_code, "dagklub@lavuk.dk may send the value of case PV-1 once more" in got.output) == (0, True)
    assert [record.event.kind for record in store.recent(case_id="PV-1")] == ["release", "message"]
    assert "taken back: PV-1/" in CliRunner().invoke(release, ["PV-1", "--revoke", *by]).output
    got = CliRunner().invoke(release, ["PV-1", "--revoke", *by])
    assert (got.exit_code, got.stderr) == (2, "postvagt: case PV-1 has no release that is still open\n")


def test_a_wrong_signing_key_is_named_and_nothing_is_written(store: Store, tmp_path: Path) -> None:
    (tmp_path / "var" / "audit-keys" / "audit-signing.pem").write_text("no key")
    before = len(store.recent())
    got = run("prune")
    assert (got.exit_code, "no private key" in got.stderr) == (2, True)
    assert len(store.recent()) == before

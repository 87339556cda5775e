"""The month adds up, says it in good Danish, and becomes a PDF."""

from __future__ import annotations

import html.parser
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway.audit import Event, Found, Recipient, Unread, open_store
from gateway.audit.keys import believed_keys
from gateway.audit.report import ListAge, Month, Names, chain_state, collect, month_of, proof_state
from gateway.audit.report_page import as_pdf, page
from gateway.audit.store import Store
from gateway.audit.verify import verify

MADE = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
NAMES = Names(
    lambda sender: {"dagklub@lavuk.dk": "borgervænget@kk.dk"}.get(sender, sender),
    {"andre": "alle andre", "kommune": "en kommune"},
    (ListAge("De 98 kommuner", date(2026, 5, 1), date(2026, 11, 1)), ListAge("Tunnelløsningen", date(2026, 11, 1),
                                                                              date(2027, 2, 1))),
    "LAVUK <Stjernen>",
)  # fmt: skip


def cpr(confidence: str) -> Found:
    return Found("cpr", "cpr", confidence, "text", 1, ("00",))


def message(day: int, verdict: str, hour: int = 12, **fields: object) -> Event:
    at = datetime(2026, 11, day, hour, tzinfo=UTC)
    words = {"sender": "dagklub@lavuk.dk", "role": "outbound", "mode": "enforce",
             "recipients": (Recipient("f…@example.org", "example.org", "andre"),)}  # fmt: skip
    return Event(f"PV-{day}-{hour}", at, verdict=verdict, **{**words, **fields})


EVENTS = [
    Event("october", datetime(2026, 10, 31, 22, 59, tzinfo=UTC), verdict="relay", sender="x@lavuk.dk"),
    Event("start", datetime(2026, 10, 31, 23, 30, tzinfo=UTC), kind="start"),
    message(2, "relay"),
    message(3, "block", findings=(cpr("certain"), Found("health", "health", "possible", "text", 1))),
    message(4, "block", findings=(Found("health", "health", "likely", "text", 1),), sender="leder@strodammen.dk"),
    message(10, "block", unreadable=(Unread("attachment:zip 1", "encrypted"),)),
    message(11, "block", role="inbound", sender="b…@example.org", findings=(cpr("certain"),)),
    message(12, "block", mode="monitor", findings=(cpr("certain"),)),
    message(13, "defer"),
    message(14, "refuse"),
    message(20, "relay", unreadable=(Unread("attachment:pdf 1", "damaged"),)),
    Event("PV-3-12", datetime(2026, 11, 21, 9, tzinfo=UTC), kind="release", sender="dagklub@lavuk.dk",
          details={"id": "PV-3-12/1", "by": "leder", "why": "det er et <ordrenummer>",
                   "until": "2026-12-05T09:00:00+00:00", "identities": ["00"]}),
    Event("december", datetime(2026, 11, 30, 23, 0, tzinfo=UTC), verdict="block", findings=(cpr("certain"),)),
]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(f"sqlite:///{tmp_path}/audit.db")
    opened.open()
    for event in EVENTS:
        opened.write([event])
    yield opened
    opened.close()


@pytest.fixture
def month(store: Store) -> Month:
    counted = collect(store.database, *month_of(2026, 11), NAMES)
    counted.chain = chain_state(store.database, believed_keys(store.keys))
    return counted


@pytest.mark.parametrize(
    ("year", "month", "begins", "ends"),
    [
        pytest.param(2026, 11, "2026-10-31T23:00", "2026-11-30T23:00", id="winter"),
        pytest.param(2026, 7, "2026-06-30T22:00", "2026-07-31T22:00", id="summer"),
        pytest.param(2026, 3, "2026-02-28T23:00", "2026-03-31T22:00", id="the clocks go forward"),
        pytest.param(2026, 12, "2026-11-30T23:00", "2026-12-31T23:00", id="the year ends"),
    ],
)
def test_a_month_is_a_month_on_a_danish_clock(year: int, month: int, begins: str, ends: str) -> None:
    assert [f"{each:%Y-%m-%dT%H:%M}" for each in month_of(year, month)] == [begins, ends]


def test_every_message_of_the_month_is_counted_once(month: Month) -> None:
    assert (month.messages, month.relayed, month.stopped, month.let_through, month.deferred, month.refused) == (
        9, 2, 4, 1, 1, 1
    )  # fmt: skip
    assert month.messages == sum(total for _, _, total in month.weeks)
    assert month.weeks == [(44, 0, 0), (45, 2, 3), (46, 3, 5), (47, 0, 1), (48, 0, 0), (49, 0, 0)]


def test_what_was_stopped_is_told_by_dagtilbud_category_class_and_reason(month: Month) -> None:
    assert month.by_dagtilbud == {"borgervænget@kk.dk": 3, "leder@strodammen.dk": 1, "udefra": 1}
    assert month.by_category == {"cpr": 3, "health": 1, "unreadable": 1}  # what was only possible beside cpr is not
    assert month.by_class == {"alle andre": 5}
    assert month.by_reason == {"encrypted": 1, "damaged": 1}
    assert [(release.case_id, release.by) for release in month.releases] == [("PV-3-12", "leder")]
    assert month.service["start"] == 1


class _Reader(html.parser.HTMLParser):
    """The page's text; complains about tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        assert not {"src", "href"} & {name for name, _ in attrs}, "nothing is fetched from anywhere"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_says_it_in_danish(month: Month) -> None:
    read = _Reader(page(month, NAMES, MADE))
    text = " ".join(" ".join(read.words).split())
    assert read.open == []
    for said in (
        "Postvagt i november 2026",
        "LAVUK <Stjernen> · lavet 01-12-2026 kl. 09:00",
        "Postvagt læste 9 mails. 4 mails blev stoppet (44,4 %).",
        "1 mail med personfølsomme oplysninger gik videre, fordi reglerne ikke blev håndhævet.",
        "uge 45: 2 af 3",
        "borgervænget@kk.dk 3",
        "CPR-nummer 3",
        "låst med adgangskode 1",
        "det er et <ordrenummer>",
        "De 98 kommuner 01-05-2026 ✗ skal ses efter nu",
        "✓ Seglet på den nyeste hændelse er ægte (nr. 13, 01-12-2026 00:00).",
    ):
        assert said in text


def test_a_month_without_mail_is_a_page_too(store: Store) -> None:
    empty = collect(store.database, *month_of(2025, 2), NAMES)
    text = page(empty, NAMES, MADE)
    assert "Der kom ingen mail gennem Postvagt i denne måned." in text
    assert _Reader(text).open == []


def test_a_broken_chain_is_said_in_the_report(store: Store, month: Month) -> None:
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE event SET line = replace(line, 'block', 'relay') WHERE seq = 4")
    month.chain = proof_state(verify(store.database, believed_keys(store.keys)))
    assert "Kæden er BRUDT" in page(month, NAMES, MADE)
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE event SET hash = x'00' WHERE seq = 13")
    assert chain_state(store.database, believed_keys(store.keys))[0][0] is False


@pytest.mark.peer("chromium")
def test_the_page_becomes_a_pdf(month: Month, tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    as_pdf(page(month, NAMES, MADE), target)
    assert target.read_bytes().startswith(b"%PDF-")
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", target, "-"], capture_output=True, text=True, check=True).stdout
        assert "Postvagt i november 2026" in text


def test_without_chromium_it_says_what_to_do(month: Month, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match="needs Chromium"):
        as_pdf("<p>", tmp_path / "report.pdf")


@pytest.mark.peer("chromium")
def test_a_phone_does_not_scroll_sideways(store: Store, tmp_path: Path) -> None:
    """At 360 points, with millions of mails and a case id as long as real ones."""
    month = collect(store.database, *month_of(2026, 11), NAMES)
    month.messages = month.relayed = 10_000_000
    month.releases.append(replace(month.releases[0], case_id="PV-TR86-AXN9-FHWV"))
    inner, outer = tmp_path / "report.html", tmp_path / "phone.html"
    inner.write_text(page(month, NAMES, MADE), "utf-8")
    tell = "document.title = this.contentDocument.documentElement.scrollWidth"
    outer.write_text(f'<iframe src="report.html" width="360" height="400" onload="{tell}"></iframe>', "utf-8")
    words = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
             f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", outer.as_uri()]  # fmt: skip
    dom = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r"<title>(\d+)</title>", dom)
    assert found
    assert int(found[1]) <= 360

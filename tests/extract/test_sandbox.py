"""The sandbox: the same reading as without it, and an end for whatever does not end."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.extract import Budget, read
from gateway.extract import worker as readers
from gateway.extract.sandbox import Limits, Sandbox
from gateway.mail.fragment import Reason
from gateway.mail.message import Message
from gateway.mail.place import Place, Step

NUMBER = "070761-4285"
NO_OCR = Budget(ocr=False)
SELF_DRAWING = (
    "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 6 0 R>>>>/Length 16>>"
    "stream\n/F Do /F Do /F Do\nendstream"
)


def children() -> set[int]:
    """Every process that descends from this one."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def test_it_reads_what_is_read_without_it(sandbox: Sandbox, attached: Any, make: Any) -> None:
    message = attached(
        make.zip({"a.docx": make.docx(f"<w:t>{NUMBER}</w:t>"), "b.txt": b"Hej", "c.bin": b"\x00\x01\x02" * 9})
    )
    assert sandbox.read_now(message, NO_OCR) == read(message, NO_OCR)


def test_it_is_awaited(sandbox: Sandbox, attached: Any, make: Any) -> None:
    message = attached(make.pdf(NUMBER))

    async def all_at_once() -> list[bool]:
        got = await asyncio.gather(*(sandbox.read(message, NO_OCR) for _ in range(12)))
        return [any(NUMBER in fragment.text for fragment in extraction.fragments) for extraction in got]

    assert all(asyncio.run(all_at_once()))


def test_a_message_without_risky_parts_starts_no_process(attached: Any) -> None:
    before = children()
    with Sandbox() as idle:
        assert idle.read_now(attached(NUMBER.encode()), NO_OCR).fragments
        assert children() == before


def test_what_takes_too_long_is_killed_and_said(attached: Any) -> None:
    slow = attached(b"{\\rtf1 " + b"\\'30" * 6_000_000)
    with Sandbox(Limits(seconds=0.4, readers=1)) as impatient:
        impatient.start()
        start = time.monotonic()
        assert [item.reason for item in impatient.read_now(slow, NO_OCR).unreadable] == [Reason.TIMED_OUT]
        assert time.monotonic() - start < 10
        quick = impatient.read_now(attached(b"{\\rtf1 070761-4285}"), NO_OCR)
        assert any(NUMBER in fragment.text for fragment in quick.fragments)


def test_a_slow_document_delays_no_other_message(attached: Any, make: Any) -> None:
    slow, quick = attached(b"{\\rtf1 " + b"\\'30" * 6_000_000), attached(make.pdf(NUMBER))
    ended: list[str] = []

    async def read_it(readers: Sandbox, name: str, message: Message) -> None:
        await readers.read(message, NO_OCR)
        ended.append(name)

    async def all_at_once() -> None:
        with Sandbox(Limits(seconds=4, readers=2)) as readers:
            readers.start()
            first = asyncio.create_task(read_it(readers, "slow", slow))
            await asyncio.sleep(0.1)
            await asyncio.gather(first, *(read_it(readers, "quick", quick) for _ in range(10)))

    asyncio.run(all_at_once())
    assert ended == ["quick"] * 10 + ["slow"]


def test_a_reader_that_dies_is_replaced_and_its_document_reported(sandbox: Sandbox, attached: Any, make: Any) -> None:
    """pdfium draws itself to death on a form that draws itself; the second reader takes over."""
    killer = (
        make.pdf("", SELF_DRAWING)
        .replace(b"/Annots[6 0 R]", b"")
        .replace(b"<</F1 5 0 R>>", b"<</F1 5 0 R>>/XObject<</F 6 0 R>>")
    )
    killer = killer.replace(b"<</Length 0>>stream\n\n", b"<</Length 5>>stream\n/F Do\n")
    got = sandbox.read_now(attached(killer), NO_OCR)
    assert got.unreadable or got.fragments
    after = sandbox.read_now(attached(make.pdf(NUMBER)), NO_OCR)
    assert any(NUMBER in fragment.text for fragment in after.fragments)


def test_a_document_that_swells_hits_its_own_limit(attached: Any, make: Any) -> None:
    with Sandbox(Limits(memory_bytes=200 * 1024 * 1024, readers=1)) as small:
        got = small.read_now(attached(make.zip({"a": b"\0" * 400_000_000})), NO_OCR)
        assert {item.reason for item in got.unreadable} <= {Reason.OVER_BUDGET, Reason.CRASHED}
        assert got.unreadable


def test_the_other_documents_of_a_message_are_read_though_one_kills(sandbox: Sandbox, make: Any) -> None:
    part = b"--x\r\nContent-Type: a/b; name=x\r\n\r\n"
    good = b"{\\rtf1 070761-4285}\r\n"
    message = Message(
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + part + b"%PDF-1.7\r\n" + part + good + b"--x--"
    )
    got = sandbox.read_now(message, NO_OCR)
    assert [str(fragment.place) for fragment in got.fragments if NUMBER in fragment.text] == ["attachment:rtf 2"]
    assert [str(item.place) for item in got.unreadable] == ["attachment:pdf 1"]


def test_no_process_is_left_behind(attached: Any, make: Any) -> None:
    before = children()
    with Sandbox() as brief:
        brief.read_now(attached(make.pdf(NUMBER)), NO_OCR)
        assert children() - before
    for _ in range(100):
        if not children() - before:
            break
        time.sleep(0.05)
    assert not children() - before


def test_readers_have_neither_network_nor_secrets(monkeypatch: pytest.MonkeyPatch, attached: Any, make: Any) -> None:
    monkeypatch.setenv("POSTVAGT_SECRET", "x")
    before = children()
    with Sandbox(Limits(readers=1)) as closed:
        closed.read_now(attached(make.pdf(NUMBER)), NO_OCR)
        assert not closed.has_network
        for pid in children() - before:
            try:
                environment = Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                continue  # not even we may look
            assert b"POSTVAGT_SECRET" not in environment


@pytest.mark.parametrize(
    "words",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"fragments": [[["x"], 1]], "unreadable": [], "risky": []}, id="a place that is none"),
        pytest.param({"fragments": [], "unreadable": [[[], "clean"]], "risky": []}, id="a reason that is none"),
        pytest.param({"fragments": [], "unreadable": [], "risky": [[[], "exe", 0, 0]]}, id="a format that is not read"),
    ],
)
def test_an_answer_that_is_none_is_not_believed(words: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        readers.answer_of(words, b"")


def test_places_survive_the_line() -> None:
    place = Place((Step("attachment", "xlsx", 2), Step("sheet", "", 3)))
    assert readers.place_of(readers.place_words(place)) == place


def test_a_nursery_that_dies_is_started_again(attached: Any, make: Any) -> None:
    message = attached(make.pdf(NUMBER))
    with Sandbox(Limits(readers=1)) as hurt:
        assert hurt.read_now(message, NO_OCR).fragments
        process = hurt._nursery._process
        assert process
        process.kill()
        process.wait()
        hurt.read_now(message, NO_OCR)  # its reader went with it: this one may be reported as not read
        assert any(NUMBER in fragment.text for fragment in hurt.read_now(message, NO_OCR).fragments)


def test_what_is_not_read_here_is_told_in_words() -> None:
    with Sandbox(Limits(readers=1)) as started:
        started.start()
        off = started.shortfalls(Budget(ocr=False))
        assert "pictures and scanned pages are not read: `ocr` is off" in off
        started._nursery.missing = ("ocr", "7z", "rar")
        lines = started.shortfalls(Budget())
        assert any("the extra `ocr`" in line for line in lines)
        assert any(line.endswith("7z, rar") for line in lines)

"""What is read once may be used again: only full readings, only for a while, only so many."""

from __future__ import annotations

from typing import Any

from gateway.extract import Budget
from gateway.extract.reuse import Reuse
from gateway.extract.sandbox import Limits, Sandbox
from gateway.extract.walk import Risky
from gateway.mail.fragment import Fragment
from gateway.mail.place import Place, Step, attachment

FIRST, SECOND = attachment("pdf", 1), attachment("pdf", 7)
PAGE = Step("page", "", 2)


def risky(place: Place, data: bytes = b"%PDF") -> Risky:
    return Risky(place, "pdf", data)


def test_the_same_bytes_give_the_same_texts_under_their_own_place() -> None:
    reuse = Reuse(b"k", 60)
    reuse.keep(risky(FIRST), [Fragment(FIRST.inside(PAGE), "x")], 0)
    assert reuse.recall(risky(SECOND), 59) == [Fragment(SECOND.inside(PAGE), "x")]


def test_other_bytes_another_format_or_a_later_hour_are_read_again() -> None:
    reuse = Reuse(b"k", 60)
    reuse.keep(risky(FIRST), [], 0)
    assert reuse.recall(risky(FIRST, b"%PDF-"), 1) is None
    assert reuse.recall(Risky(FIRST, "docx", b"%PDF"), 1) is None
    assert reuse.recall(risky(FIRST), 61) is None


def test_it_is_bounded() -> None:
    reuse = Reuse(b"k", 60)
    for number in range(1500):
        reuse.keep(risky(FIRST, b"%d" % number), [Fragment(FIRST, "x" * 100_000)], 0)
    assert reuse.recall(risky(FIRST, b"0"), 1) is None
    assert reuse.recall(risky(FIRST, b"1499"), 1)
    reuse.keep(risky(FIRST), [Fragment(FIRST, "x" * 5_000_000)], 0)
    assert reuse.recall(risky(FIRST), 1) is None


def test_it_says_nothing_of_what_it_holds() -> None:
    reuse = Reuse(b"k", 60)
    reuse.keep(risky(FIRST), [Fragment(FIRST, "070761-4285")], 0)
    assert "4285" not in repr(reuse)


def test_the_sandbox_reads_an_attachment_once_when_told_so(make: Any, attached: Any) -> None:
    message = attached(make.pdf("070761-4285"))
    with Sandbox(Limits(readers=1, reuse_seconds=60)) as remembering:
        first = remembering.read_now(message, Budget(ocr=False))
        remembering._nursery.stop()
        assert remembering.read_now(message, Budget(ocr=False)) == first

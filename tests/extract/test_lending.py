"""Who gets a reader when slow messages want all of them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gateway.extract import Budget
from gateway.extract.lending import Lending
from gateway.extract.nursery import Nursery
from gateway.extract.sandbox import Limits, Sandbox
from gateway.mail.message import Message

NUMBER = "070761-4285"
NO_OCR = Budget(ocr=False)


def lending(count: int) -> Lending:
    return Lending(Nursery(1 << 28), count, patience=1.0)


def test_all_but_the_last_are_lent_without_hurry() -> None:
    readers = lending(3)
    assert [readers.borrow().is_hurried for _ in range(3)] == [False, False, True]


def test_a_single_reader_is_never_hurried() -> None:
    readers = lending(1)
    assert not readers.borrow().is_hurried


def test_a_hurried_loan_is_kept_while_nobody_waits_and_given_up_when_somebody_does() -> None:
    readers = lending(2)
    slow, hurried = readers.borrow(), readers.borrow()
    assert readers.may_keep(slow)
    assert readers.may_keep(hurried)
    got = threading.Event()
    waiting = threading.Thread(target=lambda: (readers.borrow(), got.set()))
    waiting.start()
    while readers.may_keep(hurried):
        assert not got.is_set()
    readers.give_back(hurried)
    assert got.wait(20)
    waiting.join()


def test_a_hurried_loan_takes_the_place_that_a_slow_one_leaves() -> None:
    readers = lending(2)
    slow, hurried = readers.borrow(), readers.borrow()
    readers.give_back(slow)
    assert readers.may_keep(hurried)
    assert not hurried.is_hurried
    assert readers.borrow().is_hurried


def test_who_was_slow_waits_for_a_reader_that_is_not_hurried() -> None:
    readers = lending(2)
    slow = readers.borrow()
    got: list[bool] = []
    waiting = threading.Thread(target=lambda: got.append(readers.borrow(may_be_hurried=False).is_hurried))
    waiting.start()
    quick = readers.borrow()
    assert quick.is_hurried
    readers.give_back(quick)
    assert not got
    readers.give_back(slow)
    waiting.join(20)
    assert got == [False]


def test_more_slow_messages_than_readers_leave_one_for_the_small(
    attached: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three messages that take seconds, two readers, and small ones behind them: they wait for one slow one."""
    monkeypatch.setattr("gateway.extract.sandbox._PATIENCE", 0.05)
    slow, small = attached(b"{\\rtf1 " + b"\\'30" * 2_000_000 + b" 070761-4285}"), attached(make.pdf(NUMBER))
    ended: list[str] = []

    async def read_it(readers: Sandbox, name: str, message: Message) -> None:
        got = await readers.read(message, NO_OCR)
        assert got.unreadable or any(NUMBER in fragment.text for fragment in got.fragments)
        ended.append(name)

    async def all_at_once() -> None:
        with Sandbox(Limits(seconds=6, readers=2)) as readers:
            readers.start()
            hostile = [asyncio.create_task(read_it(readers, "slow", slow)) for _ in range(3)]
            await asyncio.sleep(0)
            await asyncio.gather(*hostile, *(read_it(readers, "small", small) for _ in range(10)))

    asyncio.run(all_at_once())
    assert ended[:11].count("small") == 10, "none waited for the second slow one"

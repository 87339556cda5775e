"""Messages inspected in one round: each has its own answer, and none suffers from another's fault."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import pytest

from gateway.extract import Budget, Walk
from gateway.inspect import Inspection, Inspector
from gateway.mail.address import Address
from gateway.mail.envelope import Client, Envelope
from gateway.mail.envelope import Path as MailPath
from gateway.mail.fragment import Extraction
from gateway.mail.message import Message
from gateway.policy.verdict import Action, Role
from gateway.reading import read_policy
from gateway.smtp.round import ROUND_BYTES, Round

ROOT = Path(__file__).resolve().parents[2]
ENVELOPE = Envelope(MailPath(Address(b"dagklub@lavuk.dk")), (MailPath(Address(b"a@example.org")),), Client("192.0.2.1"))
HARMLESS = b"Subject: Tur\r\n\r\nHusk regntoj.\r\n"
WITH_CPR = b"Subject: Barn\r\n\r\nCPR 070761-4285\r\n"
WITH_PDF = b"Content-Type: application/pdf\r\n\r\n%PDF-1.7\r\n"


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return Inspector(read_policy(ROOT / "policies" / "lavuk"), Budget())


def today() -> date:
    return date(2026, 11, 26)


async def answered(the_round: Round, *contents: bytes) -> list[object]:
    """What each message of one round comes to."""
    places = [the_round.join(Message(content), ENVELOPE, Role.OUTBOUND) for content in contents]
    return await asyncio.gather(*places, return_exceptions=True)


def test_each_message_has_its_own_answer(inspector: Inspector) -> None:
    first, second, risky, last = asyncio.run(
        answered(Round(inspector, today, lambda: 1), HARMLESS, WITH_CPR, WITH_PDF, HARMLESS)
    )
    assert isinstance(first, Inspection)
    assert isinstance(second, Inspection)
    assert isinstance(last, Inspection)
    assert [each.verdict.action for each in (first, second, last)] == [Action.RELAY, Action.BLOCK, Action.RELAY]
    assert [finding.category for finding in second.findings] == ["cpr"]
    assert isinstance(risky, Walk), "its attachment is for the sandbox"
    assert [part.format for part in risky.risky] == ["pdf"]


def test_a_fault_is_told_to_the_message_that_has_it(inspector: Inspector, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Inspector.search

    def search(self: Inspector, extraction: Extraction, day: date) -> object:
        if any("regntoj" in fragment.text for fragment in extraction.fragments):
            raise RuntimeError("a fault of ours")
        return whole(self, extraction, day)

    monkeypatch.setattr(Inspector, "search", search)
    fault, well = asyncio.run(answered(Round(inspector, today, lambda: 1), HARMLESS, WITH_CPR))
    assert isinstance(fault, RuntimeError)
    assert isinstance(well, Inspection)
    assert well.verdict.action is Action.BLOCK


def test_a_message_nobody_waits_for_any_more_is_left_out(inspector: Inspector) -> None:
    async def story() -> list[object]:
        the_round = Round(inspector, today, lambda: 1)
        gone = the_round.join(Message(HARMLESS), ENVELOPE, Role.OUTBOUND)
        gone.cancel()
        return await answered(the_round, WITH_CPR)

    (answer,) = asyncio.run(story())
    assert isinstance(answer, Inspection)


def test_rounds_follow_each_other(inspector: Inspector) -> None:
    async def story() -> list[object]:
        the_round = Round(inspector, today, lambda: 1)
        return [*await answered(the_round, HARMLESS), *await answered(the_round, WITH_CPR)]

    answers = asyncio.run(story())
    assert [each.verdict.action for each in answers if isinstance(each, Inspection)] == [Action.RELAY, Action.BLOCK]


def test_a_round_waits_for_those_on_their_way(inspector: Inspector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.smtp.round.GATHER_SECONDS", 600.0)

    async def story() -> list[bool]:
        the_round = Round(inspector, today, lambda: 2)
        first = the_round.join(Message(HARMLESS), ENVELOPE, Role.OUTBOUND)
        for _ in range(3):
            await asyncio.sleep(0)
        waited = not first.done()
        second = the_round.join(Message(HARMLESS), ENVELOPE, Role.OUTBOUND)
        await asyncio.wait_for(asyncio.gather(first, second), 60)
        return [waited, first.done(), second.done()]

    assert asyncio.run(story()) == [True, True, True]


def test_a_round_does_not_wait_long(inspector: Inspector) -> None:
    async def story() -> object:
        the_round = Round(inspector, today, lambda: 2)
        return await asyncio.wait_for(the_round.join(Message(WITH_CPR), ENVELOPE, Role.OUTBOUND), 60)

    assert isinstance(asyncio.run(story()), Inspection)


def test_a_round_of_large_messages_leaves_others_their_turn(inspector: Inspector) -> None:
    async def story() -> list[int]:
        the_round = Round(inspector, today, lambda: 1)
        large = HARMLESS + b"x" * (ROUND_BYTES // 2)
        places = [the_round.join(Message(large), ENVELOPE, Role.OUTBOUND) for _ in range(5)]
        done = []
        while not all(place.done() for place in places):
            await asyncio.sleep(0)
            done.append(sum(place.done() for place in places))
        assert all(isinstance(place.result(), Inspection) for place in places)
        return sorted(set(done))

    assert asyncio.run(story()) == [1, 2, 3, 4, 5]

"""Bytes in flight: who must wait, who never waits, and that the count comes out even."""

from __future__ import annotations

import asyncio

from gateway.smtp.flight import SMALL, Flight


def test_a_large_message_waits_while_there_is_too_much_and_a_small_one_never() -> None:
    async def story() -> None:
        flight = Flight(1_000_000)
        oldest, large, small = flight.board(), flight.board(), flight.board()
        assert not oldest.grown_to(2_000_000), "the oldest is always read on"
        assert large.grown_to(SMALL + 1)
        assert not small.grown_to(SMALL), "a few who hold much do not stop the rest"
        waiting = asyncio.create_task(large.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        oldest.leave()
        await waiting
        large.leave()
        small.leave()
        assert flight.used == 0

    asyncio.run(story())

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


def test_an_address_over_its_share_waits_and_others_do_not() -> None:
    async def story() -> None:
        flight = Flight(1_000_000, share=300_000)
        first, second, other = flight.board("192.0.2.1"), flight.board("192.0.2.1"), flight.board("192.0.2.2")
        assert not first.grown_to(400_000), "the oldest of an address is read on"
        assert second.grown_to(SMALL + 1)
        assert not other.grown_to(250_000), "what one holds is not held against another"
        waiting = asyncio.create_task(second.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        first.leave()
        await waiting
        second.leave()
        other.leave()
        assert flight.used == 0

    asyncio.run(story())


def test_the_oldest_of_all_is_read_on_though_everybody_is_over_every_limit() -> None:
    """Else all would wait for each other."""

    async def story() -> None:
        flight = Flight(100_000, share=80_000)
        loads = [flight.board(f"192.0.2.{number % 3}") for number in range(9)]
        for load in loads:
            load.grown_to(90_000)
        while loads:
            moving = [load for load in loads if not flight.must_wait(load)]
            assert moving == [loads[0]]
            loads.pop(0).leave()

    asyncio.run(story())

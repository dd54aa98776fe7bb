"""Guesses wait for each other, and more so the more that fail."""

import asyncio

import pytest

from boxwood.lib import password_queue
from boxwood.lib.password_queue import Full, Queue


async def fail(queue: Queue, about: str = "ada") -> None:
    with pytest.raises(ValueError):
        async with queue.turn(about):
            raise ValueError


def test_after_some_failures_each_guess_waits_and_a_right_one_ends_it() -> None:
    async def guess() -> None:
        queue = Queue(free=2, pause=0.1)
        loop = asyncio.get_running_loop()

        async def seconds() -> float:
            began = loop.time()
            async with queue.turn("ada"):
                return loop.time() - began

        await fail(queue)
        assert await seconds() < 0.1
        await fail(queue)
        await fail(queue)
        assert await seconds() >= 0.1
        assert await seconds() < 0.1

    asyncio.run(guess())


def test_one_queue_is_not_held_up_by_another_and_is_of_bounded_length() -> None:
    async def guess() -> None:
        queue = Queue(free=0, pause=30)
        waiting = [asyncio.create_task(fail(queue)) for _ in range(password_queue.MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Full):
            async with queue.turn("ada"):
                pass
        other = asyncio.create_task(fail(queue, "bo"))
        await asyncio.sleep(0)
        assert not other.done()
        for task in (*waiting, other):
            task.cancel()
        await asyncio.gather(*waiting, other, return_exceptions=True)

    asyncio.run(guess())


def test_queues_that_nobody_waits_in_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_queue, "MOST_QUEUES", 10)

    async def guess() -> None:
        queue = Queue()
        for number in range(50):
            await fail(queue, str(number))
        assert len(queue._turns) == 10

    asyncio.run(guess())

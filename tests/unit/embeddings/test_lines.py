"""The line before a thread: turns by rank, and none is lost."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from sutazai.adapters.minilm.lines import Line, Rank


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line("test")
    yield line
    line.close()


class Occupied:
    """A step that holds the thread until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self._go = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self._go.wait(10)

    def finish(self) -> None:
        """Let the thread go on."""
        self._go.set()


async def occupy(line: Line) -> tuple[Occupied, asyncio.Task[None]]:
    """Take the thread."""
    occupied = Occupied()
    task = asyncio.create_task(line.run((0, -1), occupied))
    assert await asyncio.to_thread(occupied.begun.wait, 10)
    return occupied, task


async def arrive(line: Line, rank: Rank, done: list[Rank]) -> asyncio.Task[None]:
    """Stand in the line."""
    task = asyncio.create_task(line.run(rank, done.append, rank))
    await asyncio.sleep(0)
    return task


async def test_turns_go_by_rank(line: Line) -> None:
    occupied, first = await occupy(line)
    done: list[Rank] = []
    ranks = [(1, 1), (1, 2), (0, 4), (1, 0), (0, 3)]
    tasks = [await arrive(line, rank, done) for rank in ranks]
    occupied.finish()
    await asyncio.gather(first, *tasks)
    assert done == sorted(ranks)


async def test_who_has_more_to_do_keeps_the_place(line: Line) -> None:
    done: list[Rank] = []

    async def several(rank: Rank) -> None:
        for _ in range(3):
            await line.run(rank, done.append, rank)

    occupied, first = await occupy(line)
    tasks = [asyncio.create_task(several((1, n))) for n in range(2)]
    await asyncio.sleep(0)
    occupied.finish()
    await asyncio.gather(first, *tasks)
    assert done == [(1, 0)] * 3 + [(1, 1)] * 3


async def test_who_leaves_the_line_is_passed_over(line: Line) -> None:
    occupied, first = await occupy(line)
    done: list[Rank] = []
    leaver = await arrive(line, (0, 0), done)
    stayer = await arrive(line, (1, 1), done)
    leaver.cancel()
    occupied.finish()
    await asyncio.gather(first, stayer)
    assert done == [(1, 1)]


async def test_a_turn_given_to_who_leaves_is_handed_on(line: Line) -> None:
    occupied, first = await occupy(line)
    done: list[Rank] = []
    leaver = await arrive(line, (0, 0), done)
    stayer = await arrive(line, (1, 1), done)
    occupied.finish()
    await first
    # By now the turn was given; its taker is cancelled before it runs.
    leaver.cancel()
    await stayer
    assert done == [(1, 1)]
    assert leaver.cancelled()


async def test_an_error_is_told_and_the_line_goes_on(line: Line) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await line.run((1, 0), int, "no number")
    assert await line.run((1, 1), int, "7") == 7


async def test_what_is_short_is_done_on_the_loops_own_thread(line: Line) -> None:
    assert await line.run_here((0, 0), threading.get_ident) == threading.get_ident()
    assert await line.run((0, 0), threading.get_ident) != threading.get_ident()


async def test_what_is_short_waits_for_its_turn_too(line: Line) -> None:
    occupied, first = await occupy(line)
    done: list[Rank] = []
    longer = await arrive(line, (0, 0), done)
    short = asyncio.create_task(line.run_here((0, 1), done.append, (0, 1)))
    await asyncio.sleep(0)
    assert not done
    occupied.finish()
    await asyncio.gather(first, longer, short)
    assert done == [(0, 0), (0, 1)]


async def test_what_is_short_is_not_done_beside_a_step_that_was_broken_off(line: Line) -> None:
    occupied, first = await occupy(line)
    first.cancel()
    await asyncio.wait({first})
    short = asyncio.create_task(line.run_here((0, 0), threading.get_ident))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not short.done()
    occupied.finish()
    assert await short != threading.get_ident()


async def test_nor_beside_one_whose_follower_left_as_well(line: Line) -> None:
    occupied, first = await occupy(line)
    first.cancel()
    await asyncio.wait({first})
    follower = asyncio.create_task(line.run((0, 0), threading.get_ident))
    for _ in range(5):
        await asyncio.sleep(0)
    follower.cancel()
    await asyncio.wait({follower})
    short = asyncio.create_task(line.run_here((0, 1), threading.get_ident))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not short.done()
    occupied.finish()
    assert await short != threading.get_ident()

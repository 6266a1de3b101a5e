"""Writes that wait at the same time go together; each caller gets its own result or error."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from sutazai.records.merging import LANES, MOST, Merging
from sutazai_contracts.errors import DatabaseUnavailable, InvalidInput, NotFound, SutazaiError


@dataclass
class Writing:
    """A record that is held up until it is let go on, and refuses what is negative."""

    batches: list[list[int]] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    away: bool = False
    idle: int = 0

    def count_idle(self) -> None:
        self.idle += 1

    async def write(self, items: Sequence[int]) -> list[int | SutazaiError]:
        self.batches.append(list(items))
        await self.go_on.wait()
        if self.away:
            raise DatabaseUnavailable
        if any(item < 0 for item in items):
            raise InvalidInput("it is negative")
        if 666 in items:
            raise RuntimeError("a bug")
        return [NotFound("there is no such thing") if item == 404 else -item for item in items]


def opened() -> tuple[Writing, Merging[int, int]]:
    writing = Writing()
    return writing, Merging(writing.write, on_idle=writing.count_idle)


async def begun(writing: Writing, batches: int) -> None:
    while len(writing.batches) < batches:  # noqa: ASYNC110  (a turn of the loop is enough)
        await asyncio.sleep(0)


async def test_a_lone_write_is_not_held_up() -> None:
    writing, merging = opened()
    writing.go_on.set()
    assert await merging.do(1) == -1
    assert await merging.do(2) == -2
    assert writing.batches == [[1], [2]]


async def test_what_comes_while_writes_are_under_way_goes_together_in_order() -> None:
    writing, merging = opened()
    first = [asyncio.create_task(merging.do(n)) for n in range(LANES)]
    await begun(writing, 1)
    later = [asyncio.create_task(merging.do(n)) for n in range(10, 10 + MOST + 3)]
    for _ in later:
        await asyncio.sleep(0)
    writing.go_on.set()
    assert await asyncio.gather(*first, *later) == [
        -n for n in (*range(LANES), *range(10, 10 + MOST + 3))
    ]
    assert max(map(len, writing.batches)) == MOST
    written = [n for batch in writing.batches for n in batch]
    assert written == sorted(written)


async def test_one_that_is_refused_harms_no_other() -> None:
    writing, merging = opened()
    asked = [asyncio.create_task(merging.do(n)) for n in (1, 2, -3, 404, 5)]
    writing.go_on.set()
    given = await asyncio.gather(*asked, return_exceptions=True)
    assert [n for n in given if isinstance(n, int)] == [-1, -2, -5]
    assert isinstance(given[2], InvalidInput)
    assert isinstance(given[3], NotFound)


async def test_a_database_that_is_away_is_not_asked_again() -> None:
    writing, merging = opened()
    writing.away = True
    asked = [asyncio.create_task(merging.do(n)) for n in range(5)]
    writing.go_on.set()
    given = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(error) for error in given} == {DatabaseUnavailable}
    assert sorted(n for batch in writing.batches for n in batch) == list(range(5))


async def test_a_bug_reaches_its_callers_and_leaves_no_one_waiting() -> None:
    writing, merging = opened()
    asked = [asyncio.create_task(merging.do(n)) for n in (666, 1, 2)]
    await begun(writing, 1)
    late = [asyncio.create_task(merging.do(n)) for n in (7, 8)]
    writing.go_on.set()
    given = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(error) for error in given} == {RuntimeError}
    assert await asyncio.gather(*late) == [-7, -8]


async def test_what_a_caller_gave_up_before_it_began_is_not_written() -> None:
    writing, merging = opened()
    first = [asyncio.create_task(merging.do(n)) for n in range(LANES)]
    await begun(writing, 1)
    given_up, kept = (asyncio.create_task(merging.do(n)) for n in (98, 99))
    await asyncio.sleep(0)
    given_up.cancel()
    writing.go_on.set()
    assert await kept == -99
    await asyncio.gather(*first)
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert 98 not in [n for batch in writing.batches for n in batch]


async def test_it_says_when_nothing_is_left() -> None:
    writing, merging = opened()
    writing.go_on.set()
    await asyncio.gather(*(merging.do(n) for n in range(5)))
    while not writing.idle:  # noqa: ASYNC110  (as above)
        await asyncio.sleep(0)
    assert writing.idle == 1

"""The rule by which frames become text, against a slow and plain one; and the twin's memory."""

import asyncio
import gc
import tracemalloc
from contextlib import aclosing
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai_contracts.frames import Frame
from sutazai_kit.live.memory import MemoryLive
from sutazai_kit.live.port import LiveText

TASK, RUN = uuid4(), uuid4()
WORDS = "The turtle 🐢 swam through the Ärmelkanal, slowly. "


def frame(attempt: int, offset: int, text: str, *, task: UUID = TASK, last: bool = False) -> Frame:
    return Frame(
        task=task, run=RUN, step="write", attempt=attempt, offset=offset, text=text, last=last
    )


def word(attempt: int, start: int, length: int) -> str:
    """Give a part of the one text that an attempt says."""
    return "".join(WORDS[(attempt * 7 + at) % len(WORDS)] for at in range(start, start + length))


PIECES = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 40), st.integers(0, 15)), max_size=30)


@given(pieces=PIECES, cap=st.integers(1, 50))
def test_whatever_comes_in_whatever_order_the_text_is_a_true_part(
    pieces: list[tuple[int, int, int]], cap: int
) -> None:
    text, newest = LiveText(cap), 0
    for attempt, offset, length in pieces:
        before = (text.attempt, text.end)
        brought = text.take(frame(attempt, offset, word(attempt, offset, length)))
        newest = max(newest, attempt)
        assert text.attempt == newest
        assert len(text.text) <= cap
        assert text.text == word(newest, text.start, len(text.text))
        assert brought == ((text.attempt, text.end) != before)
        for at in range(text.end + 1):
            begin, piece = text.since(at)
            assert begin == max(at, text.start)
            assert piece == word(newest, begin, text.end - begin)


@given(cuts=st.lists(st.integers(1, 10), max_size=40), cap=st.integers(1, 60))
def test_pieces_that_follow_one_another_lose_nothing_but_what_the_cap_drops(
    cuts: list[int], cap: int
) -> None:
    text, at = LiveText(cap), 0
    for length in cuts:
        text.take(frame(1, at, word(1, at, length)))
        at += length
    assert text.end == at
    assert text.start == max(0, at - cap)


def test_a_revision_begins_anew_and_only_upwards() -> None:
    text = LiveText()
    first = frame(2, 0, "said first")
    assert text.take(first)
    assert text.take(first.model_copy(update={"revision": 1, "text": ""}))
    assert (text.version, text.text, text.end) == ((2, 1), "", 0)
    assert not text.take(first)
    assert text.take(first.model_copy(update={"revision": 1, "text": "holds"}))
    assert text.take(frame(3, 0, "again"))
    assert (text.version, text.text) == ((3, 0), "again")


def test_nothing_is_added_after_the_end() -> None:
    text = LiveText()
    assert text.take(frame(1, 0, "all"))
    assert text.take(frame(1, 3, "", last=True))
    assert not text.take(frame(1, 3, " more"))
    assert not text.take(frame(1, 3, "", last=True))
    assert (text.text, text.ended) == ("all", True)
    assert text.take(frame(2, 0, "again"))
    assert (text.text, text.ended) == ("again", False)


@pytest.mark.untraced
async def test_memory_stays_flat_however_much_is_said() -> None:
    live = MemoryLive(cap=1000, max_tasks=10)
    held: list[int] = []
    async with aclosing(live.watch(RUN)) as batches:
        tracemalloc.start()
        try:
            await anext(batches)
            for pieces in (2000, 20_000):
                await _talk(live, pieces)
                gc.collect()
                held.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        assert len(await anext(batches)) == 10
    assert live.tasks == 10
    # 18 000 frames kept would be more than a megabyte; a tracer of coverage takes some itself.
    assert held[1] - held[0] < 100_000, held
    await live.aclose()


async def _talk(live: MemoryLive, pieces: int) -> None:
    """Let a new task speak every 100 pieces, while a watcher of the run takes nothing."""
    task, offset = uuid4(), 0
    for number in range(pieces):
        if number % 100 == 0:
            task, offset = uuid4(), 0
        live.publish(frame(1, offset, WORDS, task=task))
        offset += len(WORDS)
    await asyncio.sleep(0)


async def test_a_watcher_that_leaves_is_forgotten() -> None:
    live = MemoryLive()
    async with aclosing(live.watch(RUN)) as batches:
        await anext(batches)
        assert live.watchers == 1
    assert live.watchers == 0


async def test_a_watcher_that_was_cancelled_is_forgotten() -> None:
    live = MemoryLive()

    async def watch() -> None:
        async for _ in live.watch(RUN):
            pass

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    assert live.watchers == 1
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert live.watchers == 0

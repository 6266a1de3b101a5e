"""Live text in a run's stream: in its place among the events, whole, through deaths and breaks."""

import asyncio
from random import Random
from uuid import UUID

import httpx2
import pytest

from sutazai_contracts.frames import Frame
from tests.integration.live.reading import Reader
from tests.integration.live.stage import DEADLINE_S, Stage, pieces_of, watch


async def read(stage: Stage, run: UUID, reader: Reader | None = None) -> Reader:
    """Watch a run to its end, over one connection."""
    reader = reader or Reader()
    async with asyncio.timeout(DEADLINE_S), stage.client() as client:
        async for seen in watch(client, run, reader.last):
            reader.see(seen)
    return reader


@pytest.mark.requirement("D6", part="the text streamed by SSE is the output")
async def test_the_text_joined_is_the_output(stage: Stage) -> None:
    run = await stage.start()
    reading = asyncio.create_task(read(stage, run))
    async with stage.runner():
        reader = await reading
    assert reader.over
    assert reader.text == await stage.output(run)
    assert 1 < reader.pieces < 60, "it comes as it is said, and small pieces together"
    assert reader.resets == []


async def test_who_comes_after_the_end_gets_the_events_alone(stage: Stage) -> None:
    run = await stage.start(pieces=4)
    async with stage.runner():
        await read(stage, run)
    late = await read(stage, run)
    assert late.over
    assert late.events[-1].kind == "run.succeeded"


async def test_who_comes_late_gets_the_text_so_far_in_one_piece(stage: Stage) -> None:
    stage.held = {1}
    run = await stage.start(seed=3)
    half = "".join(pieces_of(3, 1, 60)[:30])
    async with stage.runner():
        async with asyncio.timeout(DEADLINE_S):
            await stage.halfway.wait()
        late = await _read_until(stage, run, Reader(), len(half))
        # The last words of the half may come in a piece of their own.
        assert late.text == half
        assert late.pieces <= 2
        assert late.events[-1].kind == "step.started"
        again = Reader(events=late.events, begun=late.begun)
        resumed = await _read_until(stage, run, again, len(half))
        assert (resumed.text, resumed.pieces) == (half, 1)
        stage.go_on.set()
        await read(stage, run, resumed)
    assert resumed.over
    assert resumed.text == await stage.output(run)


async def _read_until(stage: Stage, run: UUID, reader: Reader, length: int) -> Reader:
    """Watch a run until its text is so long, then leave."""
    async with asyncio.timeout(DEADLINE_S), stage.client() as client:
        async for seen in watch(client, run, reader.last):
            reader.see(seen)
            if len(reader.text) >= length:
                return reader
    raise AssertionError("the stream ended")


async def test_an_attempt_that_breaks_off_is_reset(stage: Stage) -> None:
    stage.breaking = {0: {1, 2}}
    run = await stage.start()
    reading = asyncio.create_task(read(stage, run))
    async with stage.runner():
        reader = await reading
    assert reader.resets == [2, 3]
    assert reader.text == await stage.output(run) == "".join(pieces_of(0, 3, 60))


class Killed(Exception):
    """A worker dies."""


async def _kill_once(stage: Stage, heard: asyncio.Event) -> None:
    """Run a worker that dies halfway, once its text was heard."""
    async with stage.runner("first"), asyncio.timeout(DEADLINE_S):
        await stage.halfway.wait()
        await heard.wait()
        raise Killed


async def test_a_killed_worker_leaves_its_text_and_the_heir_begins_anew(stage: Stage) -> None:
    stage.held = {1}
    run = await stage.start()
    reader = Reader()
    reading = asyncio.create_task(read(stage, run, reader))
    with pytest.raises(Killed):
        await _kill_once(stage, reader.heard)
    assert reader.attempt == 1
    assert await stage.take_back() == 1
    async with stage.runner("second"):
        await stage.claimed(run, 2)
        [step] = (await stage.view(run)).steps
        assert step.task is not None
        zombie = Frame(
            task=step.task, run=run, step="say", attempt=1, offset=0, text="a zombie speaks"
        )
        for _ in range(20):
            stage.live.publish(zombie)
            await asyncio.sleep(0.001)
        await reading
    assert reader.resets == [2]
    assert reader.text == await stage.output(run) == "".join(pieces_of(0, 2, 60))
    assert [event.kind for event in reader.events].count("step.failed") == 1


@pytest.mark.parametrize("final", ["It reads otherwise.", "", None])
async def test_an_output_that_reads_otherwise_is_what_watchers_have_when_it_succeeds(
    stage: Stage, final: str | None
) -> None:
    said = "".join(pieces_of(0, 1, 60))
    stage.revised[0] = said + "And more." if final is None else final
    run = await stage.start()
    reading = asyncio.create_task(read(stage, run))
    async with stage.runner():
        reader = await reading
    assert reader.text == await stage.output(run) == stage.revised[0]
    assert reader.resets == ([] if final is None else [1])


async def test_a_cancelled_run_ends_its_stream_amid_the_text(stage: Stage) -> None:
    stage.held = {1}
    run = await stage.start()
    reader = Reader()
    reading = asyncio.create_task(read(stage, run, reader))
    async with stage.runner():
        async with asyncio.timeout(DEADLINE_S):
            await stage.halfway.wait()
        await stage.services.runs.cancel(stage.tenant, run)
        await reading
    assert reader.events[-1].kind == "run.cancelled"


async def test_however_often_watchers_break_off_they_miss_and_double_nothing(stage: Stage) -> None:
    random = Random(20)
    seeds = range(6)
    for seed in seeds:
        stage.breaking[seed] = {attempt for attempt in (1, 2) if random.random() < 0.5}
        if seed % 2:
            stage.revised[seed] = f"The output {seed} reads otherwise."
    runs = {seed: await stage.start(seed) for seed in seeds}
    readers = [(seed, Reader()) for seed in seeds for _ in range(3)]
    reading = [
        _read_brokenly(stage, runs[seed], reader, Random(f"{seed} {number}"))
        for number, (seed, reader) in enumerate(readers)
    ]
    async with stage.runner():
        await asyncio.gather(*reading)
    for seed, run in runs.items():
        said = await stage.output(run)
        group = [reader for whose, reader in readers if whose == seed]
        kinds = {tuple(event.kind for event in reader.events) for reader in group}
        assert len(kinds) == 1, "all saw the same events"
        assert [reader.text == said for reader in group] == [True] * 3
        assert all(reader.over for reader in group)


async def _read_brokenly(stage: Stage, run: UUID, reader: Reader, random: Random) -> None:
    """Watch a run to its end, over connections that break off after a few events each."""
    async with asyncio.timeout(DEADLINE_S):
        while not reader.over:
            left = random.randint(1, 12)
            async with stage.client() as client:
                await _some(client, run, reader, left)
            await asyncio.sleep(random.random() * 0.01)


async def _some(client: httpx2.AsyncClient, run: UUID, reader: Reader, count: int) -> None:
    async for seen in watch(client, run, reader.last):
        reader.see(seen)
        count -= 1
        if count == 0:
            return

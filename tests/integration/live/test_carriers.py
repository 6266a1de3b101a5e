"""What carries live text may be away, slow or hang: events go on, and the text when it can."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest

from sutazai.core.runs import feed as feed_module
from sutazai_contracts.errors import Unavailable
from sutazai_contracts.frames import Frame
from sutazai_kit.live.memory import MemoryLive
from tests.integration.live.reading import Reader
from tests.integration.live.stage import DEADLINE_S, Stage, until, watch


class Away(MemoryLive):
    """It does not answer the first few times it is asked."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def watch(self, run: UUID) -> AsyncGenerator[list[Frame], None]:
        self.times -= 1
        if self.times >= 0:
            raise Unavailable("the stream is away")
        async for batch in super().watch(run):
            yield batch


class Slow(MemoryLive):
    """What is said comes late."""

    async def watch(self, run: UUID) -> AsyncGenerator[list[Frame], None]:
        async for batch in super().watch(run):
            yield batch
            await asyncio.sleep(0.1)


class Hanging(MemoryLive):
    """It never says anything, not even that there is nothing."""

    async def watch(self, run: UUID) -> AsyncGenerator[list[Frame], None]:
        await asyncio.Event().wait()
        yield []


async def read(stage: Stage, live: MemoryLive) -> tuple[Reader, str]:
    """Watch a run whose words go by this carrier; give what was seen, and the output."""
    stage.live = stage.services.feed.live = live
    run = await stage.start()
    reader = Reader()

    async def reading() -> None:
        async with stage.client() as client:
            async for seen in watch(client, run):
                reader.see(seen)

    watching = asyncio.create_task(reading())
    async with stage.runner(), asyncio.timeout(DEADLINE_S):
        await watching
    assert reader.over
    return reader, await stage.output(run)


async def test_text_comes_once_its_carrier_is_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "AGAIN_S", 0.01)
    reader, said = await read(stage, Away(3))
    assert reader.text == said


async def test_events_go_on_where_the_carrier_stays_away(stage: Stage) -> None:
    reader, _ = await read(stage, Away(1_000_000))
    assert reader.text == ""


async def test_events_go_on_where_the_carrier_hangs(stage: Stage) -> None:
    reader, _ = await read(stage, Hanging())
    assert reader.text == ""


async def test_a_success_waits_a_moment_for_the_last_of_its_text(stage: Stage) -> None:
    reader, said = await read(stage, Slow())
    assert reader.text == said


async def test_a_success_does_not_wait_long_for_an_end_that_never_comes(stage: Stage) -> None:
    class Endless(MemoryLive):
        async def close(self, task: UUID, attempt: int) -> None:
            raise Unavailable("the stream is away")

    reader, said = await read(stage, Endless())
    assert reader.text == said


async def test_events_written_elsewhere_are_found(stage: Stage) -> None:
    run = await stage.start()
    reader = Reader()
    async with asyncio.timeout(DEADLINE_S), stage.client() as client:
        async for seen in watch(client, run):
            reader.see(seen)
            if len(reader.events) == 1:
                # Straight into the record, as another process would: nobody is told.
                await stage.services.runs.records.cancel(stage.tenant, run, "elsewhere")
    assert reader.events[-1].kind == "run.cancelled"


async def test_a_run_with_many_steps_that_speak_is_bounded(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MAX_TEXTS", 3)
    run = await stage.start()
    watching = asyncio.create_task(_watch_for_ever(stage, run))
    await until(lambda: stage.live.watchers, "it is listened to")
    for _ in range(10):
        frame = Frame(task=uuid4(), run=run, step="x", attempt=1, offset=0, text="a")
        stage.live.publish(frame)
    [watched] = stage.services.feed._watched.values()
    await until(lambda: watched.texts, "it was heard")
    assert len(watched.texts) == 3
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def _watch_for_ever(stage: Stage, run: UUID) -> None:
    async for _ in await stage.services.runs.watch(stage.tenant, run):
        pass

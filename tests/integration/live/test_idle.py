"""Five hundred people who watch runs where nothing happens: what they cost."""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from sutazai.core.runs.live import Told
from sutazai.records.database import open_database
from sutazai_contracts.events import Event
from tests.integration.api.counting import Statement, count, note_statements
from tests.integration.live.stage import DEADLINE_S, Stage, open_stage
from tests.support.database import TestDatabase

pytestmark = pytest.mark.untraced

MANY = 500
WATCH_S = 2.0


@pytest.fixture
async def counted(
    database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Stage, list[Statement]]]:
    """Open a stage whose statements are noted."""
    sent: list[Statement] = []
    note_statements(monkeypatch, sent)
    async with open_database(database.urls, pool_size=4) as noted:
        seen = TestDatabase(urls=database.urls, admin=database.admin, open=noted)
        async with open_stage(seen, tmp_path) as stage:
            yield stage, sent


class Watching:
    """Watchers of runs, each of whom counts what it is told; beats are left out."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.told: list[int] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def add(self, run: UUID) -> None:
        """Add a watcher, as the route does, with a beat much shorter than the product's."""
        runs = self.stage.services.runs
        stream = await runs.watch(self.stage.tenant, run, beat_s=0.2)
        self.told.append(0)
        self.tasks.append(asyncio.create_task(self._watch(stream, len(self.told) - 1)))

    async def _watch(self, stream: AsyncGenerator[Told | None, None], number: int) -> None:
        async for told in stream:
            self.told[number] += isinstance(told, Event)

    async def have(self, events: int) -> None:
        """Wait until every watcher was told of so many events."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                if min(self.told) >= events:
                    return
                await asyncio.sleep(0.01)

    async def leave(self) -> None:
        """End all watching."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def _all_read(sent: list[Statement]) -> None:
    """Wait until nobody reads events any more: a look for news meets who has not read yet."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            sent.clear()
            await asyncio.sleep(0.5)
            if not any("FROM events" in text for text in _statements(sent)):
                return


@pytest.mark.parametrize("runs", [1, pytest.param(MANY, marks=pytest.mark.faults)])
async def test_idle_watchers_cost_one_statement_a_second_in_all_and_no_growing_memory(
    counted: tuple[Stage, list[Statement]], runs: int
) -> None:
    stage, sent = counted
    watched = await asyncio.gather(*(stage.start() for _ in range(runs)))
    watching = Watching(stage)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        await asyncio.gather(*(watching.add(watched[n % runs]) for n in range(MANY)))
        await watching.have(1)
        await _all_read(sent)
        gc.collect()
        settled = tracemalloc.get_traced_memory()[0]
        sent.clear()
        begun = asyncio.get_running_loop().time()
        await asyncio.sleep(WATCH_S)
        seconds = asyncio.get_running_loop().time() - begun
        feeds = [text for text in _statements(sent) if "seq FROM runs" in text]
        others = [text for text in _statements(sent) if "FROM events" in text]
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - settled
    finally:
        tracemalloc.stop()
        await watching.leave()
    print(
        f"{runs} runs: {(settled - before) / MANY:.0f} bytes a watcher, {grown} in {seconds:.1f} s"
    )
    assert others == []
    assert 1 <= len(feeds) <= seconds + 1
    assert (settled - before) / MANY < 16_000
    assert grown < MANY * 100
    assert stage.services.feed.watchers == 0


async def test_news_of_a_run_is_read_once_for_all_who_watch_it(
    counted: tuple[Stage, list[Statement]],
) -> None:
    stage, sent = counted
    run = await stage.start()
    watching = Watching(stage)
    await asyncio.gather(*(watching.add(run) for _ in range(MANY)))
    await watching.have(1)
    sent.clear()
    await stage.services.runs.cancel(stage.tenant, run)
    await watching.have(2)
    assert len([text for text in _statements(sent) if "FROM events" in text]) <= 2
    await asyncio.wait_for(asyncio.gather(*watching.tasks), DEADLINE_S)
    assert stage.services.feed.watchers == 0


def _statements(sent: list[Statement]) -> list[str]:
    """Give the statements that do something, each on one line."""
    texts = [" ".join(statement.text.split()) for statement in sent]
    return [text for text in texts if count([text]).statements]

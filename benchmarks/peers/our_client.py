"""The client of ours: submits runs by the service that the API calls, or over the API itself."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import uvloop

from benchmarks.peers.lines import say
from benchmarks.peers.starts import Starts
from sutazai.bootstrap.background import background
from sutazai.bootstrap.stack.places import broker, role_urls
from sutazai.bootstrap.workflows import read_workflows
from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.service import NewRun, Runs
from sutazai.core.tasks.sender import Sender
from sutazai.records.bell import Bell
from sutazai.records.database import open_database
from sutazai.records.runs import SqlRuns
from sutazai.stack_settings import StackSettings
from sutazai_kit.bus.rabbitmq.bus import open_rabbit_bus
from sutazai_kit.discovery import find_workflow_folders

GAP_S = 0.02
Submit = Callable[[str], Awaitable[None]]


async def many(submit: Submit, tasks: int, submitters: int) -> float:
    """Submit many at once; gives how long that took, seconds."""
    begun, left = time.monotonic(), iter(range(tasks))

    async def some() -> None:
        for _ in left:
            await submit("nothing")

    await asyncio.gather(*(some() for _ in range(submitters)))
    return time.monotonic() - begun


async def hot(submit: Submit, tasks: int) -> list[float]:
    """Submit one at a time; gives the times from submitting to the agent's first line, ms."""
    starts, taken = Starts(), []
    for _ in range(tasks):
        hearing = asyncio.create_task(asyncio.to_thread(starts.hear))
        await asyncio.sleep(GAP_S)
        asked = time.monotonic()
        await submit(starts.goal)
        taken.append((await hearing - asked) * 1000)
    return taken


_DO: dict[str, Callable[..., Awaitable[Any]]] = {"many": many, "hot": hot}


async def by_service(runs: Runs, tenant: UUID, goal: str) -> None:
    """Start a run as the API's route does once it knows who asks and for what collection."""
    await runs.start(tenant, NewRun("noop", goal=goal))


async def by_api(client: httpx2.AsyncClient, goal: str) -> None:
    """Start a run over HTTP."""
    answer = await client.post("/api/v1/runs", json={"workflow": "noop", "goal": goal})
    answer.raise_for_status()


async def main(credentials: Path, url: str) -> None:
    """Do what each line of standard input asks for."""
    found = json.loads(credentials.read_text())
    stack = StackSettings()
    urls = role_urls(stack.database)
    async with AsyncExitStack() as life:
        database = await life.enter_async_context(open_database(urls))
        bell = Bell(urls.worker)
        bus = await life.enter_async_context(open_rabbit_bus(broker(stack.broker), name="client"))
        sender = Sender(bus, bell.ring)
        await life.enter_async_context(background(bell=bell.run(), sender=sender.run()))
        records = SqlRuns(database)
        runs = Runs(
            records,
            EventFeed(records),
            read_workflows(find_workflow_folders()),
            lambda: frozenset({"noop"}),
            on_wake_ups=sender.tell,
        )
        headers = {"Authorization": f"Bearer {found['api_key']}"}
        client = await life.enter_async_context(
            httpx2.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)
        )
        tenant = UUID(os.environ["PEERS_TENANT"])
        ways: dict[str, Submit] = {
            "service": partial(by_service, runs, tenant),
            "api": partial(by_api, client),
        }
        say("ready")
        while line := await asyncio.to_thread(sys.stdin.readline):
            words = json.loads(line)
            say(await _DO[words.pop("do")](ways[words.pop("way")], **words))


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), sys.argv[2]))

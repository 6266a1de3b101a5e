"""Core, an agent that says its text in pieces, and the API on a real socket, all in this loop.

Everything is wired as bootstrap wires it; embeddings alone are a twin, and nothing here embeds.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import httpx2
import uvicorn
from pydantic import BaseModel

from sutazai.adapters.cache.inprocess import InProcessCache
from sutazai.adapters.ledger.inprocess import InProcessLedger
from sutazai.adapters.limits.inprocess import InProcessLimits
from sutazai.adapters.registry.inprocess import InProcessRegistry
from sutazai.bootstrap.background import background
from sutazai.bootstrap.services import Ports, Services, wire
from sutazai.core.identity.model import FirstCredentials
from sutazai.core.platform import Platform
from sutazai.core.runs.model import TaskStatus
from sutazai.core.runs.ports import RunView
from sutazai.core.runs.service import NewRun
from sutazai.entrypoints.api.app import create_app
from sutazai.entrypoints.api.stalled import http_protocol
from sutazai.records.sessions import SqlSessions
from sutazai.settings import Settings
from sutazai_contracts.workflows import RetryPolicy, Step, Workflow
from sutazai_kit import Agent, AgentContext, AgentPorts, Retry
from sutazai_kit.bus.memory import MemoryBus
from sutazai_kit.files.local import LocalFiles
from sutazai_kit.live.memory import MemoryLive
from sutazai_kit.runner import Runner
from sutazai_kit.vectors.edge import open_edge_vectors
from tests.integration.knowledge.bag_of_words import BagOfWords
from tests.support.database import TestDatabase

STALL_S = 0.5
PING_S = 0.3
DEADLINE_S = 30.0
SAY = Workflow(
    name="say",
    description="One step that says its text.",
    steps=(
        Step(
            id="say",
            agent="speaker",
            input={"seed": "$run.input.seed", "pieces": "$run.input.pieces"},
            retry=RetryPolicy(attempts=10, base_s=0),
        ),
    ),
    result="$steps.say",
)


class Told(BaseModel):
    seed: int
    pieces: int


class Text(BaseModel):
    text: str


def pieces_of(seed: int, attempt: int, count: int) -> list[str]:
    """Give what an attempt says: another text each time, in pieces of all sizes and scripts."""
    random = Random(f"{seed} {attempt}")
    words = ("sea ", "salt ", "é", "🐢", "語", "\n", "a longer piece of text, ", f"[{attempt}] ")
    return [random.choice(words) for _ in range(count)]


@dataclass
class Stage:
    """What is under test, and the strings to pull."""

    services: Services
    live: MemoryLive
    tenant: UUID
    key: str
    url: str = ""
    platform: Platform = field(init=False)
    agent: Agent = field(init=False)
    bus: MemoryBus = field(init=False)
    # Attempts, by seed, that break off halfway; and those that wait halfway to be let go.
    breaking: dict[int, set[int]] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    # What the output reads in the end, by seed, where that is not what was said.
    revised: dict[int, str] = field(default_factory=dict)
    halfway: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    pause_s: float = 0.003

    def __post_init__(self) -> None:
        self.agent = Agent("speaker", description="Say words.", version="1", slots=8, speaks="text")
        self.agent.handler(self.speak)

    async def speak(self, task: Told, ctx: AgentContext) -> Text:
        """Say the attempt's text piece by piece."""
        pieces = pieces_of(task.seed, ctx.attempt, task.pieces)
        for number, piece in enumerate(pieces):
            if number == len(pieces) // 2:
                self.halfway.set()
                if ctx.attempt in self.held:
                    await self.go_on.wait()
                if ctx.attempt in self.breaking.get(task.seed, ()):
                    raise Retry("it breaks off")
            await ctx.say(piece)
            await asyncio.sleep(self.pause_s)
        return Text(text=self.revised.get(task.seed, "".join(pieces)))

    def runner(self, worker: str = "here:1") -> Runner:
        """Make a worker for the agent."""
        ledger = InProcessLedger(self.services.tasks)
        return Runner(self.agent, ledger, self.bus, AgentPorts(live=self.live), worker=worker)

    async def start(self, seed: int = 0, pieces: int = 60) -> UUID:
        """Start a run."""
        new = NewRun("say", goal="say it", input={"seed": seed, "pieces": pieces})
        return (await self.services.runs.start(self.tenant, new)).id

    async def view(self, run: UUID) -> RunView:
        """Read a run."""
        return await self.services.runs.get(self.tenant, run)

    async def output(self, run: UUID) -> str:
        """Read the text of a run that succeeded."""
        view = await self.view(run)
        assert view.result is not None, view
        return str(view.result["text"])

    async def take_back(self) -> int:
        """Let every lease run out, as after the death of all workers, and take the tasks back."""
        await self.services.tasks.records.disown()
        return await self.services.tasks.take_back_lost()

    async def claimed(self, run: UUID, attempt: int) -> None:
        """Wait until an attempt is at work."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                [step] = (await self.view(run)).steps
                if step.status == TaskStatus.CLAIMED and step.attempts == attempt:
                    return
                await asyncio.sleep(0.01)

    def client(self) -> httpx2.AsyncClient:
        """Open a client of the API."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx2.AsyncClient(
            base_url=self.url, headers=headers, timeout=20, verify=False, trust_env=False
        )


@asynccontextmanager
async def open_stage(database: TestDatabase, root: Path) -> AsyncIterator[Stage]:
    """Open everything but workers."""
    live, bus = MemoryLive(), MemoryBus()
    registry = InProcessRegistry()
    async with open_edge_vectors(root / "vectors") as vectors:
        ports = Ports(
            database=database.open,
            bus=bus,
            files=LocalFiles(root / "files"),
            vectors=vectors,
            embeddings=BagOfWords(),
            registry=registry,
            live=live,
            sessions=SqlSessions(database.open),
            limits=InProcessLimits(),
            cache=InProcessCache(),
        )
        settings = Settings(home=root)
        services = wire(
            settings, ports, {"say": SAY}, owner_url=database.urls.owner, token_secret=b"secret"
        )
        first: list[FirstCredentials] = []
        await services.identity.first_start(keep=first.append)
        stage = Stage(services, live, first[0].tenant, first[0].api_key)
        stage.bus = bus
        registry.expect(stage.agent.card)
        stage.platform = _platform(services, registry)
        async with background(**services.loops()), _serving(stage):
            yield stage
        await live.aclose()
        await bus.aclose()


def _platform(services: Services, registry: InProcessRegistry) -> Platform:
    given: dict[str, Any] = {
        part.name: getattr(services, part.name)
        for part in fields(Platform)
        if hasattr(services, part.name)
    }
    metrics = services.metrics.registry
    return Platform(**{**given, "registry": registry, "checks": {}, "metrics": metrics})


class _Server(uvicorn.Server):
    """Uvicorn that leaves signals to pytest."""

    def install_signal_handlers(self) -> None:
        """Install none."""


@asynccontextmanager
async def _serving(stage: Stage) -> AsyncIterator[None]:
    config = uvicorn.Config(
        create_app(stage.platform, upload_limit=1024 * 1024, ping_s=PING_S),
        loop="none",
        http=http_protocol(STALL_S),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
    )
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # The kernel would take megabytes for a reader that takes nothing.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        stage.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        serving = asyncio.create_task(server._serve(sockets=[listener]))
        try:
            yield
        finally:
            stage.services.feed.close()
            server.should_exit = True
            await serving


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_S
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, what
        await asyncio.sleep(0.01)


@dataclass(frozen=True)
class Seen:
    """One server-sent event."""

    id: int | None
    kind: str
    data: dict[str, Any]

    @property
    def step(self) -> dict[str, Any]:
        """Give what it says of a step."""
        return self.data if self.id is None else dict(self.data["data"])


async def watch(
    client: httpx2.AsyncClient, run: UUID, after: int | None = None
) -> AsyncIterator[Seen]:
    """Watch a run over one connection until the stream ends; comments are left out."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    async with client.stream("GET", f"/api/v1/runs/{run}/events", headers=headers) as answer:
        assert answer.status_code == 200
        block: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                block[name] = value
                continue
            if "event" in block:
                number = int(block["id"]) if "id" in block else None
                yield Seen(number, block["event"], json.loads(block["data"]))
            block = {}

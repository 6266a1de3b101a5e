"""The internal API served in this process over a real database, and claims to call it with."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import uvicorn

from sutazai.adapters.cache.inprocess import InProcessCache
from sutazai.adapters.graph.sql import SqlGraph
from sutazai.core.agents.claims import ClaimChecks
from sutazai.core.agents.tokens import AgentTokens, digest, new_token
from sutazai.core.graph.joining import JoinedChunks
from sutazai.core.models.answers import KeptAnswers
from sutazai.core.models.line import LineRules
from sutazai.core.models.lines import Lines
from sutazai.core.models.metering import Metering
from sutazai.core.models.routing import Routes
from sutazai.core.models.runtimes import Candidate, Runtimes
from sutazai.core.models.service import Models
from sutazai.core.tasks.service import Tasks
from sutazai.entrypoints.api.stalled import http_protocol
from sutazai.entrypoints.internal.app import create_internal_app
from sutazai.entrypoints.internal.requests import InternalParts
from sutazai.records.collection_ids import SqlCollectionIds
from sutazai.records.ledger import SqlLedger
from sutazai_contracts.knowledge import Chunk
from sutazai_contracts.tasks import AgentCard, Claim
from sutazai_kit.core_client import CoreClient, open_core
from sutazai_kit.files.local import LocalFiles
from sutazai_kit.live.memory import MemoryLive
from sutazai_kit.live.port import Live
from sutazai_kit.model.scripted import ScriptedConfig, open_scripted
from tests.support.database import TestDatabase
from tests.support.metering import Kept

AGENTS = ("worker", "other", "writer")
HOLD = """
WITH tenant AS (
    INSERT INTO tenants (id, name) VALUES (%(tenant)s, %(tenant)s::text) ON CONFLICT DO NOTHING
), run AS (
    INSERT INTO runs (id, tenant_id, workflow, goal, input, plan, status, seq)
    VALUES (%(run)s, %(tenant)s, 'one', 'a goal', '{}', '{}', 'running', 1) ON CONFLICT DO NOTHING
)
INSERT INTO tasks (id, tenant_id, run_id, step, agent, status, attempt, token, available_at,
                   lease_until, input)
VALUES (%(task)s, %(tenant)s, %(run)s, %(step)s, %(agent)s, 'claimed', %(attempt)s, %(token)s,
        now(), now() + interval '30 s', '{}')
ON CONFLICT (id) DO UPDATE SET attempt = excluded.attempt, token = excluded.token
"""
FILE_LIMIT = 64 * 1024 * 1024
SMALL, CODER = "small:latest", "coder:7b"


class _Server(uvicorn.Server):
    """Uvicorn without signals, which ends at once when told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready, self.stop = asyncio.Event(), asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        self.ready.set()
        await self.stop.wait()


@asynccontextmanager
async def serving(app: object, port: int = 0) -> AsyncIterator[str]:
    """Serve an application; gives its URL."""
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        loop="none",
        http=http_protocol(),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    with socket.create_server(("127.0.0.1", port)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        async with asyncio.timeout(5):
            await server.ready.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.stop.set()
            await task


async def no_chunks(tenant: UUID, output: object) -> list[Chunk]:
    """Read no chunks: nothing is published here."""
    return []


@dataclass
class Served:
    """Core as agents in other processes see it, and its inside."""

    database: TestDatabase
    parts: InternalParts
    tokens: dict[str, str]
    kept: Kept
    announced: list[tuple[str, str]]
    stack: AsyncExitStack
    url: str = ""
    clients: dict[str, CoreClient] = field(default_factory=dict)

    async def core(self, agent: str) -> CoreClient:
        """Give the client of an agent."""
        if agent not in self.clients:
            opened = open_core(self.url, self.tokens[agent])
            self.clients[agent] = await self.stack.enter_async_context(opened)
        return self.clients[agent]

    def claimed(
        self,
        agent: str = "worker",
        *,
        tenant: UUID | None = None,
        run: UUID | None = None,
        task: UUID | None = None,
        attempt: int = 1,
        step: str = "write",
    ) -> Claim:
        """Have an agent hold a task of a tenant, both as they are or made."""
        claim = Claim(
            task=task or uuid4(),
            run=run or uuid4(),
            tenant=tenant or uuid4(),
            step=step,
            agent=agent,
            attempt=attempt,
            token=uuid4(),
            lease_s=30,
            timeout_s=60,
            input={},
        )
        values = claim.model_dump(include={"tenant", "run", "task", "step", "agent", "attempt"})
        with psycopg.connect(self.database.admin) as connection:
            connection.execute("SET search_path = sutazai")
            connection.execute(HOLD, values | {"token": claim.token})
        return claim

    def execute(self, statement: str, *parameters: object) -> None:
        """Change the database as its superuser."""
        with psycopg.connect(self.database.admin) as connection:
            connection.execute("SET search_path = sutazai")
            connection.execute(statement.encode(), parameters)

    def lose(self, claim: Claim) -> None:
        """Give a task to another worker of its agent."""
        self.claimed(
            claim.agent,
            tenant=claim.tenant,
            run=claim.run,
            task=claim.task,
            attempt=claim.attempt + 1,
            step=claim.step,
        )


@asynccontextmanager
async def served(
    database: TestDatabase,
    root: Path,
    *,
    tasks: Tasks | None = None,
    lines: Callable[[Kept], Lines] | None = None,
    live: Live | None = None,
    read_s: float = 10.0,
    file_limit: int = FILE_LIMIT,
    port: int = 0,
    tokens: dict[str, str] | None = None,
) -> AsyncIterator[Served]:
    """Serve the internal API over a database, with files below a folder."""
    ledger, kept = SqlLedger(database.open), Kept()
    tokens = tokens or {agent: new_token() for agent in AGENTS}
    announced: list[tuple[str, str]] = []

    def hear(card: AgentCard, worker: str) -> None:
        announced.append((card.name, worker))

    made = lines(kept) if lines else Lines(LineRules(), on_end=kept.calls.append)
    script = ScriptedConfig(names=(SMALL, CODER))
    runtimes = Runtimes([Candidate("scripted", lambda: open_scripted(script))])
    await runtimes.look()
    routes = Routes(roles={"default": ("small",), "coder": ("coder",)})
    answers = KeptAnswers(InProcessCache(), 60.0)
    parts = InternalParts(
        tokens=AgentTokens({agent: digest(token) for agent, token in tokens.items()}),
        tasks=tasks or Tasks(ledger, no_chunks, lease_s=30.0),
        claims=ClaimChecks(ledger),
        models=Models(runtimes, made, routes, Metering(kept), answers),
        files=LocalFiles(root / "files"),
        live=live or MemoryLive(),
        joined=JoinedChunks(SqlGraph(database.open), SqlCollectionIds(database.open)),
        announced=hear,
    )
    app = create_internal_app(parts, file_limit=file_limit, read_s=read_s)
    async with serving(app, port) as url, AsyncExitStack() as stack:
        yield Served(database, parts, tokens, kept, announced, stack, url)
    await runtimes.aclose()

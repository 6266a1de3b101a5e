"""The embedded profile: core with all agents inside; PostgreSQL and the embedder as children."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from loguru import logger

from sutazai.adapters.answers.inprocess import InProcessAnswers
from sutazai.adapters.cache.inprocess import InProcessCache
from sutazai.adapters.joining.inprocess import InProcessJoining
from sutazai.adapters.ledger.inprocess import InProcessLedger
from sutazai.adapters.limits.inprocess import InProcessLimits
from sutazai.adapters.registry.inprocess import InProcessRegistry
from sutazai.adapters.slots.inprocess import InProcessSlots
from sutazai.bootstrap.background import background
from sutazai.bootstrap.embedder import open_embedder
from sutazai.bootstrap.processes.postgres import start_postgres
from sutazai.bootstrap.processes.server import until
from sutazai.bootstrap.secrets import role_passwords, token_secret
from sutazai.bootstrap.services import DEFAULT, Ports, Services, wire
from sutazai.bootstrap.workflows import read_workflows
from sutazai.core.identity.credentials import write_credentials
from sutazai.core.identity.model import FirstCredentials
from sutazai.core.platform import Check, Platform
from sutazai.core.tasks.outcomes import OutcomeConsumer
from sutazai.records.database import open_database
from sutazai.records.migrate import migrate
from sutazai.records.roles import LOGIN_ROLES, DatabaseUrls, prepare_database
from sutazai.records.sessions import SqlSessions
from sutazai.settings import Settings
from sutazai_contracts.errors import Unavailable
from sutazai_contracts.queues import OUTCOMES
from sutazai_kit import Agent, AgentPorts
from sutazai_kit.asking import ModelAccess
from sutazai_kit.bus.memory import MemoryBus
from sutazai_kit.discovery import find_agents, find_workflow_folders
from sutazai_kit.embeddings.port import Embeddings
from sutazai_kit.files.local import LocalFiles
from sutazai_kit.live.memory import MemoryLive
from sutazai_kit.runner import Runner, RunnerSettings
from sutazai_kit.vectors.edge import open_edge_vectors
from sutazai_kit.vectors.store import stored_collections

# Time agents get to finish when the platform stops; all of it is to be gone within 20 s.
DRAIN_S = 5.0
# Time their outcomes then get to be applied; one that is not costs a repetition, no more.
APPLY_S = 2.0
# Pause between two tries to start a PostgreSQL that died.
RESTART_S = 1.0

First = TypeVar("First")
Second = TypeVar("Second")


@asynccontextmanager
async def open_embedded(
    settings: Settings, *, api_url: str, degraded: Mapping[str, Check] | None = None
) -> AsyncIterator[Platform]:
    """Open everything, set the loops and the agents to work, and close it all in order.

    Args:
        settings: where things lie and how long leases hold.
        api_url: what the credentials file says of where the API answers.
        degraded: checks of parts beside the platform, without which less works.

    Raises:
        SutazaiError: a part could not be started; says which and why.
    """
    async with AsyncExitStack() as stack:
        embedder, urls = await _both(
            stack.enter_async_context(open_embedder(settings)),
            stack.enter_async_context(_open_records(settings)),
        )
        registry, bus = InProcessRegistry(), MemoryBus()
        ports = await _open_ports(stack, settings, urls, embedder.embeddings, bus, registry)
        agents = find_agents()
        for agent in agents.values():
            registry.expect(agent.card)
        services = _wired(settings, ports, urls)
        await _first_start(settings.home, services, api_url)
        # The instance lock proves that no worker of an earlier start lives.
        await services.tasks.records.disown()
        await _mended(settings.home / "vectors", services)
        await stack.enter_async_context(background(**services.loops()))
        stack.push_async_callback(services.models.metering.finish)
        stack.push_async_callback(_all_applied, bus, services.outcomes)
        await stack.enter_async_context(_working(agents, services, ports, registry))
        yield Platform(
            runs=services.runs,
            retries=services.retries,
            conversations=services.conversations,
            tasks=services.tasks,
            knowledge=services.knowledge,
            graph=services.graph,
            identity=services.identity,
            login=services.login,
            people=services.people,
            requests=services.requests,
            registry=registry,
            models=services.models,
            moving=services.moving,
            checks={"database": ports.database.ping, "embedder": embedder.check},
            metrics=services.metrics.registry,
            degraded=degraded or {},
        )


def _wired(settings: Settings, ports: Ports, urls: DatabaseUrls) -> Services:
    workflows = read_workflows(find_workflow_folders())
    secret = token_secret(settings.home / "secrets")
    return wire(settings, ports, workflows, owner_url=urls.owner, token_secret=secret)


async def _open_ports(
    stack: AsyncExitStack,
    settings: Settings,
    urls: DatabaseUrls,
    embeddings: Embeddings,
    bus: MemoryBus,
    registry: InProcessRegistry,
) -> Ports:
    home, files, live = settings.home, LocalFiles(settings.home / "files"), MemoryLive()
    stack.push_async_callback(bus.aclose)
    stack.push_async_callback(live.aclose)
    # Whoever was writing a file is gone.
    await files.sweep_partial(older_than_s=0)
    database = await stack.enter_async_context(
        open_database(urls, pool_size=settings.database.pool_size)
    )
    return Ports(
        database=database,
        bus=bus,
        files=files,
        vectors=await stack.enter_async_context(open_edge_vectors(home / "vectors")),
        embeddings=embeddings,
        registry=registry,
        live=live,
        sessions=SqlSessions(database),
        limits=InProcessLimits(),
        cache=InProcessCache(),
    )


async def _both(first: Awaitable[First], second: Awaitable[Second]) -> tuple[First, Second]:
    """Await two things at once; where one fails, the other is waited for, so that it is closed."""
    one, two = await asyncio.gather(first, second, return_exceptions=True)
    for result in (one, two):
        if isinstance(result, BaseException):
            raise result
    return cast(First, one), cast(Second, two)


@asynccontextmanager
async def _open_records(settings: Settings) -> AsyncIterator[DatabaseUrls]:
    """Open the database that is there, or the embedded one; its roles and schema up to date."""
    home = settings.home
    passwords = role_passwords(home / "secrets", LOGIN_ROLES)
    async with AsyncExitStack() as stack:
        if settings.database.url is not None:
            admin = settings.database.url.get_secret_value()
        else:
            admin = await stack.enter_async_context(_open_postgres(home))
        urls = await asyncio.to_thread(prepare_database, admin, passwords)
        await asyncio.to_thread(migrate, urls.owner)
        yield urls


@asynccontextmanager
async def _open_postgres(home: Path) -> AsyncIterator[str]:
    """Run PostgreSQL, start it again when it dies, stop it at the end; gives the admin's URL."""
    # A folder of its own: under root it belongs to the account that PostgreSQL runs as.
    sockets = home / "run" / "postgres"
    start = partial(start_postgres, home / "postgres", sockets, home / "logs" / "postgres.log")
    server = await start()

    async def keep() -> None:
        nonlocal server
        while True:
            await server.watch()
            logger.error("PostgreSQL ended; it is started again")
            try:
                server = await start()
            except Unavailable as exc:
                logger.error("PostgreSQL does not start: {}", exc)
                await asyncio.sleep(RESTART_S)

    try:
        async with background(postgres=keep()):
            yield server.admin_dsn
    finally:
        await server.stop()


async def _first_start(home: Path, services: Services, api_url: str) -> None:
    """Make the tenant, its admin and its key, and every tenant's collection `default`."""

    def keep(credentials: FirstCredentials) -> None:
        write_credentials(home / "credentials.json", credentials, api_url=api_url)

    if await services.identity.first_start(keep=keep) is not None:
        logger.info("First start: the API key is in {}", home / "credentials.json")
    for tenant in await services.identity.tenants():
        await services.knowledge.ensure_collection(tenant, DEFAULT)


async def _mended(vectors: Path, services: Services) -> None:
    """Have collections embedded anew whose folders are not there: after a restore, say."""
    there = await asyncio.to_thread(stored_collections, vectors)
    if mended := await services.knowledge.mend(there):
        logger.warning("{} collections have no points here; they are embedded anew", mended)


@asynccontextmanager
async def _working(
    agents: Mapping[str, Agent],
    services: Services,
    ports: Ports,
    registry: InProcessRegistry,
) -> AsyncIterator[None]:
    """Run every agent in this process; let work finish, or hand it back, at the end."""
    worker = f"core:{os.getpid()}"
    ledger = InProcessLedger(services.tasks)
    given = AgentPorts(
        files=ports.files,
        vectors=ports.vectors,
        embeddings=services.ahead,
        models=ModelAccess(
            InProcessSlots(services.models),
            services.models.runtimes.model,
            InProcessAnswers(services.models.answers),
        ),
        live=ports.live,
        joining=InProcessJoining(services.joined),
    )
    settings = RunnerSettings(drain_s=DRAIN_S)
    runners: list[Runner] = []
    async with AsyncExitStack() as stack:
        for agent in agents.values():
            runner = Runner(
                agent,
                ledger,
                ports.bus,
                given,
                worker=worker,
                settings=settings,
                observer=services.metrics,
            )
            await stack.enter_async_context(runner)
            registry.add(agent.card, worker, runner.state)
            runners.append(runner)
        yield
        await asyncio.gather(*(runner.drain(DRAIN_S) for runner in runners))


async def _all_applied(bus: MemoryBus, outcomes: OutcomeConsumer) -> None:
    """Wait until what agents finished or handed back is in the ledger: the bus forgets it."""
    await until(lambda: not bus.depths().get(OUTCOMES) and not outcomes.pending, APPLY_S)

"""Core in the stack: the same services as embedded, over the stack's servers."""

import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sutazai.adapters.cache.redis import RedisCache
from sutazai.adapters.graph.neo4j import Neo4jGraph
from sutazai.adapters.graph.neo4j_client import open_neo4j
from sutazai.adapters.graph.neo4j_writing import Neo4jProjection
from sutazai.adapters.limits.redis import RedisLimits
from sutazai.adapters.redis_client import RedisLink, open_redis
from sutazai.adapters.registry.consul import ConsulRegistry
from sutazai.adapters.registry.consul_client import ConsulClient, open_consul
from sutazai.adapters.registry.registration import Registration, registered
from sutazai.adapters.sessions.redis import RedisSessions
from sutazai.adapters.vector_access.qdrant import QdrantTokens
from sutazai.bootstrap.background import background
from sutazai.bootstrap.services import Apart, Ports, Services, wire
from sutazai.bootstrap.stack.defaults import keep_default_collections
from sutazai.bootstrap.stack.places import broker, redis_url, role_urls
from sutazai.bootstrap.workflows import read_workflows
from sutazai.core.agents.claims import ClaimChecks
from sutazai.core.agents.tokens import AgentTokens
from sutazai.core.knowledge.vector_access.claims import with_access
from sutazai.core.platform import Check, Platform
from sutazai.core.tasks.sender import Sender
from sutazai.records.bell import Bell
from sutazai.records.database import open_database
from sutazai.records.ledger import SqlLedger
from sutazai.records.sessions import SqlSessions
from sutazai.settings import Settings
from sutazai.stack_settings import StackSettings, needed
from sutazai_contracts.errors import BusUnavailable, InvalidInput, NotFound
from sutazai_kit.bus.rabbitmq.bus import RabbitBus, open_rabbit_bus
from sutazai_kit.bus.rabbitmq.topology import Bounds
from sutazai_kit.discovery import find_agents, find_workflow_folders
from sutazai_kit.embeddings.http import open_http_embeddings
from sutazai_kit.embeddings.later import LaterEmbeddings, Open, open_later
from sutazai_kit.files.local import LocalFiles
from sutazai_kit.live.redis import open_redis_live
from sutazai_kit.vectors.port import Vectors
from sutazai_kit.vectors.qdrant.vectors import open_qdrant_vectors

CORE_SERVICE = "core"


@dataclass(frozen=True)
class OpenCore:
    """Core at work: what its two listeners serve.

    agents: knows the agents' tokens, for the internal API.
    claims: checks the claims that agents name.
    """

    platform: Platform
    services: Services
    ports: Ports
    registry: ConsulRegistry
    consul: ConsulClient
    tokens: AgentTokens
    claims: ClaimChecks


@asynccontextmanager
async def open_stack_core(settings: Settings, stack: StackSettings) -> AsyncIterator[OpenCore]:
    """Open core over the stack's servers and set its loops to work.

    PostgreSQL has to answer; all else is waited for where it is needed.

    Raises:
        DatabaseUnavailable: the database does not answer.
        InvalidInput: a secret is missing.
    """
    tokens = AgentTokens(agent_digests(stack))
    secret = needed(stack.session_key, "SUTAZAI_SESSION_KEY").get_secret_value().encode()
    async with AsyncExitStack() as life:
        opened = await _open_ports(life, settings, stack)
        bell = Bell(role_urls(stack.database).worker)
        sender = Sender(opened.ports.bus, bell.ring)
        services = wire(
            settings,
            opened.ports,
            read_workflows(find_workflow_folders()),
            owner_url="",
            token_secret=secret,
            apart=Apart(sender.tell, partial(with_access, access=QdrantTokens(_key(stack))), True),
        )
        await life.enter_async_context(
            background(
                **services.loops(relay=False),
                sender=sender.run(),
                bell=bell.run(),
                registry=opened.registry.run(),
                defaults=keep_default_collections(services.identity, services.knowledge),
            )
        )
        life.push_async_callback(services.models.metering.finish)
        yield OpenCore(
            platform=_platform(services, opened),
            services=services,
            ports=opened.ports,
            registry=opened.registry,
            consul=opened.consul,
            tokens=tokens,
            claims=ClaimChecks(SqlLedger(opened.ports.database)),
        )


@dataclass(frozen=True)
class _Opened:
    """The ports, and those of the drivers behind them that say how they do."""

    ports: Ports
    bus: RabbitBus
    embeddings: LaterEmbeddings
    registry: ConsulRegistry
    consul: ConsulClient
    redis: RedisLink


async def _open_ports(life: AsyncExitStack, settings: Settings, stack: StackSettings) -> _Opened:
    agents = find_agents()
    registry, consul = await _open_registry(life, stack)
    for agent in agents.values():
        registry.expect(agent.card)
    database = await life.enter_async_context(
        open_database(role_urls(stack.database), pool_size=settings.database.pool_size)
    )
    bus = await life.enter_async_context(
        open_rabbit_bus(broker(stack.broker), name="core", declares=Bounds(), agents=agents)
    )
    embeddings = await life.enter_async_context(open_later(_opening_embedder(stack)))
    redis = await life.enter_async_context(open_redis(redis_url(stack.redis)))
    ports = Ports(
        database=database,
        bus=bus,
        files=LocalFiles(settings.home / "files"),
        vectors=await life.enter_async_context(open_qdrant_vectors(stack.qdrant.url, _key(stack))),
        embeddings=embeddings,
        registry=registry,
        live=await life.enter_async_context(open_redis_live(redis_url(stack.redis))),
        sessions=RedisSessions(redis, SqlSessions(database)),
        limits=RedisLimits(redis),
        cache=RedisCache(redis),
        projected=await _open_projection(life, stack),
    )
    return _Opened(ports, bus, embeddings, registry, consul, redis)


async def _open_projection(
    life: AsyncExitStack, stack: StackSettings
) -> tuple[Neo4jGraph, Neo4jProjection] | None:
    """Open Neo4j; None where this installation has none."""
    if not stack.neo4j.url:
        return None
    password = needed(stack.neo4j.password, "SUTAZAI_NEO4J_PASSWORD").get_secret_value()
    link = await life.enter_async_context(open_neo4j(stack.neo4j.url, stack.neo4j.user, password))
    return Neo4jGraph(link), Neo4jProjection(link)


async def _open_registry(
    life: AsyncExitStack, stack: StackSettings
) -> tuple[ConsulRegistry, ConsulClient]:
    token = stack.consul.token
    consul = await life.enter_async_context(
        open_consul(stack.consul.url, None if token is None else token.get_secret_value())
    )
    return ConsulRegistry(consul), consul


def _key(stack: StackSettings) -> str:
    return needed(stack.qdrant.key, "SUTAZAI_QDRANT_KEY").get_secret_value()


@asynccontextmanager
async def core_in_consul(stack: StackSettings, core: OpenCore, port: int) -> AsyncIterator[None]:
    """Keep core registered until the end of the block: the gateway finds it there."""
    here = Registration(
        CORE_SERVICE,
        f"{CORE_SERVICE}-{socket.gethostname()}",
        port,
        stack.agent.host,
    )
    async with registered(core.consul, [here]):
        yield


def _platform(services: Services, opened: _Opened) -> Platform:
    # Without the record nothing can be done; without the others some things can't, or wait.
    checks: Mapping[str, Check] = {"database": opened.ports.database.ping}
    degraded: dict[str, Check] = {
        "broker": partial(_bus_works, opened.bus),
        "embedder": opened.embeddings.check,
        "registry": opened.registry.check,
        "redis": opened.redis.check,
        "vectors": partial(_vectors_answer, opened.ports.vectors),
    }
    if services.graph.projection is not None:
        degraded["graph"] = services.graph.projection.projector.check
    return Platform(
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
        registry=opened.registry,
        models=services.models,
        moving=services.moving,
        checks=checks,
        metrics=services.metrics.registry,
        profile="stack",
        degraded=degraded,
    )


async def _bus_works(bus: RabbitBus) -> None:
    if bus.problem:
        raise BusUnavailable(bus.problem)


async def _vectors_answer(vectors: Vectors) -> None:
    """Ask for a collection that is not there: to be told so is an answer."""
    with suppress(NotFound):
        await vectors.count(UUID(int=0))


def agent_digests(stack: StackSettings) -> dict[str, bytes]:
    """Read what core keeps of the agents' tokens: JSON, the SHA-256 in hex by name.

    Raises:
        InvalidInput: it is missing, or not that.
    """
    text = needed(stack.agent.tokens, "SUTAZAI_AGENT_TOKENS").get_secret_value()
    try:
        return {str(name): bytes.fromhex(digest) for name, digest in json.loads(text).items()}
    except (AttributeError, TypeError, ValueError) as exc:
        raise InvalidInput("SUTAZAI_AGENT_TOKENS is no JSON of digests by agent") from exc


def _opening_embedder(stack: StackSettings) -> Open:
    token = stack.embedder.token
    return partial(
        open_http_embeddings,
        stack.embedder.url,
        token=None if token is None else token.get_secret_value(),
    )

"""Agents in a process of their own: they claim from core over HTTP and work next to it."""

import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from sutazai.adapters.registry.consul import AGENT_META, SERVICE
from sutazai.adapters.registry.consul_client import open_consul
from sutazai.adapters.registry.registration import Registration, registered
from sutazai.bootstrap.agent_metrics import AgentMetrics
from sutazai.bootstrap.runtimes import runtime_configs
from sutazai.settings import EgressSettings, RuntimeSettings
from sutazai.stack_settings import StackSettings, needed
from sutazai_contracts.errors import BusUnavailable, InvalidInput, ModelUnavailable
from sutazai_contracts.models import Provider
from sutazai_contracts.tasks import AgentCard, Claim
from sutazai_kit import Agent, AgentPorts
from sutazai_kit.answers.http import HttpAnswers
from sutazai_kit.asking import ModelAccess
from sutazai_kit.bus.rabbitmq.bus import RabbitBus, open_rabbit_bus
from sutazai_kit.bus.rabbitmq.connection import Broker
from sutazai_kit.core_client import CoreClient, open_core
from sutazai_kit.discovery import find_agents
from sutazai_kit.embeddings.http import open_http_embeddings
from sutazai_kit.embeddings.later import LaterEmbeddings, open_later
from sutazai_kit.files.http import HttpFiles
from sutazai_kit.joining.http import HttpJoining
from sutazai_kit.ledger.http import HttpLedger
from sutazai_kit.live.http import HttpLive
from sutazai_kit.model.factory import open_model
from sutazai_kit.model.port import Model
from sutazai_kit.observer import RunnerState
from sutazai_kit.runner import Runner, RunnerSettings
from sutazai_kit.slots.http import HttpSlots
from sutazai_kit.vectors.port import Vectors

if TYPE_CHECKING:
    from sutazai_kit.vectors.qdrant.vectors import QdrantVectors

# Time agents get to finish when the process is told to stop; what then goes on is handed back.
DRAIN_S = 10.0


@dataclass(frozen=True)
class OpenAgents:
    """Agents at work.

    workers: each agent's card, and how to ask for its state, by name.
    metrics: what the process counts.
    buses: carry wake-ups and outcomes, one for each agent's rights.
    """

    workers: Mapping[str, tuple[AgentCard, Callable[[], RunnerState]]]
    metrics: CollectorRegistry
    buses: Sequence[RabbitBus]

    async def check(self) -> None:
        """Raise `Unavailable` where no wake-up comes through now."""
        for bus in self.buses:
            if bus.problem:
                raise BusUnavailable(bus.problem)


@dataclass(frozen=True)
class _Shared:
    """What all agents of the process use."""

    stack: StackSettings
    vectors: "_Collections"
    embeddings: LaterEmbeddings
    runtimes: Mapping[Provider, Model]
    metrics: AgentMetrics
    worker: str

    def runtime(self, provider: Provider) -> Model:
        """Give a runtime; raises `ModelUnavailable` for one that is not set here."""
        if provider not in self.runtimes:
            raise ModelUnavailable(f"The runtime {provider} is not set in this process.")
        return self.runtimes[provider]


class _Collections:
    """Qdrant for the claims that are granted a collection, and nothing of it before the first.

    The sparse encoder brings the engine along, 4 MB that writer and reviewer need not hold.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: QdrantVectors | None = None

    def of(self, token: str) -> Vectors:
        """Give the store as the holder of a token sees it."""
        if self._opened is None:
            from sutazai_kit.vectors.qdrant.vectors import qdrant_vectors

            self._opened = qdrant_vectors(self._url)
        return self._opened.with_token(token)

    async def aclose(self) -> None:
        """Close connections."""
        if self._opened is not None:
            await self._opened.aclose()


@asynccontextmanager
async def open_agents(stack: StackSettings, names: Sequence[str]) -> AsyncIterator[OpenAgents]:
    """Run agents until the end of the block, then let their work finish or hand it back.

    Nothing has to answer yet: core, the broker and the rest are waited for.

    Raises:
        InvalidInput: there is no such agent, or a secret is missing.
    """
    agents = _chosen(names)
    tokens = by_name(stack.agent.token, "SUTAZAI_AGENT_TOKEN", names)
    passwords = by_name(stack.broker.password, "SUTAZAI_RABBITMQ_PASSWORD", names)
    async with AsyncExitStack() as life:
        shared = await _open_shared(life, stack)
        opened: dict[str, tuple[AgentCard, Callable[[], RunnerState]]] = {}
        buses: list[RabbitBus] = []
        for name, agent in agents.items():
            broker = Broker(stack.broker.host, stack.broker.port, f"agent_{name}", passwords[name])
            bus = await life.enter_async_context(open_rabbit_bus(broker, name=shared.worker))
            core = await life.enter_async_context(open_core(stack.internal.url, tokens[name]))
            runner = await life.enter_async_context(await _runner(life, agent, shared, core, bus))
            opened[name] = (agent.card, runner.state)
            buses.append(bus)
        yield OpenAgents(opened, shared.metrics.registry, buses)


@asynccontextmanager
async def known_in_consul(
    stack: StackSettings, agents: OpenAgents, port: int
) -> AsyncIterator[None]:
    """Keep the agents registered until the end of the block, at the port that tells of them."""
    token = stack.consul.token
    async with open_consul(
        stack.consul.url, None if token is None else token.get_secret_value()
    ) as consul:
        services = [
            Registration(
                name=SERVICE,
                id=f"{SERVICE}-{name}-{socket.gethostname()}",
                port=port,
                address=stack.agent.host,
                meta={AGENT_META: name, "version": card.version},
            )
            for name, (card, _) in agents.workers.items()
        ]
        async with registered(consul, services):
            yield


async def _open_shared(life: AsyncExitStack, stack: StackSettings) -> _Shared:
    token = stack.embedder.token
    opening = partial(
        open_http_embeddings,
        stack.embedder.url,
        token=None if token is None else token.get_secret_value(),
    )
    vectors = _Collections(stack.qdrant.url)
    life.push_async_callback(vectors.aclose)
    egress = EgressSettings().allow_egress
    configs = runtime_configs(RuntimeSettings(), allow_egress=egress)
    return _Shared(
        stack=stack,
        vectors=vectors,
        embeddings=await life.enter_async_context(open_later(opening)),
        runtimes={
            config.provider: await life.enter_async_context(open_model(config))
            for config in configs
        },
        metrics=AgentMetrics(),
        worker=f"{socket.gethostname()}:{os.getpid()}",
    )


async def _runner(
    life: AsyncExitStack, agent: Agent, shared: _Shared, core: CoreClient, bus: RabbitBus
) -> Runner:
    live, slots = HttpLive(core), HttpSlots(core)
    life.push_async_callback(live.aclose)
    life.push_async_callback(slots.aclose)

    def bind(ports: AgentPorts, claim: Claim) -> AgentPorts:
        """Give files and vectors by the rights of one claim."""
        grant = claim.grant
        vectors = None
        if grant is not None and grant.access_token is not None:
            vectors = shared.vectors.of(grant.access_token)
        return replace(ports, files=HttpFiles(core, claim), vectors=vectors, live=live.bound(claim))

    ports = AgentPorts(
        embeddings=shared.embeddings,
        models=ModelAccess(slots, shared.runtime, HttpAnswers(core)),
        joining=HttpJoining(core),
        bind=bind,
    )
    return Runner(
        agent,
        HttpLedger(core),
        bus,
        ports,
        worker=shared.worker,
        settings=RunnerSettings(drain_s=DRAIN_S),
        observer=shared.metrics,
    )


def _chosen(names: Sequence[str]) -> dict[str, Agent]:
    found = find_agents()
    if unknown := [name for name in names if name not in found]:
        known = ", ".join(sorted(found)) or "none"
        raise InvalidInput(f"no agent {unknown[0]} is installed here; there are: {known}")
    return {name: found[name] for name in names}


def by_name(secret: SecretStr | None, setting: str, names: Sequence[str]) -> dict[str, str]:
    """Give each agent's secret: the secret itself for one agent, JSON by name for several.

    Raises:
        InvalidInput: it is missing, or not of these agents.
    """
    text = needed(secret, setting).get_secret_value()
    if not text.lstrip().startswith("{"):
        if len(names) == 1:
            return {names[0]: text}
        raise InvalidInput(f"{setting} is to be JSON, a secret by the name of each agent")
    try:
        given = json.loads(text)
    except ValueError as exc:
        raise InvalidInput(f"{setting} is no JSON") from exc
    if missing := [name for name in names if not isinstance(given.get(name), str)]:
        raise InvalidInput(f"{setting} has nothing for the agent {missing[0]}")
    return {name: given[name] for name in names}

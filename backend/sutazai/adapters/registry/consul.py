"""The registry of the stack: Consul knows who is here and well; each worker says what it does."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from loguru import logger
from pydantic import ValidationError

from sutazai.adapters.registry.consul_client import ConsulClient, Instance
from sutazai.core.agents.port import AgentState
from sutazai.core.agents.workers import together
from sutazai_contracts.errors import Unavailable
from sutazai_contracts.tasks import AgentCard, Message
from sutazai_kit.http_client import HttpClient, HttpError

# The name under which every agent registers; which agent it is stands in its meta data.
SERVICE = "agent"
AGENT_META = "agent"
STATES_PATH = "/agents"
STATE_S = 1.0
AGAIN_S = 1.0


class WorkerState(Message):
    """An agent of a process as it says itself."""

    card: AgentCard
    busy: int
    slots: int
    done: int
    failed: int
    last_work_at: datetime | None = None


class WorkerStates(Message):
    """What a process of agents answers when it is asked for them."""

    agents: tuple[WorkerState, ...]


@dataclass(slots=True)
class ConsulRegistry:
    """Know the agents that are expected, and those Consul has seen.

    `run` watches Consul by blocking queries. Where Consul is away, what it last said is kept and
    `check` says so; who is busy is asked of the workers themselves.

    Args:
        consul: where agents register.
    """

    consul: ConsulClient
    cards: dict[str, AgentCard] = field(default_factory=dict)
    instances: Sequence[Instance] = ()
    away: str | None = "Consul was not reached yet"

    def expect(self, card: AgentCard) -> None:
        """Make an agent known before any worker of it is seen."""
        self.cards[card.name] = card

    def names(self) -> frozenset[str]:
        """Name the agents that are known."""
        return frozenset(self.cards)

    async def agents(self) -> list[AgentState]:
        """List every agent that is known, by name."""
        by_place: dict[tuple[str, int], set[str]] = {}
        for instance in self.instances:
            if instance.passing:
                place = (instance.address, instance.port)
                by_place.setdefault(place, set()).add(instance.meta.get(AGENT_META, ""))
        answers = await asyncio.gather(*(self._ask(address, port) for address, port in by_place))
        workers: dict[str, list[WorkerState]] = {}
        for names, states in zip(by_place.values(), answers, strict=True):
            for state in states:
                if state.card.name in names:
                    self.cards[state.card.name] = state.card
                    workers.setdefault(state.card.name, []).append(state)
        return [together(card, workers.get(name, ())) for name, card in sorted(self.cards.items())]

    async def run(self) -> None:
        """Watch Consul until cancelled."""
        index = 0
        while True:
            try:
                self.instances, index = await self.consul.instances(SERVICE, index)
                await self._meet(self.instances)
                self.away = None
            except Unavailable as exc:
                if self.away is None:
                    logger.warning("Who is here is known from earlier: {}", exc)
                self.away, index = exc.message, 0
                await asyncio.sleep(AGAIN_S)

    async def check(self) -> None:
        """Raise `Unavailable` where Consul is away."""
        if self.away is not None:
            raise Unavailable(self.away)

    async def _meet(self, instances: Iterable[Instance]) -> None:
        """Learn the cards of agents that nobody expected."""
        for instance in instances:
            if instance.passing and instance.meta.get(AGENT_META, "") not in self.cards:
                for state in await self._ask(instance.address, instance.port):
                    self.cards.setdefault(state.card.name, state.card)

    async def _ask(self, address: str, port: int) -> tuple[WorkerState, ...]:
        """Ask a process for its agents; one that does not answer has none."""
        try:
            async with aclosing(_worker(address, port)) as worker:
                answer = await worker.request("GET", STATES_PATH)
            if answer.is_success:
                return WorkerStates.model_validate_json(answer.content).agents
            why = answer.reason
        except (HttpError, ValidationError) as exc:
            why = type(exc).__name__
        logger.info("No word from the agents at {}:{}: {}", address, port, why)
        return ()


def _worker(address: str, port: int) -> HttpClient:
    return HttpClient(f"http://{address}:{port}", silence_s=STATE_S, connect_s=STATE_S)

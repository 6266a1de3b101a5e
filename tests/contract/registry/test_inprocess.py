"""The registry in process under the registry contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sutazai.adapters.registry.inprocess import InProcessRegistry
from sutazai_kit.observer import RunnerState
from tests.contract.registry.suite import CARDS, RegistryContract


@dataclass
class Agents:
    """Workers as their runners' states say."""

    registry: InProcessRegistry = field(default_factory=InProcessRegistry)

    async def appear(self, agent: str, worker: str, *, busy: int = 0) -> None:
        card = next(card for card in CARDS if card.name == agent)
        state = RunnerState(
            name=agent, busy=busy, slots=card.slots, done=0, failed=0, last_work_at=None
        )
        self.registry.add(card, worker, lambda: state)

    async def leave(self, agent: str, worker: str) -> None:
        self.registry.remove(agent, worker)


class TestInProcessRegistry(RegistryContract):
    @asynccontextmanager
    async def open_registry(self) -> AsyncIterator[Agents]:
        agents = Agents()
        for card in CARDS:
            agents.registry.expect(card)
        yield agents

"""What every registry keeps to: agents that are expected, here, busy, gone."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sutazai.core.agents.port import Registry
from sutazai_contracts.tasks import AgentCard

CARDS = tuple(
    AgentCard(name=name, version="1", description=f"The {name}.", slots=2)
    for name in ("writer", "librarian")
)


class Given(Protocol):
    """The agents' side."""

    @property
    def registry(self) -> Registry:
        """Give the registry."""

    async def appear(self, agent: str, worker: str, *, busy: int = 0) -> None:
        """Let a worker of an agent appear."""

    async def leave(self, agent: str, worker: str) -> None:
        """Let a worker leave."""


class RegistryContract:
    """Subclass and implement `open_registry`; both cards above are expected in it."""

    def open_registry(self) -> AbstractAsyncContextManager[Given]:
        """Open a registry that expects the agents of `CARDS`."""
        raise NotImplementedError

    async def test_expected_agents_are_known_by_name_and_down(self) -> None:
        async with self.open_registry() as given:
            assert given.registry.names() == {"librarian", "writer"}
            states = await given.registry.agents()
            assert [(s.card.name, s.status, s.workers) for s in states] == [
                ("librarian", "down", 0),
                ("writer", "down", 0),
            ]

    async def test_workers_are_taken_together(self) -> None:
        async with self.open_registry() as given:
            await given.appear("writer", "w1")
            await given.appear("writer", "w2", busy=1)
            [_, writer] = await given.registry.agents()
            assert (writer.status, writer.workers, writer.slots, writer.busy) == ("busy", 2, 4, 1)

    async def test_an_idle_agent_is_idle(self) -> None:
        async with self.open_registry() as given:
            await given.appear("writer", "w1")
            [_, writer] = await given.registry.agents()
            assert (writer.status, writer.busy) == ("idle", 0)

    async def test_an_agent_whose_last_worker_left_is_down_and_still_known(self) -> None:
        async with self.open_registry() as given:
            await given.appear("librarian", "w1")
            await given.leave("librarian", "w1")
            await given.leave("librarian", "w1")
            [librarian, _] = await given.registry.agents()
            assert (librarian.status, librarian.workers) == ("down", 0)
            assert "librarian" in given.registry.names()

"""The registry of the embedded profile: the agents are in this process and say themselves."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sutazai.core.agents.port import AgentState
from sutazai.core.agents.workers import together
from sutazai_contracts.tasks import AgentCard
from sutazai_kit.observer import RunnerState


@dataclass(slots=True)
class InProcessRegistry:
    """Know the agents that were put in, and ask their runners how they do."""

    cards: dict[str, AgentCard] = field(default_factory=dict)
    _states: dict[str, dict[str, Callable[[], RunnerState]]] = field(default_factory=dict)

    def add(self, card: AgentCard, worker: str, state: Callable[[], RunnerState]) -> None:
        """Make an agent's worker known, with how to ask it for its state."""
        self.cards[card.name] = card
        self._states.setdefault(card.name, {})[worker] = state

    def expect(self, card: AgentCard) -> None:
        """Make an agent known before any worker of it runs."""
        self.cards[card.name] = card

    def remove(self, agent: str, worker: str) -> None:
        """Forget a worker; its agent stays known and is down when none is left."""
        self._states.get(agent, {}).pop(worker, None)

    def names(self) -> frozenset[str]:
        """Name the agents that are known."""
        return frozenset(self.cards)

    async def agents(self) -> list[AgentState]:
        """List every agent that is known, by name."""
        return [
            together(card, [state() for state in self._states.get(name, {}).values()])
            for name, card in sorted(self.cards.items())
        ]

"""The registry: which agents are here, and how they do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from sutazai_contracts.tasks import AgentCard


@dataclass(frozen=True, slots=True)
class AgentState:
    """An agent with all its workers taken together."""

    card: AgentCard
    status: Literal["idle", "busy", "down"]
    workers: int
    slots: int
    busy: int
    done: int
    failed: int
    last_work_at: datetime | None = None


class Registry(Protocol):
    """Know the agents. Raises `Unavailable` where the registry does not answer."""

    async def agents(self) -> list[AgentState]:
        """List every agent that is known, by name."""

    def names(self) -> frozenset[str]:
        """Name the agents that are known, without asking anyone."""

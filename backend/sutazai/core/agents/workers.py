"""What the workers of an agent say of themselves, taken together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sutazai.core.agents.port import AgentState
from sutazai_contracts.tasks import AgentCard


class Worker(Protocol):
    """A worker as it says itself; `done` and `failed` count since its start."""

    @property
    def busy(self) -> int:
        """Count the tasks in work."""

    @property
    def slots(self) -> int:
        """Count the tasks it takes at once."""

    @property
    def done(self) -> int:
        """Count what it finished."""

    @property
    def failed(self) -> int:
        """Count what it refused or what broke it."""

    @property
    def last_work_at(self) -> datetime | None:
        """Say when it last ended a task."""


def together(card: AgentCard, workers: Sequence[Worker]) -> AgentState:
    """Take an agent's workers together; without any it is down."""
    busy = sum(worker.busy for worker in workers)
    worked = [worker.last_work_at for worker in workers if worker.last_work_at is not None]
    return AgentState(
        card=card,
        status="down" if not workers else "busy" if busy else "idle",
        workers=len(workers),
        slots=sum(worker.slots for worker in workers),
        busy=busy,
        done=sum(worker.done for worker in workers),
        failed=sum(worker.failed for worker in workers),
        last_work_at=max(worked, default=None),
    )

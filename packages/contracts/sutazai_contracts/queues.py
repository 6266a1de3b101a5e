"""Names of the queues, and the two messages that travel on them."""

from uuid import UUID

from sutazai_contracts.tasks import Message

OUTCOMES = "core.outcomes"
DEAD = "dead"


def task_queue(agent: str) -> str:
    """Name the queue of wake-ups of one agent."""
    return f"tasks.{agent}"


class WakeUp(Message):
    """There may be work for this agent. A hint and nothing more: the record is the ledger."""

    id: UUID
    agent: str

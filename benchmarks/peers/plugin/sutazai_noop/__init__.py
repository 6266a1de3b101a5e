"""The agent `noop`: gives back what it is given; tells when it starts, where it is asked to."""

from pydantic import BaseModel

from benchmarks.peers.starts import tell_start
from sutazai_kit import Agent, AgentContext

noop = Agent("noop", description="Does nothing.", version="1", slots=32)


class Given(BaseModel):
    """What it is given, and gives back."""

    goal: str


@noop.handler
async def do_nothing(task: Given, ctx: AgentContext) -> Given:
    """Give it back."""
    tell_start(task.goal)
    return task

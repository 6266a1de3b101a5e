"""What the agents of the simulation do: take their time, have effects, fail as often as drawn."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from pydantic import BaseModel

from sutazai_kit import Agent, AgentContext, Retry
from tests.simulation.trace import Trace, short
from tests.simulation.transport import Weather


class Work(BaseModel):
    """The input of every step."""

    step: str
    goal: str
    heard: list[str]


class Done(BaseModel):
    """The output of every step; it says which attempt made it."""

    said: str
    attempt: int


@dataclass
class Effects:
    """A service outside that does a thing once for each key, and remembers all calls."""

    trace: Trace
    calls: list[tuple[UUID, UUID, str, int]] = field(default_factory=list)
    done: Counter[UUID] = field(default_factory=Counter)

    def take(self, key: UUID, run: UUID, step: str, attempt: int) -> None:
        """Do what the key stands for, unless it is done."""
        self.calls.append((key, run, step, attempt))
        self.done[key] += 1
        self.trace("effects", "effect", short(run), step, short(key), attempt)


@dataclass
class Behaviours:
    """How each step of each run behaves, drawn from the seed and the names alone."""

    seed: int
    effects: Effects
    weather: Weather
    attempts: Counter[tuple[UUID, str]] = field(default_factory=Counter)

    def of(self, goal: str, step: str) -> "Behaviour":
        """Draw how a step behaves."""
        random = Random(f"{self.seed}/{goal}/{step}")
        return Behaviour(
            seconds=random.choice((0.01, 0.1, 0.5, 2.0, 5.0)) * random.uniform(0.5, 1.5),
            items=random.randint(0, 2),
            failures=random.choice((0, 0, 0, 0, 1, 2)),
            crashes=random.random() < 0.3,
        )

    async def work(self, task: Work, ctx: AgentContext) -> Done:
        """Do a step."""
        behaviour = self.of(task.goal, task.step)
        self.attempts[ctx.run, task.step] += 1
        await ctx.progress("begun")
        await asyncio.sleep(behaviour.seconds / 2)
        for item in range(behaviour.items):
            await self.weather.latency()
            self.effects.take(ctx.effect_key(str(item)), ctx.run, task.step, ctx.attempt)
            await ctx.progress("had an effect", item + 1, behaviour.items)
        await asyncio.sleep(behaviour.seconds / 2)
        if self.attempts[ctx.run, task.step] <= behaviour.failures:
            if behaviour.crashes:
                raise RuntimeError(f"as drawn #{ctx.attempt}")
            raise Retry(f"as drawn #{ctx.attempt}", after_s=0.5)
        return Done(said=f"{task.step} of {task.goal}", attempt=ctx.attempt)


@dataclass(frozen=True)
class Behaviour:
    """How one step behaves: its time, its effects, and how its first calls fail."""

    seconds: float
    items: int
    failures: int
    crashes: bool


def make_agent(name: str, slots: int, behaviours: Behaviours) -> Agent:
    """Make an agent whose handler behaves as drawn."""
    agent = Agent(name, description="Behave as drawn.", version="1", slots=slots)

    @agent.handler
    async def work(task: Work, ctx: AgentContext) -> Done:
        return await behaviours.work(task, ctx)

    return agent

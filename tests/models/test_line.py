"""The line before a real Ollama: people pass fifty batch calls, tenants share alike."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

import pytest

from sutazai.adapters.cache.inprocess import InProcessCache
from sutazai.adapters.slots.inprocess import InProcessSlots
from sutazai.core.models.answers import KeptAnswers
from sutazai.core.models.line import LineRules
from sutazai.core.models.lines import Lines
from sutazai.core.models.metering import Metering
from sutazai.core.models.model import CallRecord, ModelUse
from sutazai.core.models.routing import Routes
from sutazai.core.models.runtimes import Candidate, Runtimes
from sutazai.core.models.service import Models as Core
from sutazai_contracts.models import ChatMessage, ModelRequest
from sutazai_contracts.tasks import Claim
from sutazai_kit.asking import ModelAccess, Models
from sutazai_kit.model.ollama import OllamaConfig, open_ollama
from sutazai_kit.model.port import Delta
from sutazai_kit.slots.port import CallReport, Chosen, OnPlace, Priority, Slot, SlotRequest, Wish
from tests.support.ollama import Ollama
from tests.unit.kit.virtual_time import until

AGE_S = 5.0
BATCH_CALLS = 50
BATCH_TOKENS = 200
IDLE_CALLS, PEOPLE = 20, 20
SHARED_CALLS = 200


class NoRecord:
    """A record that keeps nothing: what calls cost is not looked at here."""

    async def keep_calls(self, calls: Sequence[CallRecord]) -> None:
        """Keep nothing."""

    async def used(self, tenant: UUID, since: datetime) -> list[ModelUse]:
        return []


@dataclass
class Served:
    """A call with its times: when it asked, had its slot, and gave it back."""

    tenant: UUID
    priority: Priority
    asked_at: float
    granted_at: float = 0.0
    ended_at: float = float("inf")


@dataclass
class Watched:
    """The line as it is, with a note of who was served when."""

    slots: InProcessSlots
    served: dict[UUID, Served] = field(default_factory=dict)
    ended: list[Served] = field(default_factory=list)

    async def choose(self, wish: Wish) -> Chosen | None:
        return await self.slots.choose(wish)

    async def acquire(self, request: SlotRequest, on_place: OnPlace) -> Slot:
        note = Served(request.tenant, request.priority, time.monotonic())
        slot = await self.slots.acquire(request, on_place)
        note.granted_at = time.monotonic()
        self.served[slot.id] = note
        return slot

    async def renew(self, slot: Slot) -> bool:
        return await self.slots.renew(slot)

    def release(self, slot: Slot, report: CallReport) -> None:
        note = self.served[slot.id]
        note.ended_at = time.monotonic()
        self.ended.append(note)
        self.slots.release(slot, report)


@dataclass
class Clock:
    """The time of day as the line sees it, which a test moves on."""

    ahead_s: float = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


@dataclass
class World:
    """Core's line before the real runtime, and agents that ask."""

    watched: Watched
    runtimes: Runtimes
    lines: Lines
    clock: Clock

    @property
    def waiting(self) -> int:
        """Count the calls in line."""
        return sum(state.waiting for state in self.lines.states())

    def models(self, tenant: UUID) -> Models:
        """Give the way to models of a task of a tenant."""
        claim = Claim(
            task=uuid4(),
            run=uuid4(),
            tenant=tenant,
            step="write",
            agent="writer",
            attempt=1,
            token=uuid4(),
            lease_s=60,
            timeout_s=600,
            input={},
        )
        access = ModelAccess(self.watched, self.runtimes.model)
        return Models(access, claim, lambda progress: None, lambda name, amount: None)

    async def ask(self, tenant: UUID, tokens: int, priority: Priority) -> float:
        """Ask something nobody asked before; gives the seconds to the first token."""
        models = self.models(tenant)
        chosen = await models.choose()
        assert chosen is not None
        # What differs comes first, so that no prompt is in the runtime's cache.
        message = ChatMessage(role="user", content=f"{uuid4()}: tell me of the lighthouse.")
        request = ModelRequest(model=chosen.model, messages=(message,), max_tokens=tokens, seed=1)
        begun = time.monotonic()
        first_s: float | None = None
        async with aclosing(models.stream(chosen, request, priority=priority)) as answer:
            async for event in answer:
                if first_s is None and isinstance(event, Delta):
                    first_s = time.monotonic() - begun
        assert first_s is not None
        return first_s


@pytest.fixture
async def world(ollama: Ollama) -> AsyncIterator[World]:
    clock = Clock()
    lines = Lines(LineRules(parallel=1, age_s=AGE_S), clock=clock)
    config = OllamaConfig(base_url=ollama.url, num_ctx=1024, num_thread=1)
    runtimes = Runtimes([Candidate("ollama", lambda: open_ollama(config))], answer_s=30)
    await runtimes.look()
    routes = Routes(roles={"default": ("tiny",)}, num_ctx=1024)
    core = Core(runtimes, lines, routes, Metering(NoRecord()), KeptAnswers(InProcessCache(), 0))
    looking = asyncio.create_task(lines.run())
    yield World(Watched(InProcessSlots(core)), runtimes, lines, clock)
    looking.cancel()
    await runtimes.aclose()


async def keep_asking(world: World, tenant: UUID, tokens: int) -> None:
    """Make one batch call after the other."""
    while True:
        await world.ask(tenant, tokens, "batch")


async def stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1) + 0.5)]


@pytest.mark.timeout(300)
@pytest.mark.requirement("C6", part="resource arbitration for the one slow model runtime: priority")
async def test_a_person_waits_for_one_of_fifty_batch_calls_at_most(world: World) -> None:
    person, dice = uuid4(), random.Random(4)
    idle = [await world.ask(person, 8, "interactive") for _ in range(IDLE_CALLS)]
    tenants = [uuid4() for _ in range(5)]
    batch = [
        asyncio.create_task(keep_asking(world, tenants[number % 5], BATCH_TOKENS))
        for number in range(BATCH_CALLS)
    ]
    await until(lambda: world.waiting == BATCH_CALLS - 1, 60)
    # Each batch call that waits has now waited long enough to count as interactive.
    world.clock.ahead_s += AGE_S
    waited = []
    for _ in range(PEOPLE):
        await asyncio.sleep(dice.uniform(0, 0.5))
        waited.append(await world.ask(person, 8, "interactive"))
    whole = [one for one in world.watched.ended if one.priority == "batch"]
    await stop(batch)
    took = [one.ended_at - one.granted_at for one in whole]
    print(
        f"first token, seconds: idle p95 {p95(idle):.3f}, before {BATCH_CALLS} batch calls p95 "
        f"{p95(waited):.3f}; a batch call p95 {p95(took):.3f} of {len(took)}"
    )
    assert p95(waited) <= p95(idle) + 1.2 * p95(took)
    for one in world.watched.ended:
        if one.priority == "interactive":
            before = [
                b for b in whole if b.granted_at < one.granted_at and b.ended_at > one.asked_at
            ]
            assert len(before) <= 1


@pytest.mark.timeout(300)
@pytest.mark.requirement(
    "C6",
    part="resource arbitration for the one slow model runtime: tenants share alike",
)
async def test_over_200_calls_tenants_share_alike_whatever_their_calls_take(world: World) -> None:
    tokens = {uuid4(): 20, uuid4(): 40, uuid4(): 60}
    asking = [
        asyncio.create_task(keep_asking(world, tenant, length))
        for tenant, length in tokens.items()
        for _ in range(5)
    ]
    await until(lambda: len(world.watched.ended) >= SHARED_CALLS, 280)
    calls = world.watched.ended[:SHARED_CALLS]
    await stop(asking)
    used = dict.fromkeys(tokens, 0.0)
    for call in calls:
        used[call.tenant] += call.ended_at - call.granted_at
    fair = sum(used.values()) / len(used)
    print("seconds used:", ", ".join(f"{seconds:.2f}" for seconds in used.values()))
    assert all(abs(seconds - fair) <= 0.2 * fair for seconds in used.values())

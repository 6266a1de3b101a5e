"""An agent that has nothing of core but the internal API: its runner, its ports, its work."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel

from sutazai.core.agents.tokens import new_token
from sutazai.core.runs.service import NewRun
from sutazai_contracts.models import ChatMessage, ModelRequest
from sutazai_contracts.queues import OUTCOMES
from sutazai_contracts.tasks import Claim, Outcome, Succeeded
from sutazai_kit import Agent, AgentContext, AgentPorts
from sutazai_kit.asking import ModelAccess
from sutazai_kit.bus.memory import MemoryBus
from sutazai_kit.files.http import HttpFiles
from sutazai_kit.joining.http import HttpJoining
from sutazai_kit.ledger.http import HttpLedger
from sutazai_kit.live.http import HttpLive
from sutazai_kit.live.port import LiveText
from sutazai_kit.model.scripted import ScriptedConfig, open_scripted
from sutazai_kit.runner import Runner
from sutazai_kit.slots.http import HttpSlots
from tests.contract.files.suite import stream
from tests.integration.internal.serving import SMALL, Served, served
from tests.integration.knowledge.conftest import world  # noqa: F401
from tests.integration.knowledge.world import World
from tests.integration.ledger.conftest import Ledger, ledger  # noqa: F401

DEADLINE_S = 20.0
SAID = "An answer, by a model."


class Asked(BaseModel):
    """What the workflow hands over."""

    goal: str


class Answered(BaseModel):
    """What the agent made of it."""

    text: str
    sha256: str


def agent() -> Agent:
    """Make an agent that uses all that core gives."""
    worker = Agent("worker", description="Works.", version="1", speaks="text")

    @worker.handler
    async def work(task: Asked, ctx: AgentContext) -> Answered:
        chosen = await ctx.models.choose("writer")
        assert chosen is not None
        question = ChatMessage(role="user", content=task.goal)
        text = ""
        async with aclosing(
            ctx.models.stream(chosen, ModelRequest(model=chosen.model, messages=(question,)))
        ) as answer:
            async for event in answer:
                if piece := getattr(event, "text", ""):
                    text += piece
                    await ctx.say(piece)
        await ctx.progress("written")
        stored = await ctx.files.put(ctx.tenant, stream([text.encode()]))
        assert await ctx.files.read(ctx.tenant, stored.sha256) == text.encode()
        return Answered(text=text, sha256=stored.sha256)

    return worker


async def test_an_agent_works_with_nothing_but_the_internal_api(
    ledger: Ledger,  # noqa: F811
    tmp_path: Path,
) -> None:
    bus = MemoryBus()
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(
            served(ledger.database, tmp_path, tasks=ledger.tasks)
        )
        script = ScriptedConfig(names=(SMALL,), default=SAID)
        model = await stack.enter_async_context(open_scripted(script))
        client = await core.core("worker")
        slots, live = HttpSlots(client), HttpLive(client)

        def bind(ports: AgentPorts, claim: Claim) -> AgentPorts:
            return replace(ports, files=HttpFiles(client, claim), live=live.bound(claim))

        ports = AgentPorts(models=ModelAccess(slots, lambda provider: model), bind=bind)
        run = await ledger.submit()
        watching = asyncio.create_task(heard(core, run))
        async with Runner(agent(), HttpLedger(client), bus, ports, worker="far:1"):
            outcome = await first_outcome(bus)
        assert isinstance(outcome.result, Succeeded)
        assert await ledger.tasks.apply([outcome]) == 1
        assert (await ledger.event_types(run))[-1] == "run.succeeded"
        assert await watching == SAID
        await slots.aclose()
        [call] = core.kept.calls
        assert (call.request.tenant, call.request.run) == (ledger.tenant, run)
        kept = core.parts.files.open(ledger.tenant, outcome.result.output["sha256"])
        assert b"".join([part async for part in kept]) == SAID.encode()
        assert core.announced == [("worker", "far:1")]


class Wanted(BaseModel):
    """Nothing: the agent knows what it wants."""


class Found(BaseModel):
    """What the agent was told."""

    near: list[UUID]


async def test_an_agent_is_told_what_is_joined_in_the_collection_of_its_task(
    world: World,  # noqa: F811
    tmp_path: Path,
) -> None:
    reader = replace(world, reads_facts=True)
    await reader.add("first.txt", "The Zephyr 9 was built by Halden Works.")
    await reader.add("second.txt", "We visited Halden Works in Trondheim.")
    rows = reader.database.query(
        "SELECT k.id FROM chunks k JOIN document_versions v ON v.id = k.version_id"
        " JOIN documents d ON d.id = v.document_id ORDER BY d.name"
    )
    first, second = (UUID(str(row[0])) for row in rows)
    asker = Agent("researcher", description="Asks.", version="1")

    @asker.handler
    async def ask(task: Wanted, ctx: AgentContext) -> Found:
        return Found(near=[*(await ctx.joined([first])).near])

    new = NewRun(workflow="ask", goal="What?", collection_name="default")
    await reader.runs.start(reader.tenant, new)
    bus, tokens = MemoryBus(), {"researcher": new_token()}
    async with served(reader.database, tmp_path, tasks=reader.tasks, tokens=tokens) as core:
        client = await core.core("researcher")
        ports = AgentPorts(joining=HttpJoining(client))
        async with Runner(asker, HttpLedger(client), bus, ports, worker="far:1"):
            outcome = await first_outcome(bus)
    assert outcome.result == Succeeded(output={"near": [str(second)]})


async def first_outcome(bus: MemoryBus) -> Outcome:
    """Take the first outcome that comes."""
    async with asyncio.timeout(DEADLINE_S), bus.consume(OUTCOMES, prefetch=1) as deliveries:
        async for delivery in deliveries:
            await delivery.ack()
            return Outcome.model_validate_json(delivery.body)
    raise AssertionError("the bus was closed")


async def heard(core: Served, run: UUID) -> str:
    """Listen to a run's only step to its end."""
    text = LiveText()
    async with asyncio.timeout(DEADLINE_S), aclosing(core.parts.live.watch(run)) as batches:
        async for batch in batches:
            for frame in batch:
                text.take(frame)
            if text.ended:
                break
    return text.text

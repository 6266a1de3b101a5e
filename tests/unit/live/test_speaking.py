"""`ctx.say` through the real runner, and through `run_agent`."""

import asyncio
from contextlib import aclosing

import pytest
from pydantic import BaseModel

from sutazai_contracts.errors import Unavailable
from sutazai_contracts.frames import Frame
from sutazai_contracts.queues import OUTCOMES
from sutazai_kit import Agent, AgentContext, AgentPorts, Retry
from sutazai_kit.bus.memory import MemoryBus
from sutazai_kit.live.memory import MemoryLive
from sutazai_kit.live.port import LiveText
from sutazai_kit.runner import Runner
from sutazai_kit.testing import run_agent
from tests.unit.kit.ledger_twin import LedgerTwin, wake
from tests.unit.kit.virtual_time import until, virtual_time


class Told(BaseModel):
    words: list[str]
    fails: int = 0
    forever: bool = False
    final: str | None = None


class Text(BaseModel):
    text: str


speaker = Agent("speaker", description="Say words.", version="1", speaks="text")


@speaker.handler
async def speak(task: Told, ctx: AgentContext) -> Text:
    said = ""
    for word in task.words:
        piece = f"{ctx.attempt}:{word} "
        await ctx.say(piece)
        said += piece
        await asyncio.sleep(0.01)
    if ctx.attempt <= task.fails:
        raise Retry("not yet")
    if task.forever:
        await asyncio.Event().wait()
    return Text(text=said if task.final is None else task.final)


async def listen(live: MemoryLive, run: object, frames: list[Frame]) -> None:
    async with aclosing(live.watch(run)) as batches:  # type: ignore[arg-type]
        async for batch in batches:
            frames += batch


@virtual_time
async def test_what_an_agent_says_is_heard_attempt_by_attempt_before_its_outcome() -> None:
    ledger, bus, live = LedgerTwin(), MemoryBus(), MemoryLive()
    row = ledger.submit(words=["one", "two", "three"] * 10, fails=1)
    frames: list[Frame] = []
    listening = asyncio.create_task(listen(live, row.run, frames))
    async with Runner(speaker, ledger, bus, AgentPorts(live=live), worker="here:1"):
        await until(lambda: bus.depths().get(OUTCOMES))
        assert frames[-1].last
        core = asyncio.create_task(ledger.apply_outcomes(bus))
        await until(lambda: row.kinds == ["retry"])
        await wake(bus, "speaker")
        await until(lambda: row.kinds == ["retry", "succeeded"])
    core.cancel()
    listening.cancel()
    assert {(f.task, f.step) for f in frames} == {(row.id, "do")}
    attempts = [frame.attempt for frame in frames]
    assert sorted(set(attempts)) == [1, 2]
    assert attempts == sorted(attempts)
    assert len(frames) < 30, "small pieces travel together"
    text = LiveText()
    for frame in frames:
        text.take(frame)
    assert (text.attempt, text.start, text.ended) == (2, 0, True)
    assert row.outcomes[-1].result.model_dump()["output"] == {"text": text.text}


@virtual_time
async def test_a_time_out_ends_the_text() -> None:
    ledger, bus, live = LedgerTwin(), MemoryBus(), MemoryLive()
    row = ledger.submit(timeout_s=1, words=["one", "two"], forever=True)
    frames: list[Frame] = []
    listening = asyncio.create_task(listen(live, row.run, frames))
    core = asyncio.create_task(ledger.apply_outcomes(bus))
    async with Runner(speaker, ledger, bus, AgentPorts(live=live), worker="here:1"):
        await until(lambda: row.kinds == ["crashed"])
    core.cancel()
    listening.cancel()
    assert "".join(frame.text for frame in frames) == "1:one 1:two "
    assert frames[-1].last


@virtual_time
@pytest.mark.parametrize("final", ["1:one 1:two ", "1:one 1:two and more", "1:one", "Another.", ""])
async def test_whatever_was_said_the_text_is_in_the_end_what_the_output_reads(final: str) -> None:
    ledger, bus, live = LedgerTwin(), MemoryBus(), MemoryLive()
    row = ledger.submit(words=["one", "two"], final=final)
    core = asyncio.create_task(ledger.apply_outcomes(bus))
    async with Runner(speaker, ledger, bus, AgentPorts(live=live), worker="here:1"):
        await until(lambda: row.kinds == ["succeeded"])
    core.cancel()
    async with aclosing(live.watch(row.run)) as batches:
        [late] = await anext(batches)
    assert (late.text, late.offset, late.last) == (final, 0, True)
    assert late.revision == (not final.startswith("1:one 1:two "))


silent = Agent("silent", description="Say what it did not declare.", version="1")


@silent.handler
async def whisper(task: Told, ctx: AgentContext) -> Text:
    await ctx.say("psst")
    return Text(text="psst")


async def test_an_agent_that_does_not_declare_what_it_speaks_is_told_so() -> None:
    result = await run_agent(silent, Told(words=[]))
    assert "declare with `speaks=`" in result.result.model_dump()["reason"]


def test_what_an_agent_speaks_is_a_text_of_its_output() -> None:
    for field in ("words", "texts"):
        agent = Agent("speaker", description="Say words.", version="1", speaks=field)
        with pytest.raises(TypeError, match="no text of its result"):
            agent.handler(speak)


class Broken(MemoryLive):
    """Take everything and never deliver an end."""

    async def close(self, task: object, attempt: int) -> None:
        raise Unavailable("the stream is away")


@virtual_time
async def test_work_goes_on_where_nothing_carries_the_words() -> None:
    for live in (Broken(), None):
        ledger, bus = LedgerTwin(), MemoryBus()
        row = ledger.submit(words=["one"])
        core = asyncio.create_task(ledger.apply_outcomes(bus))
        async with Runner(speaker, ledger, bus, AgentPorts(live=live), worker="here:1"):
            await until(lambda row=row: row.kinds == ["succeeded"])  # type: ignore[misc]
        core.cancel()


async def test_a_test_of_an_agent_sees_what_it_said() -> None:
    result = await run_agent(speaker, Told(words=["one", "two"]))
    assert result.said == result.output.text == "1:one 1:two "

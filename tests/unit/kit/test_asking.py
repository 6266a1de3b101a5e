"""`ctx.models`: choosing, waiting, asking, metering, giving back in every way a call can end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel

from sutazai_contracts.errors import LeaseLost, LineFull, ModelUnavailable
from sutazai_contracts.models import ChatMessage, ModelRequest
from sutazai_contracts.tasks import Progress, Refused, RetryLater, Succeeded
from sutazai_kit import Agent, AgentContext, AgentPorts
from sutazai_kit.asking import ModelAccess
from sutazai_kit.execution import Stop, execute
from sutazai_kit.model.port import Delta, Finished
from sutazai_kit.model.price import Price
from sutazai_kit.model.scripted import Rule, ScriptedConfig, ScriptedModel, open_scripted
from sutazai_kit.slots.port import CallReport, Chosen, OnPlace, Slot, SlotRequest, Wish
from sutazai_kit.testing import give_model, run_agent
from tests.support.claims import a_claim
from tests.unit.kit.virtual_time import until

CHOSEN = Chosen(model="scripted", provider="scripted", num_ctx=2048, json_schema=True)


class Question(BaseModel):
    text: str = "Why?"


class Answer(BaseModel):
    text: str = ""


@dataclass
class Line:
    """A line that does as it is told, and notes what it is asked."""

    asked: list[SlotRequest] = field(default_factory=list)
    released: list[tuple[Slot, CallReport]] = field(default_factory=list)
    renewed: int = 0
    keep: bool = True
    places: tuple[int, ...] = ()
    full: bool = False
    waited_s: float = 0.0
    lease_s: float = 30.0

    async def choose(self, wish: Wish) -> Chosen | None:
        return CHOSEN if wish.role != "none" else None

    async def acquire(self, request: SlotRequest, on_place: OnPlace) -> Slot:
        self.asked.append(request)
        if self.full:
            raise LineFull(retry_after_s=7)
        for place in self.places:
            on_place(place)
        return Slot(id=uuid4(), lease_s=self.lease_s, waited_s=self.waited_s)

    async def renew(self, slot: Slot) -> bool:
        self.renewed += 1
        return self.keep

    def release(self, slot: Slot, report: CallReport) -> None:
        self.released.append((slot, report))

    @property
    def endings(self) -> list[tuple[str, str | None]]:
        return [(report.ending, report.error) for _, report in self.released]


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    config = ScriptedConfig(
        rules=(
            Rule(when="break", say=("one two three",), fail="broken_off", after=2),
            Rule(when="long", say=("word " * 500,)),
            Rule(say=("An answer.",)),
        ),
        prices={"scripted": Price(prompt=1_000_000, completion=0)},
    )
    async with open_scripted(config) as opened:
        yield opened


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def ports(line: Line, model: ScriptedModel) -> AgentPorts:
    return AgentPorts(models=ModelAccess(line, lambda provider: model))


def request(text: str = "Why?", **fields: object) -> ModelRequest:
    message = ChatMessage(role="user", content=text)
    return ModelRequest.model_validate({"model": "any", "messages": [message], **fields})


def context(ports: AgentPorts, progress: list[Progress] | None = None) -> AgentContext:
    claim = a_claim()
    return AgentContext(claim, ports, (progress if progress is not None else []).append)


async def test_a_call_takes_a_slot_streams_meters_and_gives_it_back(
    line: Line, ports: AgentPorts, model: ScriptedModel
) -> None:
    ctx = context(ports)
    chosen = await ctx.models.choose("writer")
    assert chosen == CHOSEN
    events = []
    async with aclosing(ctx.models.stream(chosen, request(), priority="batch")) as answer:
        async for event in answer:
            events.append(event)
    assert "".join(event.text for event in events if isinstance(event, Delta)) == "An answer."
    assert isinstance(events[-1], Finished)
    (asked,) = line.asked
    assert (asked.tenant, asked.run, asked.task) == (ctx.tenant, ctx.run, ctx.task)
    assert (asked.agent, asked.model, asked.priority) == ("writer", "scripted", "batch")
    assert (model.asked[0].model, model.asked[0].num_ctx) == ("scripted", 2048)
    usage = events[-1].usage
    assert [report.usage for _, report in line.released] == [usage]
    assert line.endings == [("stop", None)]
    assert ctx.usage == {
        "model_calls": 1,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "model_seconds": usage.total_s,
        "cost": float(usage.prompt_tokens),
    }


async def test_a_whole_answer_and_one_by_schema(line: Line, ports: AgentPorts) -> None:
    ctx = context(ports)
    whole = await ctx.models.complete(CHOSEN, request(max_tokens=1))
    assert (whole.reason, whole.usage.completion_tokens) == ("length", 1)
    made = await ctx.models.structured(CHOSEN, request(), Answer)
    assert isinstance(made.value, Answer)
    assert line.endings == [("length", None), ("stop", None)]
    assert ctx.usage["model_calls"] == 2


async def test_what_is_left_in_the_middle_gives_the_slot_back_and_stops_the_runtime(
    line: Line, ports: AgentPorts, model: ScriptedModel
) -> None:
    ctx = context(ports)
    async with aclosing(ctx.models.stream(CHOSEN, request("long story"))) as answer:
        async for event in answer:
            assert isinstance(event, Delta)
            break
    assert model.generating == 0
    ((_, report),) = line.released
    assert (report.ending, report.usage.exact) == ("cancelled", False)
    assert (report.usage.completion_tokens, report.usage.prompt_tokens) == (1, 2)
    assert report.usage.first_token_s is not None


async def test_a_task_that_is_cancelled_gives_the_slot_back() -> None:
    line = Line()
    slow = ScriptedConfig(first_s=3600)
    async with open_scripted(slow) as silent:
        ctx = context(AgentPorts(models=ModelAccess(line, lambda provider: silent)))
        asking = asyncio.create_task(ctx.models.complete(CHOSEN, request()))
        await until(lambda: silent.generating, 5)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert silent.generating == 0
    assert line.endings == [("cancelled", None)]
    assert line.released[0][1].usage.prompt_tokens == 0


async def test_a_runtime_that_breaks_off_gives_the_slot_back_with_the_reason(
    line: Line, ports: AgentPorts
) -> None:
    ctx = context(ports)
    with pytest.raises(ModelUnavailable):
        await ctx.models.complete(CHOSEN, request("break"))
    assert line.endings == [("failed", "model_unavailable")]
    assert line.released[0][1].usage.completion_tokens == 2


async def test_a_consumer_that_fails_gives_the_slot_back(line: Line, ports: AgentPorts) -> None:
    ctx = context(ports)

    async def consume() -> None:
        async with aclosing(ctx.models.stream(CHOSEN, request())) as answer:
            async for _ in answer:
                raise KeyError("a bug of the agent")

    with pytest.raises(KeyError):
        await consume()
    assert line.endings == [("cancelled", None)]


async def test_a_full_line_and_a_runtime_that_left_are_said(line: Line) -> None:
    def gone(provider: str) -> ScriptedModel:
        raise ModelUnavailable("It is not in use now.")

    line.full = True
    async with open_scripted(ScriptedConfig()) as model:
        ctx = context(AgentPorts(models=ModelAccess(line, lambda provider: model)))
        with pytest.raises(LineFull):
            await ctx.models.complete(CHOSEN, request())
    ctx = context(AgentPorts(models=ModelAccess(line, gone)))
    with pytest.raises(ModelUnavailable, match="not in use"):
        await ctx.models.complete(CHOSEN, request())
    assert line.released == []
    assert ctx.usage == {}


async def test_the_wait_in_line_is_told_and_counts_against_the_deadline(
    line: Line, ports: AgentPorts, model: ScriptedModel
) -> None:
    line.places, line.waited_s = (3, 1), 4.0
    progress: list[Progress] = []
    await context(ports, progress).models.complete(CHOSEN, request(deadline_s=10))
    assert [told.message for told in progress] == [
        "Waiting for the model scripted: place 3 in line.",
        "Waiting for the model scripted: it is next.",
    ]
    assert line.asked[0].deadline_s == 10
    assert model.asked[0].deadline_s == 6


@pytest.mark.parametrize("asked", [{}, {"deadline_s": 1000.0}])
async def test_no_call_may_take_all_the_time_of_its_task(
    line: Line, ports: AgentPorts, model: ScriptedModel, asked: dict[str, Any]
) -> None:
    ctx = context(ports)
    await ctx.models.complete(CHOSEN, request(**asked))
    await ctx.models.structured(CHOSEN, request(**asked), Answer)
    told = [each.deadline_s for each in line.asked] + [each.deadline_s for each in model.asked]
    for deadline_s in told:
        assert deadline_s is not None
        assert 0.5 * 60 < deadline_s <= 0.6 * 60


async def test_a_slot_is_renewed_while_the_call_lasts_and_a_lost_one_ends_it() -> None:
    line = Line(lease_s=0.03)
    async with open_scripted(ScriptedConfig(piece_s=0.01)) as model:
        ctx = context(AgentPorts(models=ModelAccess(line, lambda provider: model)))

        async def listen() -> None:
            async with asyncio.timeout(10), aclosing(ctx.models.stream(CHOSEN, request())) as said:
                async for _ in said:
                    line.keep = line.renewed < 3

        with pytest.raises(ModelUnavailable, match="taken back"):
            await listen()
        assert line.renewed >= 3
        assert model.generating == 0
    assert line.endings == [("failed", "model_unavailable")]


async def test_tokens_are_counted_without_a_turn(line: Line, ports: AgentPorts) -> None:
    count = await context(ports).models.count_tokens(CHOSEN, "one two")
    assert (count.tokens, count.exact) == (2, True)
    assert line.asked == []


async def test_without_models_there_is_none_to_choose_and_none_to_ask() -> None:
    ctx = context(AgentPorts())
    assert await ctx.models.choose() is None
    with pytest.raises(ModelUnavailable, match="no way to models"):
        await ctx.models.complete(CHOSEN, request())


async def test_when_the_claim_ends_what_is_held_is_given_back(
    line: Line, ports: AgentPorts
) -> None:
    ctx = context(ports)
    answer = ctx.models.stream(CHOSEN, request("long story"))
    assert isinstance(await anext(answer), Delta)
    ctx.close()
    assert line.endings == [("cancelled", None)]
    with pytest.raises(ModelUnavailable):
        await anext(answer)
    with pytest.raises(LeaseLost):
        await ctx.models.complete(CHOSEN, request())
    assert len(line.released) == 1


writer = Agent("writer", description="Writes.", version="1")


@writer.handler
async def write(task: Question, ctx: AgentContext) -> Answer:
    chosen = await ctx.models.choose("writer")
    if chosen is None:
        return Answer(text="no model")
    whole = await ctx.models.complete(chosen, request(task.text))
    return Answer(text=whole.text)


async def test_an_agent_under_test_asks_a_script(line: Line, ports: AgentPorts) -> None:
    done = await run_agent(writer, Question(), ports=ports)
    assert isinstance(done.result, Succeeded)
    assert done.output.text == "An answer."
    assert done.usage["model_calls"] == 1
    assert (await run_agent(writer, Question())).output.text == "no model"


async def test_an_agent_under_test_is_given_a_model_in_a_word(model: ScriptedModel) -> None:
    ports = AgentPorts(models=give_model(model))
    assert (await run_agent(writer, Question(), ports=ports)).output.text == "An answer."
    plain = context(AgentPorts(models=give_model(model, json_schema=False, num_ctx=1024)))
    assert await plain.models.choose(needs_schema=True) is None
    chosen = await plain.models.choose()
    assert chosen is not None
    await plain.models.complete(chosen, request())
    assert model.asked[-1].num_ctx == 1024


async def test_a_full_line_is_an_attempt_later(line: Line, ports: AgentPorts) -> None:
    line.full = True
    result = (await run_agent(writer, Question(), ports=ports)).result
    assert isinstance(result, RetryLater)
    assert result.after_s == 7


async def test_a_question_too_long_is_refused(line: Line, ports: AgentPorts) -> None:
    result = (await run_agent(writer, Question(text="word " * 5000), ports=ports)).result
    assert isinstance(result, Refused)
    assert line.endings == [("failed", "context_too_small")]


async def test_an_agent_that_leaves_an_answer_open_keeps_no_slot(
    line: Line, ports: AgentPorts
) -> None:
    careless = Agent("careless", description="Leaves things open.", version="1")
    open_answers = []

    @careless.handler
    async def leave(task: Question, ctx: AgentContext) -> Answer:
        answer = ctx.models.stream(CHOSEN, request("long story"))
        open_answers.append(answer)
        await anext(answer)
        return Answer()

    await run_agent(careless, Question(), ports=ports)
    assert line.endings == [("cancelled", None)]
    await open_answers[0].aclose()
    assert len(line.released) == 1


async def test_a_claim_that_is_lost_takes_the_slot_along(line: Line) -> None:
    async with open_scripted(ScriptedConfig(first_s=3600)) as model:
        ports = AgentPorts(models=ModelAccess(line, lambda provider: model))
        ctx = context(ports)
        claim = ctx._claim.model_copy(update={"input": {"text": "Why?"}})
        stop: asyncio.Future[Stop] = asyncio.get_running_loop().create_future()
        running = asyncio.create_task(execute(writer, claim, ctx, stop=stop))
        await until(lambda: model.generating, 5)
        stop.set_result(Stop.LOST)
        assert (await running).result is None
        assert model.generating == 0
    assert line.endings == [("cancelled", None)]

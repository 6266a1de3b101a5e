"""One call of a handler through `sutazai_kit.testing`: its context, and how its end is mapped."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID, uuid4, uuid5

import pytest
from pydantic import BaseModel, Field

from sutazai_contracts.errors import (
    EmbedderUnavailable,
    InvalidInput,
    NotFound,
    QueueFull,
    UnreadableDocument,
)
from sutazai_contracts.knowledge import CollectionGrant, EmbeddingModel
from sutazai_contracts.tasks import Crashed, Progress, Refused, Result, RetryLater, Succeeded
from sutazai_kit import Agent, AgentContext, AgentPorts, Refuse, Retry
from sutazai_kit.files.port import Files
from sutazai_kit.testing import AgentTestResult, run_agent
from tests.unit.kit.virtual_time import virtual_time


class Ask(BaseModel):
    number: int = Field(default=1, le=10)
    key: UUID | None = None


class Told(BaseModel):
    value: Any = None


Body = Callable[[Ask, AgentContext], Awaitable[Any]]


async def call(body: Body, input: BaseModel | dict[str, Any] | None = None, **more: Any) -> Any:
    """Call an agent with this body."""
    agent = Agent("asked", description="Answer.", version="1")

    @agent.handler
    async def handle(task: Ask, ctx: AgentContext) -> Told:
        return cast(Told, await body(task, ctx))

    return await run_agent(agent, input or {}, **more)


async def failing(error: BaseException) -> Result:
    """Give the result of a handler that raises."""

    async def body(task: Ask, ctx: AgentContext) -> Told:
        raise error

    return cast(AgentTestResult, await call(body)).result


async def returning(value: Any) -> AgentTestResult:
    """Give the result of a handler that returns."""

    async def body(task: Ask, ctx: AgentContext) -> Any:
        return value

    return cast(AgentTestResult, await call(body))


async def test_the_handler_sees_its_task() -> None:
    seen: list[AgentContext] = []
    run, tenant = uuid4(), uuid4()
    model = EmbeddingModel(name="m", revision="1", dimension=3, max_tokens=9)
    grant = CollectionGrant(collection=uuid4(), physical=uuid4(), access="read", model=model)

    async def body(task: Ask, ctx: AgentContext) -> Told:
        seen.append(ctx)
        return Told(value=task.number)

    result = await call(
        body, Ask(number=3, key=uuid4()), run=run, tenant=tenant, attempt=2, step="s", grant=grant
    )
    [ctx] = seen
    assert (ctx.run, ctx.tenant, ctx.attempt, ctx.step) == (run, tenant, 2, "s")
    assert ctx.grant == grant
    assert isinstance(ctx.task, UUID)
    assert result.output == Told(value=3)
    assert result.result == Succeeded(output={"value": 3})


async def test_an_effect_has_one_key_in_all_attempts() -> None:
    run = uuid4()

    async def body(task: Ask, ctx: AgentContext) -> Told:
        return Told(value=[str(ctx.effect_key()), str(ctx.effect_key("a"))])

    first = (await call(body, run=run, step="one", attempt=1)).output.value
    again = (await call(body, run=run, step="one", attempt=2)).output.value
    other = (await call(body, run=run, step="two")).output.value
    assert first == again == [str(uuid5(run, "one/")), str(uuid5(run, "one/a"))]
    assert len({*first, *other}) == 4


async def test_progress_and_usage_are_kept() -> None:
    async def body(task: Ask, ctx: AgentContext) -> Told:
        await ctx.progress("reading", 1, 2)
        await ctx.progress("x" * 600)
        ctx.meter("pages", 2)
        ctx.meter("pages", 0.5)
        with pytest.raises(ValueError, match="pages"):
            ctx.meter("pages", math.nan)
        return Told()

    result = await call(body)
    assert result.progress[0] == Progress(message="reading", done=1, total=2)
    assert result.progress[1].message == "x" * 499 + "…"
    assert result.usage == {"pages": 2.5}


async def test_progress_lets_others_run() -> None:
    order: list[str] = []

    async def body(task: Ask, ctx: AgentContext) -> Told:
        asyncio.get_running_loop().call_soon(order.append, "other")
        await ctx.progress("on")
        order.append("handler")
        return Told()

    await call(body)
    assert order == ["other", "handler"]


@pytest.mark.parametrize("port", ["files", "vectors", "embeddings"])
async def test_a_port_that_is_absent_is_named(port: str) -> None:
    async def body(task: Ask, ctx: AgentContext) -> Told:
        getattr(ctx, port)
        return Told()

    result = (await call(body)).result
    assert isinstance(result, Crashed)
    assert f"`{port}`" in result.reason


async def test_a_port_is_handed_on() -> None:
    files = cast(Files, object())

    async def body(task: Ask, ctx: AgentContext) -> Told:
        return Told(value=ctx.files is files)

    assert (await call(body, ports=AgentPorts(files=files))).output.value is True


async def test_bad_input_is_refused_by_field_and_without_its_value() -> None:
    async def body(task: Ask, ctx: AgentContext) -> Told:
        raise AssertionError("not called")

    result = (await call(body, {"number": 77, "key": "hush"})).result
    assert isinstance(result, Refused)
    assert "number: Input should be less than or equal to 10; key: " in result.reason
    assert "77" not in result.reason


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Retry("soon", after_s=3), RetryLater(reason="soon", after_s=3)),
        (Refuse("no"), Refused(reason="no")),
        (EmbedderUnavailable("away"), RetryLater(reason="away", after_s=1)),
        (QueueFull("full"), RetryLater(reason="full", after_s=1)),
        (InvalidInput("too long", field="goal"), Refused(reason="goal: too long")),
        (UnreadableDocument("binary"), Refused(reason="binary")),
        (NotFound("gone"), Crashed(reason="NotFound: gone")),
        (TimeoutError("its own"), Crashed(reason="TimeoutError: its own")),
        (ValueError("a\x00b\ud800"), Crashed(reason="ValueError: a\N{REPLACEMENT CHARACTER}b?")),
        (asyncio.CancelledError(), Crashed(reason="the handler cancelled itself")),
    ],
)
async def test_what_is_raised_becomes_a_result(error: BaseException, expected: Result) -> None:
    assert await failing(error) == expected


async def test_endless_words_are_cut() -> None:
    result = await failing(Refuse("x" * 10_000))
    assert isinstance(result, Refused)
    assert len(result.reason) == 2000


@pytest.mark.parametrize("after_s", [-1, math.inf, math.nan])
def test_a_wait_is_a_number_of_seconds(after_s: float) -> None:
    with pytest.raises(ValueError, match="after_s"):
        Retry("later", after_s=after_s)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "the handler returned NoneType, not Told"),
        (Ask(), "the handler returned Ask, not Told"),
        (Told(value="x" * 300_000), "the output is 300012 bytes of JSON; at most 262144 are taken"),
        (Told(value="a\x00b"), "the output holds a NUL character, which can't be stored"),
        (Told(value=object()), "PydanticSerializationError"),
        (Told(value="\ud800"), "surrogates not allowed"),
    ],
)
async def test_an_output_that_cannot_be_stored_is_a_crash(value: Any, says: str) -> None:
    done = await returning(value)
    assert isinstance(done.result, Crashed)
    assert says in done.result.reason
    assert done.output is None


@pytest.mark.parametrize("value", ["\\u0000", "\\\\u0000", "ü\u2028", 1.5, None, [], {"a": 1}])
async def test_an_output_comes_back_as_it_was(value: Any) -> None:
    done = await returning(Told(value=value))
    assert done.output == Told(value=value)


@virtual_time
async def test_a_test_may_bound_the_time() -> None:
    async def body(task: Ask, ctx: AgentContext) -> Told:
        await asyncio.sleep(100)
        return Told()

    assert (await call(body, timeout_s=5)).result == Crashed(reason="timed out after 5 s")


async def test_cancelling_the_caller_cancels_the_handler() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def body(task: Ask, ctx: AgentContext) -> Told:
        started.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()
        return Told()

    calling = asyncio.create_task(call(body))
    await started.wait()
    calling.cancel()
    async with asyncio.timeout(5):
        await ended.wait()
    assert calling.cancelled() or calling.cancelling()

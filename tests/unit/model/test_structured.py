"""An answer that is not valid is asked for once more, then it is an error."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import BaseModel, Field

from sutazai_contracts.errors import InvalidModelOutput, ModelUnavailable
from sutazai_kit.model.price import Price
from sutazai_kit.model.scripted import Rule, ScriptedConfig, ScriptedModel, open_scripted
from tests.contract.model.suite import question

GOOD = '{"n": 4}'


class Number(BaseModel):
    """What is asked for."""

    n: int = Field(ge=1, le=9)


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}


@asynccontextmanager
async def saying(first: str, second: str = GOOD) -> AsyncIterator[ScriptedModel]:
    """Open a script that says one thing, and another when it is told that this is not valid."""
    config = ScriptedConfig(
        rules=(
            Rule(when="is not valid", structured=second),
            Rule(structured=first),
        ),
        prices={"scripted": Price(prompt=1, completion=2)},
    )
    async with open_scripted(config) as model:
        yield model


async def test_a_valid_answer_is_not_asked_for_again() -> None:
    async with saying(GOOD) as model:
        answer = await model.structured(question("scripted"), Number)
        assert (answer.value.n, answer.repaired, answer.text) == (4, False, GOOD)
        assert len(model.asked) == 1


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ('{"n": 12}', "n: Input should be less than or equal to 9"),
        ('{"n": 1', "JSON"),
        ("no", "the whole: Invalid JSON"),
    ],
)
async def test_a_model_is_told_what_is_wrong(bad: str, why: str) -> None:
    async with saying(bad) as model:
        answer = await model.structured(question("scripted", seed=2**31 - 1), Number)
        assert (answer.value.n, answer.repaired) == (4, True)
        first, second = model.asked
        *_, said, wish = second.messages
        assert (said.role, said.text) == ("assistant", bad)
        assert why in wish.text
        assert second.seed == 0
        assert answer.usage.completion_tokens > len(GOOD) // 6
        assert answer.usage.cost is not None
        assert first.json_schema == second.json_schema is not None


async def test_an_answer_by_a_schema_is_checked_too() -> None:
    async with saying('{"n": 0}') as model:
        answer = await model.structured(question("scripted"), SCHEMA)
        assert (answer.value, answer.repaired) == ({"n": 4}, True)
        assert "$.n: 0 is less than the minimum of 1" in model.asked[1].messages[-1].text
    async with saying("nothing", "still nothing") as model:
        with pytest.raises(InvalidModelOutput, match="not JSON"):
            await model.structured(question("scripted"), SCHEMA)


async def test_twice_invalid_is_an_error() -> None:
    async with saying("no", '{"n": "no"}') as model:
        with pytest.raises(InvalidModelOutput, match=r"asked twice.*n: Input should be"):
            await model.structured(question("scripted"), Number)
        assert len(model.asked) == 2


async def test_an_answer_that_was_cut_off_is_asked_for_shorter() -> None:
    async with saying('{"n": 1, "note": "long long long long"}') as model:
        answer = await model.structured(question("scripted", max_tokens=3), Number)
        assert answer.repaired
        assert "cut off after 3 tokens" in model.asked[1].messages[-1].text


async def test_no_time_left_is_unavailable() -> None:
    slow = ScriptedConfig(rules=(Rule(structured=GOOD),), first_s=10)
    async with open_scripted(slow) as model:
        with pytest.raises(ModelUnavailable, match="in time"):
            await model.structured(question("scripted", deadline_s=0.05), Number)


async def test_the_repair_has_what_is_left_of_the_deadline() -> None:
    now = 0.0

    def clock() -> float:
        return now

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    rules = (Rule(when="is not valid", structured=GOOD), Rule(structured="no"))
    config = ScriptedConfig(rules=rules, first_s=4)
    async with open_scripted(config, clock=clock, sleep=sleep) as model:
        await model.structured(question("scripted", deadline_s=10), Number)
        assert model.asked[1].deadline_s == 6
        with pytest.raises(ModelUnavailable, match="no time left"):
            await model.structured(question("scripted", deadline_s=3), Number)

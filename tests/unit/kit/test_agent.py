"""Defining an agent: its card, and what is said about a handler of the wrong shape."""

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from sutazai_kit import Agent, AgentContext


class Greeting(BaseModel):
    name: str


class Greeted(BaseModel):
    text: str


def agent(name: str = "greeter", **fields: Any) -> Agent:
    return Agent(name, description="Greet.", version="1", **fields)


async def greet(task: Greeting, ctx: AgentContext) -> Greeted:
    return Greeted(text=f"Hello, {task.name}!")


def test_the_card_tells_what_the_agent_takes_and_gives() -> None:
    greeter = agent(slots=4, capabilities=("greet",))
    assert greeter.handler(greet) is greet
    card = greeter.card
    assert (card.name, card.version, card.slots) == ("greeter", "1", 4)
    assert card.capabilities == ("greet",)
    assert card.input_schema == Greeting.model_json_schema()
    assert card.output_schema == Greeted.model_json_schema(mode="serialization")
    assert (greeter.input_model, greeter.output_model) == (Greeting, Greeted)
    assert repr(greeter) == "Agent('greeter')"


@pytest.mark.parametrize("name", ["", "Greeter", "a-b", "1a", "a" * 33])
def test_a_name_is_one_that_queues_and_steps_may_bear(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        agent(name)


@pytest.mark.parametrize("slots", [0, 65])
def test_slots_are_bounded(slots: int) -> None:
    with pytest.raises(ValidationError, match="slots"):
        agent(slots=slots)


def test_an_agent_has_one_handler() -> None:
    greeter = agent()
    greeter.handler(greet)
    with pytest.raises(TypeError, match="has a handler already: greet"):
        greeter.handler(greet)


def test_an_agent_without_a_handler_says_so() -> None:
    with pytest.raises(TypeError, match=re.escape("Agent('greeter') has no handler yet")):
        _ = agent().card


def plain(task: Greeting, ctx: AgentContext) -> Greeted: ...  # type: ignore[empty-body]
async def lone(task: Greeting) -> Greeted: ...  # type: ignore[empty-body]
async def bare(task, ctx: AgentContext) -> Greeted: ...  # type: ignore[no-untyped-def, empty-body]
async def mute(task: Greeting, ctx: AgentContext): ...  # type: ignore[no-untyped-def]
async def loose(task: dict[str, Any], ctx: AgentContext) -> Greeted: ...  # type: ignore[empty-body]
async def dull(task: Greeting, ctx) -> Greeted: ...  # type: ignore[no-untyped-def, empty-body]
async def lost(task: "Hidden", ctx: AgentContext) -> Greeted: ...  # type: ignore[name-defined, empty-body]  # noqa: F821


@pytest.mark.parametrize(
    ("handler", "says"),
    [
        (plain, "the handler plain is not `async def`"),
        (lone, "the handler lone takes two arguments"),
        (bare, "`task` of the handler bare is to be annotated with a pydantic model"),
        (mute, "the result of the handler mute is to be annotated with a pydantic model"),
        (loose, "`task` of the handler loose is to be annotated with a pydantic model"),
        (dull, "`ctx` of the handler dull is to be annotated AgentContext"),
        (lost, "lost can't be resolved: name 'Hidden' is not defined"),
    ],
)
def test_a_handler_of_the_wrong_shape_is_told_at_once(
    handler: Callable[..., Any], says: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(says)):
        agent().handler(handler)


def test_importing_the_kit_loads_no_heavy_library() -> None:
    code = (
        "import sys, sutazai_kit;"
        "print([n for n in ('numpy', 'qdrant_edge', 'httpx2', 'loguru') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Which model a role gets, by the names that are set and the models that are present."""

import pytest

from sutazai.core.models.routing import Routes, find, route
from sutazai_contracts.models import Capabilities, ModelInfo
from sutazai_kit.slots.port import Wish

ROUTES = Routes(
    roles={"default": ("tinyllama", "gemma"), "coder": ("codellama",), "writer": ("absent",)},
    large=("big",),
    large_from=2000,
    num_ctx=4096,
)


def model(
    name: str,
    *,
    size: int | None = None,
    context: int | None = 8192,
    completion: bool = True,
    json: bool = True,
) -> ModelInfo:
    can = Capabilities(context_tokens=context, completion=completion, json_schema=json)
    return ModelInfo(name=name, provider="ollama", capabilities=can, size_bytes=size)


def chosen(wish: Wish, *present: ModelInfo, hosted: bool = False) -> str | None:
    found = route(wish, ROUTES, present, hosted=hosted)
    return found.model if found else None


TINY, GEMMA = model("tinyllama:latest", context=2048), model("gemma:2b")
CODE, BIG = model("codellama:7b-code"), model("big:70b")


def test_a_role_gets_its_own_model_else_the_default() -> None:
    assert chosen(Wish(role="coder"), TINY, CODE) == "codellama:7b-code"
    assert chosen(Wish(role="coder"), TINY) == "tinyllama:latest"
    assert chosen(Wish(role="writer"), GEMMA, TINY) == "tinyllama:latest"
    assert chosen(Wish(role="writer"), GEMMA) == "gemma:2b"
    assert chosen(Wish(role="never heard of"), TINY) == "tinyllama:latest"


def test_who_rewords_is_named_for_it_or_nobody() -> None:
    assert chosen(Wish(role="rewriter"), TINY, GEMMA) is None
    named = Routes(roles={"default": ("tinyllama",), "rewriter": ("gemma",)}, large=("big",))
    wish = Wish(role="rewriter", size_tokens=9000)
    found = route(wish, named, [TINY, GEMMA, BIG], hosted=False)
    assert found is not None
    assert found.model == "gemma:2b"
    assert route(wish, named, [TINY, BIG], hosted=False) is None


def test_a_large_task_gets_a_large_model_where_one_is_present() -> None:
    assert chosen(Wish(size_tokens=2000), TINY, BIG) == "big:70b"
    assert chosen(Wish(size_tokens=1999), TINY, BIG) == "tinyllama:latest"
    assert chosen(Wish(size_tokens=2000), TINY) == "tinyllama:latest"


def test_only_what_is_able_is_chosen() -> None:
    mute, plain = model("tinyllama:latest", completion=False), model("tinyllama:latest", json=False)
    assert chosen(Wish(), mute, GEMMA) == "gemma:2b"
    assert chosen(Wish(needs_schema=True), plain, GEMMA) == "gemma:2b"
    assert chosen(Wish(), plain) == "tinyllama:latest"
    assert chosen(Wish(needs_schema=True), plain) is None


def test_without_a_named_one_the_smallest_of_ones_own_machine_is_taken() -> None:
    large, small = model("large:1", size=9), model("small:1", size=3)
    assert chosen(Wish(), large, small) == "small:1"
    assert chosen(Wish(), large, small, hosted=True) is None
    assert chosen(Wish()) is None


@pytest.mark.parametrize(("made_for", "expected"), [(2048, 2048), (None, 4096), (32768, 4096)])
def test_the_context_is_what_is_set_or_what_the_model_was_made_for(
    made_for: int | None, expected: int
) -> None:
    found = route(Wish(), ROUTES, [model("tinyllama", context=made_for)], hosted=False)
    assert found is not None
    assert found.num_ctx == expected
    unset = route(Wish(), Routes(), [model("any", context=made_for)], hosted=False)
    assert unset is not None
    assert unset.num_ctx is None


def test_a_name_is_found_as_runtimes_write_it() -> None:
    present = [model(name) for name in ("a:1b", "a:latest", "b:7b", "b:13b", "c", "team/d:latest")]
    for name, there in {
        "a": "a:latest",
        "a:1b": "a:1b",
        "b": "b:13b",
        "c": "c",
        "team/d": "team/d:latest",
        "c:latest": None,
        "a:2b": None,
        "e": None,
    }.items():
        found = find(name, present)
        assert (found.name if found else None) == there, name

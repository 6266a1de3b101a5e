"""What single providers do beyond the contract."""

import builtins
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from sutazai_contracts.errors import (
    ContextTooSmall,
    EgressRefused,
    InvalidInput,
    LineFull,
    ModelUnavailable,
    SutazaiError,
)
from sutazai_kit.model.factory import ModelConfig, open_model
from sutazai_kit.model.llama_cpp import LlamaCppConfig, _in_words, open_llama_cpp
from sutazai_kit.model.ollama import OllamaConfig, open_ollama
from sutazai_kit.model.scripted import Rule, ScriptedConfig, open_scripted
from tests.contract.model.suite import conversation, question
from tests.support.model_servers import ollama_app, serve_app

CONFIG: TypeAdapter[ModelConfig] = TypeAdapter(ModelConfig)


async def test_a_configuration_names_its_provider() -> None:
    async with open_model(CONFIG.validate_python({"provider": "scripted"})) as model:
        assert (await model.runtime()).provider == "scripted"
    async with open_model(CONFIG.validate_python({"provider": "ollama"})) as model:
        assert isinstance(model, object)
    with pytest.raises(ValidationError, match="provider"):
        CONFIG.validate_python({"provider": "oracle"})
    with pytest.raises(ValidationError, match="num_threads"):
        CONFIG.validate_python({"provider": "ollama", "num_threads": 1})


# --- llama.cpp -------------------------------------------------------------------------------


async def test_a_model_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no model file"):
        async with open_model(LlamaCppConfig(path=tmp_path / "x.gguf")):
            pass


async def test_a_file_that_is_no_model_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"no model at all")
    with pytest.raises(ModelUnavailable, match="can't run"):
        async with open_llama_cpp(LlamaCppConfig(path=path)):
            pass


async def test_a_wheel_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.gguf"
    path.touch()
    found = builtins.__import__

    def without(name: str, *others: Any) -> Any:
        if name == "xllamacpp":
            raise ImportError(name)
        return found(name, *others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelUnavailable, match="pip install xllamacpp"):
        async with open_llama_cpp(LlamaCppConfig(path=path)):
            pass


def test_weights_are_counted_in_words() -> None:
    assert [_in_words(n) for n in (12, 4_500, 1_100_000, 7_000_000_000)] == [
        "12", "4.5K", "1.1M", "7B",
    ]  # fmt: skip


# --- Ollama ----------------------------------------------------------------------------------


def ollama(answer: list[Any] | Response, **shown: Any) -> Starlette:
    """Speak as Ollama, but answer every question with the same lines."""

    async def show(_: Request) -> Response:
        told = {
            "model_info": {"general.architecture": "llama", "llama.context_length": 600},
            "template": "{{ .Prompt }}",
        }
        return JSONResponse({**told, **shown})

    async def tags(_: Request) -> Response:
        return JSONResponse({"models": [{"name": "m:latest", "digest": "1", "size": 5}]})

    async def chat(_: Request) -> Response:
        if isinstance(answer, Response):
            return answer

        async def body() -> AsyncIterator[bytes]:
            for line in answer:
                yield json.dumps(line).encode() + b"\n\n"

        return StreamingResponse(body())

    return Starlette(
        routes=[
            Route("/api/show", show, methods=["POST"]),
            Route("/api/tags", tags),
            Route("/api/chat", chat, methods=["POST"]),
        ]
    )


def last(prompt: int | None, answer: int = 2) -> dict[str, Any]:
    counts = {} if prompt is None else {"prompt_eval_count": prompt}
    return {"done": True, "done_reason": "stop", "eval_count": answer, **counts}


@pytest.mark.parametrize("counted", [600, 599, 20], ids=["whole context", "shifted", "too few"])
async def test_a_cut_by_ollama_is_an_error(counted: int) -> None:
    lines = [{"message": {"content": "x"}}, last(counted)]
    async with (
        serve_app(ollama(lines)) as url,
        open_ollama(OllamaConfig(base_url=url)) as model,
    ):
        with pytest.raises(ContextTooSmall, match=f"it read {counted}"):
            await model.complete(question("m", "word " * 40, max_tokens=10))
        # It is taken for longer now than it was: the next is cut before it is sent.
        before = (await model.count_tokens("m", "word " * 40)).tokens
        assert before > 80


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        ([{"error": "runner died"}], ModelUnavailable, "runner died"),
        ([{"message": {"content": "x"}}], ModelUnavailable, "broke off"),
        ([["no"]], ModelUnavailable, "no JSON object"),
        (PlainTextResponse("{"), ModelUnavailable, "no JSON"),
        (JSONResponse({"error": "server busy"}, 503), ModelUnavailable, "server busy"),
        (JSONResponse({"error": "bad option"}, 400), InvalidInput, "bad option"),
        (
            JSONResponse({"error": "the input exceeds the context length"}, 400),
            ContextTooSmall,
            "exceeds",
        ),
    ],
)
async def test_what_ollama_says_is_told(
    answer: Any, expected: type[SutazaiError], words: str
) -> None:
    async with (
        serve_app(ollama(answer)) as url,
        open_ollama(OllamaConfig(base_url=url)) as model,
    ):
        with pytest.raises(expected, match=words):
            await model.complete(question("m"))


async def test_an_answer_in_circles_that_ollama_ends_is_an_answer() -> None:
    circle = [{"message": {"content": " again"}}] * 32
    async with (
        serve_app(ollama(circle)) as url,
        open_ollama(OllamaConfig(base_url=url)) as model,
    ):
        answer = await model.complete(question("m"))
    assert (answer.reason, answer.text) == ("stop", " again" * 32)
    assert (answer.usage.completion_tokens, answer.usage.exact) == (32, False)


async def test_an_ollama_that_does_not_count_is_estimated() -> None:
    async with (
        serve_app(ollama([{"message": {"content": "x"}}, last(None)])) as url,
        open_ollama(OllamaConfig(base_url=url)) as model,
    ):
        usage = (await model.complete(question("m"))).usage
        assert not usage.exact
        assert usage.prompt_tokens > 0


async def test_what_a_model_can_do_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        serve_app(ollama([last(30)], capabilities=["completion", "tools"])) as url,
        open_ollama(OllamaConfig(base_url=url)) as model,
    ):
        asked: list[str] = []
        post = model._client.request

        async def counting(method: str, path: str, **more: Any) -> Any:
            asked.append(path)
            return await post(method, path, **more)

        monkeypatch.setattr(model._client, "request", counting)
        await model.complete(question("m"))
        await model.complete(question("m:latest"))
        for _ in range(2):
            (info,) = await model.models()
        assert asked == ["/api/show", "/api/tags", "/api/tags"]
        assert info.capabilities.tools
        assert (info.digest, info.size_bytes) == ("1", 5)


@pytest.mark.parametrize(
    ("shown", "tools", "embeds"),
    [
        ({"template": "{{ if .Tools }}"}, True, False),
        ({"model_info": {"general.architecture": "bert"}}, False, True),
    ],
)
async def test_an_older_ollama_tells_by_template_and_architecture(
    shown: dict[str, Any], tools: bool, embeds: bool
) -> None:
    async with (
        serve_app(ollama([last(3)], **shown)) as url,
        open_ollama(OllamaConfig(base_url=url)) as model,
    ):
        (info,) = await model.models()
        assert (info.capabilities.tools, info.capabilities.embeddings) == (tools, embeds)
        if embeds:
            with pytest.raises(InvalidInput, match="makes embeddings"):
                await model.complete(question("m"))


@pytest.mark.requirement("A1", part="a model that Ollama hands to a service is refused")
async def test_a_model_that_works_elsewhere_is_refused_without_egress() -> None:
    async with serve_app(ollama([last(20)], remote_host="https://ollama.com:443")) as url:
        async with open_ollama(OllamaConfig(base_url=url)) as model:
            assert await model.models() == []
            with pytest.raises(EgressRefused, match=r"ollama\.com"):
                await model.complete(question("m"))
        async with open_ollama(OllamaConfig(base_url=url, allow_egress=True)) as model:
            assert len(await model.models()) == 1
            assert (await model.complete(question("m"))).reason == "stop"


async def test_settings_and_stop_texts_reach_ollama() -> None:
    async with open_scripted(ScriptedConfig(names=("m",))) as script:
        app = ollama_app(script)
        told = {"num_thread": 1, "num_batch": 64, "num_ctx": 500}
        async with serve_app(app) as url:
            config = OllamaConfig.model_validate({"base_url": url, **told})
            async with open_ollama(config) as model:
                answer = await model.complete(conversation("m", 30, stop=["fixed"], max_tokens=9))
        assert answer.cut is not None
        (asked,) = script.asked
        assert asked.stop == ("fixed", "<|user|>", "<|system|>")
        assert asked.num_ctx == 500


async def test_what_is_no_ollama_is_unavailable() -> None:
    async def page(_: Request) -> Response:
        return PlainTextResponse("<html>")

    async def array(_: Request) -> Response:
        return JSONResponse([1])

    app = Starlette(routes=[Route("/api/version", page), Route("/api/tags", array)])
    async with (
        serve_app(app) as url,
        open_ollama(OllamaConfig(base_url=url)) as model,
    ):
        with pytest.raises(ModelUnavailable, match="no JSON"):
            await model.runtime()
        with pytest.raises(ModelUnavailable, match="no model runtime"):
            await model.models()


# --- a script --------------------------------------------------------------------------------


async def test_a_script_fails_on_demand() -> None:
    rules = (
        Rule(when="down", fail="unavailable"),
        Rule(when="break", say=("one two three",), fail="broken_off", after=2),
    )
    async with open_scripted(ScriptedConfig(rules=rules)) as model:
        with pytest.raises(ModelUnavailable, match="does not answer"):
            await model.complete(question("scripted", "go down"))
        with pytest.raises(ModelUnavailable, match="as its script says"):
            await model.complete(question("scripted", "break"))
        assert (model.said, model.generating) == (2, 0)


async def test_a_script_draws_by_seed_where_it_is_warm() -> None:
    rules = (Rule(say=tuple("abcdefgh")),)
    async with open_scripted(ScriptedConfig(rules=rules)) as model:
        warm = [
            (await model.complete(question("scripted", temperature=1, seed=seed))).text
            for seed in (*range(10), *range(10))
        ]
        assert warm[:10] == warm[10:]
        assert len(set(warm)) > 2
        assert (await model.complete(question("scripted"))).text == "a"


async def test_a_script_works_on_as_many_as_it_has_slots() -> None:
    order: list[str] = []

    async def sleep(_: float) -> None:
        order.append("busy")
        assert model.generating == 1

    async with open_scripted(ScriptedConfig(slots=1, default="one"), sleep=sleep) as model:
        await model.complete(question("scripted"))
        await model.complete(question("scripted"))
    assert order == ["busy", "busy"]


def test_a_full_line_tells_when_to_come_again() -> None:
    error = LineFull(retry_after_s=2.5)
    assert (error.status, error.code, error.retry_after_s) == (429, "line_full", 2.5)
    assert "come again" in error.message

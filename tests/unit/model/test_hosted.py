"""Services elsewhere: refused without egress, keys, fields they refuse, what they answer with."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sutazai_contracts.errors import (
    ContextTooSmall,
    EgressRefused,
    InvalidInput,
    ModelNotFound,
    ModelUnavailable,
    SutazaiError,
)
from sutazai_contracts.models import ChatMessage, ModelRequest
from sutazai_kit.model.anthropic import AnthropicConfig, open_anthropic
from sutazai_kit.model.factory import ModelConfig, open_model
from sutazai_kit.model.http import is_loopback
from sutazai_kit.model.openai_compatible import (
    OpenAiCompatibleConfig,
    OpenAiCompatibleModel,
    open_openai_compatible,
)
from sutazai_kit.model.price import Price
from tests.contract.model.suite import Verdict, question
from tests.support.model_servers import serve_app

Answer = Callable[[dict[str, Any]], Response]


def sse(*events: Any, done: bool = True) -> StreamingResponse:
    """Answer with events, as they are given."""

    async def body() -> AsyncIterator[bytes]:
        for event in events:
            yield f"data: {json.dumps(event)}\n\n".encode()
        if done:
            yield b"data: [DONE]\n\n"

    return StreamingResponse(body())


def app(answer: Answer) -> Starlette:
    """Serve one answer for whatever is asked."""

    async def post(request: Request) -> Response:
        return answer(await request.json())

    return Starlette(routes=[Route("/{path:path}", post, methods=["POST"])])


def chunk(text: str | None, ended: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": ended}]}


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:8000/v1", True),
        ("http://127.0.0.1/v1", True),
        ("http://127.8.8.8/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://192.168.0.2:8000/v1", False),
        ("http://localhost.example.org/v1", False),
        ("http://127.0.0.1.example.org/v1", False),
        ("https://api.openai.com/v1", False),
    ],
)
def test_this_machine_is_told_from_others_without_a_look_up(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


@pytest.mark.requirement("A1", part="hosted providers are refused without `SUTAZAI_ALLOW_EGRESS`")
@pytest.mark.parametrize(
    "config",
    [
        OpenAiCompatibleConfig(base_url="https://api.openai.com/v1"),
        OpenAiCompatibleConfig(base_url="http://192.168.0.2:8000/v1"),
        AnthropicConfig(),
    ],
    ids=["openai", "lan", "anthropic"],
)
async def test_a_hosted_provider_is_refused_without_egress(config: ModelConfig) -> None:
    with pytest.raises(EgressRefused, match="SUTAZAI_ALLOW_EGRESS"):
        async with open_model(config):
            pass
    allowed = config.model_copy(update={"allow_egress": True})
    async with open_model(allowed):
        pass


async def test_a_hosted_provider_says_that_it_is_one() -> None:
    config = AnthropicConfig(allow_egress=True, base_url="http://localhost:9/v1")
    async with open_anthropic(config) as model:
        with pytest.raises(ModelUnavailable):
            await model.runtime()


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (400, {"message": "x", "code": "context_length_exceeded"}, ContextTooSmall),
        (400, {"message": "temperature is not supported"}, InvalidInput),
        (401, {"message": "Incorrect API key provided"}, ModelUnavailable),
        (404, {"message": "The model `m` does not exist"}, ModelNotFound),
        (429, {"message": "Rate limit reached"}, ModelUnavailable),
        (500, "it broke", ModelUnavailable),
    ],
)
async def test_a_refusal_is_told_in_its_words(
    status: int, error: Any, expected: type[SutazaiError]
) -> None:
    async with serve_app(app(lambda _: JSONResponse({"error": error}, status))) as url:
        async with open_openai_compatible(OpenAiCompatibleConfig(base_url=url)) as model:
            words = error if isinstance(error, str) else error["message"]
            with pytest.raises(expected, match=words):
                await model.complete(question("m"))
        if status == 400:
            async with open_anthropic(AnthropicConfig(base_url=url)) as other:
                with pytest.raises(expected):
                    await other.complete(question("m"))


async def test_anthropic_says_a_long_prompt_its_own_way() -> None:
    error = {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8"}
    async with (
        serve_app(app(lambda _: JSONResponse({"error": error}, 400))) as url,
        open_anthropic(AnthropicConfig(base_url=url)) as model,
    ):
        with pytest.raises(ContextTooSmall, match="prompt is too long"):
            await model.complete(question("m"))


@pytest.mark.parametrize(
    "events",
    [
        [chunk("half")],
        [chunk("half"), {"error": {"message": "overloaded"}}],
        [chunk("half"), ["no object"]],
    ],
    ids=["no end", "error", "no object"],
)
async def test_an_answer_that_breaks_off_is_unavailable(events: list[Any]) -> None:
    async with (
        serve_app(app(lambda _: sse(*events))) as url,
        open_openai_compatible(OpenAiCompatibleConfig(base_url=url)) as model,
    ):
        with pytest.raises(ModelUnavailable):
            await model.complete(question("m"))


@pytest.mark.parametrize(
    "events",
    [
        [{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}],
        [{"type": "message_start", "message": {}}, {"type": "message_stop"}],
    ],
    ids=["error", "no reason"],
)
async def test_anthropic_breaking_off_is_unavailable(events: list[Any]) -> None:
    async with (
        serve_app(app(lambda _: sse(*events, done=False))) as url,
        open_anthropic(AnthropicConfig(base_url=url)) as model,
    ):
        with pytest.raises(ModelUnavailable, match="broke off"):
            await model.complete(question("m"))


async def test_a_service_that_counts_nothing_is_estimated() -> None:
    answer = sse(chunk("one"), chunk(" two"), chunk(None, "stop"), {"choices": None})
    async with serve_app(app(lambda _: answer)) as url:
        config = OpenAiCompatibleConfig(base_url=url, prices={"m": Price(prompt=1e6, completion=0)})
        async with open_openai_compatible(config) as model:
            usage = (await model.complete(question("m"))).usage
    assert (usage.completion_tokens, usage.exact) == (2, False)
    assert usage.cost == usage.prompt_tokens > 0


async def test_a_service_that_cuts_is_found_out() -> None:
    counted = {"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 1}}
    async with (
        serve_app(app(lambda _: sse(chunk("x", "stop"), counted))) as url,
        open_openai_compatible(OpenAiCompatibleConfig(base_url=url)) as model,
    ):
        with pytest.raises(ContextTooSmall, match="read 20 tokens of at least 50"):
            await model.complete(question("m", "word " * 50))


async def ask(config: dict[str, Any], request: ModelRequest) -> dict[str, Any]:
    """Give what a service is sent for a request."""
    sent: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> Response:
        sent.append(body)
        return sse(chunk("x", "stop"))

    async with serve_app(app(answer)) as url:
        told = OpenAiCompatibleConfig.model_validate({"base_url": url, **config})
        async with open_openai_compatible(told) as model:
            await model.complete(request)
    return sent[0]


async def test_fields_that_a_service_refuses_are_left_out() -> None:
    config = {"omit": ["temperature", "seed"], "max_tokens_field": "max_completion_tokens"}
    body = await ask(config, question("m", seed=1, max_tokens=7))
    assert body["max_completion_tokens"] == 7
    assert not {"temperature", "seed", "max_tokens"} & set(body)


async def test_bounds_of_strings_are_left_out_where_they_are_refused() -> None:
    schema = Verdict.model_json_schema()
    for lengths in (True, False):
        body = await ask({"schema_lengths": lengths}, question("m", json_schema=schema))
        sent = body["response_format"]["json_schema"]
        assert sent["strict"] is True
        assert ("maxLength" in sent["schema"]["properties"]["claim"]) is lengths
        assert sent["schema"]["properties"]["sources"]["maxItems"] == 3


async def test_a_context_by_setting_is_kept() -> None:
    messages = [ChatMessage(role="user", content="word " * 300) for _ in range(4)]
    request = ModelRequest(model="m", messages=tuple(messages), max_tokens=10)
    body = await ask({"contexts": {"m": 900}}, request)
    assert len(body["messages"]) == 1
    body = await ask({}, request)
    assert len(body["messages"]) == 4


async def test_anthropic_takes_schemas_of_objects_only() -> None:
    async with open_anthropic(AnthropicConfig(base_url="http://127.0.0.1:9")) as model:
        with pytest.raises(InvalidInput, match="objects only"):
            await model.structured(question("m"), {"enum": [1, 2]})


async def test_a_key_is_shown_to_nobody() -> None:
    config = OpenAiCompatibleConfig(base_url="http://127.0.0.1:9", api_key=SecretStr("hush-hush"))
    async with open_openai_compatible(config) as model:
        assert isinstance(model, OpenAiCompatibleModel)
        assert "hush" not in repr(config)
        with pytest.raises(ModelUnavailable) as told:
            await model.complete(question("m"))
        assert "hush" not in str(told.value)

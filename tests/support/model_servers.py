"""Servers that speak the wire formats of model runtimes over real HTTP; a script answers.

The formats are those of the public documentation: Ollama's docs/api.md, OpenAI's reference of chat
completions, Anthropic's of messages and of their streaming.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from sutazai_contracts.errors import ModelNotFound, SutazaiError
from sutazai_contracts.models import ModelRequest
from sutazai_kit.model.port import Delta, Finished
from sutazai_kit.model.scripted import ScriptedModel

KEY = "a-test-key"
Frame = Callable[[Delta | Finished], list[bytes]]


@asynccontextmanager
async def serve_app(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an app on a free port of this machine; give its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with asyncio.timeout(10):
                # uvicorn tells nobody that it has started.
                while not server.started:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            await task


async def _answer(
    script: ScriptedModel, told: dict[str, Any], frame: Frame, refuse: Callable[[SutazaiError], Any]
) -> Response:
    """Ask the script; what it refuses at once is a status, as runtimes do it."""
    fields = {name: value for name, value in told.items() if value is not None}
    events = script.stream(ModelRequest.model_validate(fields))
    try:
        first = await anext(events)
    except SutazaiError as error:
        return JSONResponse(refuse(error), error.status)

    async def body() -> AsyncIterator[bytes]:
        try:
            for piece in frame(first):
                yield piece
            async for event in events:
                for piece in frame(event):
                    yield piece
        finally:
            await events.aclose()

    return StreamingResponse(body())


def ollama_app(script: ScriptedModel, **shown: Any) -> Starlette:
    """Speak Ollama's format; `shown` goes into what `/api/show` tells."""

    async def version(_: Request) -> Response:
        return JSONResponse({"version": "0.11.4"})

    async def tags(_: Request) -> Response:
        found = [
            {"name": f"{info.name}:latest", "digest": "0" * 64, "size": 1, "details": {}}
            for info in await script.models()
        ]
        return JSONResponse({"models": found})

    async def show(request: Request) -> Response:
        name = (await request.json())["model"]
        if name.removesuffix(":latest") not in [info.name for info in await script.models()]:
            return JSONResponse({"error": f"model '{name}' not found"}, 404)
        told = {
            "parameters": 'stop                           "<|user|>"\nstop    "<|system|>"',
            "details": {"parameter_size": "1.1B", "quantization_level": "Q4_0"},
            "model_info": {"general.architecture": "llama", "llama.context_length": 4096},
            "capabilities": ["completion"],
        }
        return JSONResponse({**told, **shown})

    async def chat(request: Request) -> Response:
        return await _ollama_chat(script, await request.json())

    routes = [
        Route("/api/version", version),
        Route("/api/tags", tags),
        Route("/api/show", show, methods=["POST"]),
        Route("/api/chat", chat, methods=["POST"]),
    ]
    return Starlette(routes=routes)


async def _ollama_chat(script: ScriptedModel, body: dict[str, Any]) -> Response:
    """Answer with a line of JSON a piece, and a last one that counts."""
    head = {"model": body["model"], "created_at": "2025-08-08T00:00:00Z"}

    def frame(event: Delta | Finished) -> list[bytes]:
        said = event.text if isinstance(event, Delta) else ""
        line = {**head, "message": {"role": "assistant", "content": said}, "done": False}
        if isinstance(event, Finished):
            usage = event.usage
            line |= {"done": True, "done_reason": event.reason, "total_duration": 1}
            line |= {"prompt_eval_count": usage.prompt_tokens}
            line |= {"eval_count": usage.completion_tokens}
        return [json.dumps(line, ensure_ascii=False).encode() + b"\n"]

    options = body["options"]
    told = {
        "model": body["model"].removesuffix(":latest"),
        "messages": body["messages"],
        "max_tokens": options["num_predict"],
        "json_schema": body.get("format"),
        **{key: options.get(key) for key in ("temperature", "seed", "stop", "num_ctx")},
    }
    return await _answer(script, told, frame, lambda error: {"error": error.message})


def chat_completions_app(script: ScriptedModel) -> Starlette:
    """Speak the chat completions format."""

    def refuse(error: SutazaiError) -> Any:
        code = "model_not_found" if isinstance(error, ModelNotFound) else None
        return {"error": {"message": error.message, "type": "invalid_request_error", "code": code}}

    async def models(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return JSONResponse({"error": {"message": "Incorrect API key provided"}}, 401)
        found = [{"id": info.name, "object": "model"} for info in await script.models()]
        return JSONResponse({"object": "list", "data": found})

    async def chat(request: Request) -> Response:
        body = await request.json()
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return JSONResponse({"error": {"message": "Incorrect API key provided"}}, 401)
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": body["model"]}

        def frame(event: Delta | Finished) -> list[bytes]:
            ended = event.reason if isinstance(event, Finished) else None
            delta = {"content": event.text} if isinstance(event, Delta) else {}
            choice = {"index": 0, "delta": delta, "finish_reason": ended}
            frames = [_event({**head, "choices": [choice], "usage": None})]
            if isinstance(event, Finished):
                usage = {
                    "prompt_tokens": event.usage.prompt_tokens,
                    "completion_tokens": event.usage.completion_tokens,
                }
                if body["stream_options"]["include_usage"]:
                    frames.append(_event({**head, "choices": [], "usage": usage}))
                frames.append(b"data: [DONE]\n\n")
            return [b": a comment\n\n", *frames]

        form = body.get("response_format")
        told = {key: body.get(key) for key in ("model", "messages", "max_tokens")}
        told |= {key: body.get(key) for key in ("temperature", "seed", "stop")}
        told["json_schema"] = form and form["json_schema"]["schema"]
        return await _answer(script, told, frame, refuse)

    return Starlette(
        routes=[
            Route("/v1/models", models),
            Route("/v1/chat/completions", chat, methods=["POST"]),
        ]
    )


def anthropic_app(script: ScriptedModel) -> Starlette:
    """Speak Anthropic's messages format."""

    def refuse(error: SutazaiError) -> Any:
        kind = "not_found_error" if isinstance(error, ModelNotFound) else "invalid_request_error"
        return {"type": "error", "error": {"type": kind, "message": error.message}}

    async def models(request: Request) -> Response:
        found = [{"type": "model", "id": info.name} for info in await script.models()]
        return JSONResponse({"data": found, "has_more": False})

    async def messages(request: Request) -> Response:
        body = await request.json()
        if request.headers.get("x-api-key") != KEY or "anthropic-version" not in request.headers:
            error = {"type": "authentication_error", "message": "invalid x-api-key"}
            return JSONResponse({"type": "error", "error": error}, 401)
        tools = body.get("tools")
        system = [{"role": "system", "content": body["system"]}] if "system" in body else []
        told = {key: body.get(key) for key in ("model", "max_tokens", "temperature")}
        told |= {"messages": [*system, *body["messages"]], "stop": body.get("stop_sequences")}
        told["json_schema"] = tools and tools[0]["input_schema"]
        return await _answer(script, told, _Anthropic(body["model"], bool(tools)), refuse)

    return Starlette(
        routes=[Route("/v1/models", models), Route("/v1/messages", messages, methods=["POST"])]
    )


class _Anthropic:
    """Events of one answer; of the tokens, the question's are told again at its end."""

    def __init__(self, model: str, tool: bool) -> None:
        self._model = model
        self._tool = tool
        self._begun = False

    def __call__(self, event: Delta | Finished) -> list[bytes]:
        frames = [] if self._begun else self._start()
        self._begun = True
        if isinstance(event, Delta):
            kind = "input_json_delta" if self._tool else "text_delta"
            delta = {"type": kind, "partial_json" if self._tool else "text": event.text}
            return [*frames, self._named("content_block_delta", index=0, delta=delta)]
        reason = {"length": "max_tokens", "stop": "tool_use" if self._tool else "end_turn"}
        usage = {
            "input_tokens": event.usage.prompt_tokens,
            "output_tokens": event.usage.completion_tokens,
        }
        ended = {"stop_reason": reason[event.reason], "stop_sequence": None}
        return [
            *frames,
            self._named("content_block_stop", index=0),
            self._named("message_delta", delta=ended, usage=usage),
            self._named("message_stop"),
        ]

    def _start(self) -> list[bytes]:
        usage = {"input_tokens": 1, "cache_read_input_tokens": 0, "output_tokens": 1}
        message = {"type": "message", "role": "assistant", "model": self._model, "usage": usage}
        block = {"type": "tool_use", "name": "answer"} if self._tool else {"type": "text"}
        return [
            self._named("message_start", message=message),
            self._named("content_block_start", index=0, content_block=block),
            self._named("ping"),
        ]

    def _named(self, kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\n".encode() + _event({"type": kind, **fields})


def _event(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"

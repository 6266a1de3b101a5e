"""Anthropic's messages API: https://docs.anthropic.com/en/api/messages and …/messages-streaming

A schema is asked for as the input of the one tool that the model has to use. The API knows no
seed. It is beyond this machine, so it is refused unless egress is switched on.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal

from pydantic import Field

from sutazai_contracts.errors import (
    ContextTooSmall,
    InvalidInput,
    ModelUnavailable,
    SutazaiError,
)
from sutazai_contracts.models import Provider, Reason
from sutazai_kit.model import chat
from sutazai_kit.model.answering import Ended, Prepared
from sutazai_kit.model.hosted import HostedConfig, HostedModel
from sutazai_kit.model.http import call, check_egress, events, lines, open_client
from sutazai_kit.model.port import Model

VERSION = "2023-06-01"
_TOOL = "answer"
_MOST_MODELS = 1000


class AnthropicConfig(HostedConfig):
    """How to speak to Anthropic."""

    provider: Literal["anthropic"] = "anthropic"
    base_url: str = Field(default="https://api.anthropic.com/v1")


class AnthropicModel(HostedModel, Model):
    """Speak the messages API; made by `open_anthropic`."""

    provider: Provider = "anthropic"

    async def _names(self) -> list[str]:
        answer = await call(self._client, "GET", f"models?limit={_MOST_MODELS}", _refusal)
        return [str(model["id"]) for model in answer.get("data") or []]

    async def _ask(self, prepared: Prepared) -> AsyncGenerator[str | Ended, None]:
        counts: dict[str, int] = {}
        reason: Reason | None = None
        async with (
            aclosing(lines(self._client, "messages", self._body(prepared), _refusal)) as source,
            aclosing(events(source)) as told,
        ):
            async for event in told:
                match event.get("type"):
                    case "message_start":
                        counts |= _counted(event["message"].get("usage"))
                    case "content_block_delta":
                        delta = event["delta"]
                        if text := delta.get("text") or delta.get("partial_json"):
                            yield text
                    case "message_delta":
                        counts |= _counted(event.get("usage"))
                        if stop := (event.get("delta") or {}).get("stop_reason"):
                            reason = "length" if stop == "max_tokens" else "stop"
                    case "error":
                        raise _broken_off(event.get("error") or {})
                    case "message_stop":
                        break
        if reason is None:
            raise ModelUnavailable("Anthropic broke off in its answer.")
        yield Ended(reason, _prompt(counts), counts.get("output_tokens"))

    def _body(self, prepared: Prepared) -> dict[str, Any]:
        request = prepared.request
        messages = prepared.fitted.messages
        body: dict[str, Any] = {
            "model": request.model,
            "max_tokens": request.max_tokens,
            "messages": [
                {"role": message.role, "content": message.text}
                for message in messages
                if message.role != "system"
            ],
            # It goes from 0 to 1 there.
            "temperature": min(request.temperature, 1.0),
            "stream": True,
        }
        system = [message.text for message in messages if message.role == "system"]
        if system:
            body["system"] = system[0]
        if request.stop:
            body["stop_sequences"] = list(request.stop)
        if request.json_schema is not None:
            if request.json_schema.get("type") != "object":
                raise InvalidInput("Anthropic takes schemas of objects only.", field="schema")
            body["tools"] = [
                {
                    "name": _TOOL,
                    "description": "Give the answer.",
                    "input_schema": request.json_schema,
                }
            ]
            body["tool_choice"] = {"type": "tool", "name": _TOOL}
        return {name: value for name, value in body.items() if name not in self._config.omit}


@asynccontextmanager
async def open_anthropic(config: AnthropicConfig) -> AsyncIterator[AnthropicModel]:
    """Open Anthropic; nothing is asked of it yet.

    Raises:
        EgressRefused: egress is not switched on.
    """
    check_egress(config.base_url, config.allow_egress)
    headers = {"anthropic-version": VERSION}
    if config.api_key is not None:
        headers["x-api-key"] = config.api_key.get_secret_value()
    base = config.base_url.rstrip("/") + "/"
    client = open_client(base, silence_s=config.silence_s, headers=headers)
    model = AnthropicModel(client, config)
    try:
        yield model
    finally:
        await model.aclose()


def _counted(usage: dict[str, Any] | None) -> dict[str, int]:
    return {name: value for name, value in (usage or {}).items() if isinstance(value, int)}


def _prompt(counts: dict[str, int]) -> int | None:
    """Sum the tokens of the question: those read from a cache or written to one stand apart."""
    if "input_tokens" not in counts:
        return None
    cached = ("cache_creation_input_tokens", "cache_read_input_tokens")
    return counts["input_tokens"] + sum(counts.get(name, 0) for name in cached)


def _broken_off(error: dict[str, Any]) -> SutazaiError:
    return ModelUnavailable(f"Anthropic broke off: {error.get('message', error)}")


def _refusal(status: int, words: str) -> SutazaiError:
    if status == 400 and "prompt is too long" in words.lower():
        return ContextTooSmall(f"Anthropic refuses: {words}", field="messages")
    return chat.refusal(status, words)

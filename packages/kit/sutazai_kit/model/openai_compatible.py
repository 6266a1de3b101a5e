"""What speaks the chat completions format: OpenAI, OpenRouter, vLLM, LM Studio and others.

A service beyond this machine is refused unless egress is switched on.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal

from pydantic import Field

from sutazai_contracts.models import Provider
from sutazai_kit.model.answering import Ended, Prepared
from sutazai_kit.model.chat import chat, chat_body, refusal
from sutazai_kit.model.hosted import HostedConfig, HostedModel
from sutazai_kit.model.http import call, check_egress, open_client
from sutazai_kit.model.port import Model


class OpenAiCompatibleConfig(HostedConfig):
    """How to speak to a service of this format."""

    provider: Literal["openai_compatible"] = "openai_compatible"
    base_url: str = Field(
        description="With the version: `http://127.0.0.1:8000/v1`, `https://api.openai.com/v1`."
    )
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens", description="What the bound of an answer is called there."
    )
    schema_lengths: bool = Field(
        default=True,
        description="Whether schemas may bound strings (`maxLength`); OpenAI itself refuses that.",
    )


class OpenAiCompatibleModel(HostedModel, Model):
    """Speak the chat completions format; made by `open_openai_compatible`."""

    provider: Provider = "openai_compatible"
    _config: OpenAiCompatibleConfig

    async def _names(self) -> list[str]:
        answer = await call(self._client, "GET", "models", refusal)
        return [str(model["id"]) for model in answer.get("data") or []]

    def _ask(self, prepared: Prepared) -> AsyncGenerator[str | Ended, None]:
        config = self._config
        body = chat_body(prepared)
        body[config.max_tokens_field] = body.pop("max_tokens")
        schema = prepared.request.json_schema
        if schema is not None:
            told = schema if config.schema_lengths else _without_lengths(schema)
            form = {"name": "answer", "strict": True, "schema": told}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        kept = {name: value for name, value in body.items() if name not in config.omit}
        return chat(self._client, "chat/completions", kept)


@asynccontextmanager
async def open_openai_compatible(
    config: OpenAiCompatibleConfig,
) -> AsyncIterator[OpenAiCompatibleModel]:
    """Open a service; nothing is asked of it yet.

    Raises:
        EgressRefused: it is beyond this machine and egress is not switched on.
    """
    check_egress(config.base_url, config.allow_egress)
    key = config.api_key
    headers = {} if key is None else {"authorization": f"Bearer {key.get_secret_value()}"}
    base = config.base_url.rstrip("/") + "/"
    client = open_client(base, silence_s=config.silence_s, headers=headers)
    model = OpenAiCompatibleModel(client, config)
    try:
        yield model
    finally:
        await model.aclose()


def _without_lengths(schema: Any) -> Any:
    """Leave out the bounds of strings; they are validated when the answer is there."""
    if isinstance(schema, list):
        return [_without_lengths(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    left_out = {"maxLength", "minLength"} if schema.get("type") == "string" else set()
    return {
        name: value if name == "enum" else _without_lengths(value)
        for name, value in schema.items()
        if name not in left_out
    }

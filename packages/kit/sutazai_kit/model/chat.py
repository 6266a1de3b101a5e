"""The chat completions format, which many services and runtimes speak.

Published at https://platform.openai.com/docs/api-reference/chat: server-sent events of
`chat.completion.chunk`, a last one with `usage` where `stream_options.include_usage` asks for it,
then `[DONE]`.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from sutazai_contracts.errors import (
    ContextTooSmall,
    InvalidInput,
    ModelNotFound,
    ModelUnavailable,
    SutazaiError,
)
from sutazai_contracts.models import Reason
from sutazai_kit.http_client import HttpClient
from sutazai_kit.model.answering import Ended, Prepared
from sutazai_kit.model.fit import shown
from sutazai_kit.model.http import events, lines

_ENDS: dict[str, Reason] = {"length": "length"}
_CONTEXT_WORDS = ("context_length_exceeded", "exceed_context_size", "maximum context length")


def chat_body(prepared: Prepared) -> dict[str, Any]:
    """Build what all who speak the format understand."""
    request = prepared.request
    body: dict[str, Any] = {
        "model": request.model,
        "messages": shown(prepared.fitted),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.seed is not None:
        body["seed"] = request.seed
    if request.stop:
        body["stop"] = list(request.stop)
    return body


async def chat(
    client: HttpClient, path: str, body: dict[str, Any]
) -> AsyncGenerator[str | Ended, None]:
    """Ask, and give the pieces of the answer, then how it ended."""
    reason: Reason | None = None
    prompt: int | None = None
    answer: int | None = None
    async with (
        aclosing(lines(client, path, body, refusal)) as source,
        aclosing(events(source)) as chunks,
    ):
        async for chunk in chunks:
            if chunk.get("error"):
                raise ModelUnavailable(f"The model runtime broke off: {_words(chunk['error'])}")
            # Some send null instead of an empty list with the usage.
            for choice in chunk.get("choices") or []:
                if text := (choice.get("delta") or {}).get("content"):
                    yield text
                if told := choice.get("finish_reason"):
                    reason = _ENDS.get(told, "stop")
            if usage := chunk.get("usage"):
                prompt, answer = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if reason is None:
        raise ModelUnavailable("The model runtime broke off in its answer.")
    yield Ended(reason, prompt, answer)


def refusal(status: int, words: str) -> SutazaiError:
    """Give our error for a status that is none of success."""
    lower = words.lower()
    if any(word in lower for word in _CONTEXT_WORDS):
        return ContextTooSmall(f"The model runtime refuses: {words}", field="messages")
    if status == 404:
        return ModelNotFound(f"There is no such model: {words}", field="model")
    if status in (400, 413, 422):
        return InvalidInput(f"The model runtime refuses: {words}")
    if status in (401, 403):
        return ModelUnavailable(f"The model service refuses the key ({status}): {words}")
    if status == 429:
        return ModelUnavailable(f"The model service is asked too much now: {words}")
    return ModelUnavailable(f"The model runtime can't answer now ({status}): {words}")


def _words(error: object) -> str:
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)

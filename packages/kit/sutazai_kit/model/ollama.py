"""Ollama, over its REST API: https://github.com/ollama/ollama/blob/main/docs/api.md

Ollama cuts what does not fit its context without a word: it drops old messages, then the middle
of the prompt, then shifts the context while it writes. So a prompt is cut here before it is sent,
by an estimate that learns from what Ollama counts, and what it counted afterwards is compared: a
cut in a question, and a shift, is always seen. That it dropped an early turn of a conversation is
seen only where fewer tokens came than words went, so there the estimate, which is rather too
high, is the guard. Later versions refuse when asked to (`truncate`, `shift`); 0.11 ignores that.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sutazai_contracts.errors import (
    ContextTooSmall,
    EgressRefused,
    InvalidInput,
    ModelNotFound,
    ModelUnavailable,
    SutazaiError,
)
from sutazai_contracts.models import Capabilities, ModelInfo, ModelRequest, RuntimeInfo
from sutazai_kit.http_client import HttpClient
from sutazai_kit.model.answering import Answering, Ended, Prepared
from sutazai_kit.model.estimate import Estimated, fewest_tokens
from sutazai_kit.model.fit import Counting, shown
from sutazai_kit.model.http import call, lines, open_client, parsed
from sutazai_kit.model.port import Model
from sutazai_kit.model.price import Price

ADVICE = "A better model: `ollama pull <name>` with a network, then name it in the settings."
_STOP_PARAMETER = re.compile(r'^stop\s+(?:"((?:[^"\\]|\\.)*)"|(\S+))\s*$', re.MULTILINE)
_REPEATS = 30
_ENCODERS = ("bert", "nomic-bert", "jina-bert-v2")


class OllamaConfig(BaseModel):
    """How to speak to an Ollama."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["ollama"] = "ollama"
    base_url: str = Field(default="http://127.0.0.1:11434", description="Where it answers.")
    num_ctx: int = Field(
        default=4096,
        ge=64,
        description="Context of a request that names none; at most the model's.",
    )
    num_thread: int | None = Field(
        default=None, ge=1, description="Threads of a generation; None: as Ollama thinks."
    )
    num_batch: int | None = Field(
        default=None,
        ge=1,
        description="Prompt tokens between two looks at whether the call was cancelled; None: 512.",
    )
    keep_alive: str = Field(default="5m", description="How long a model stays in memory.")
    silence_s: float = Field(
        default=600, gt=0, description="Seconds without a byte after which it counts as gone."
    )
    prices: dict[str, Price] = Field(default_factory=dict, description="By model.")
    allow_egress: bool = Field(
        default=False, description="Whether models that Ollama hands to a service may be used."
    )


@dataclass
class _Known:
    """What is known of a model, until its digest changes."""

    digest: str | None
    info: ModelInfo
    stop: tuple[str, ...]
    remote: str | None
    counting: Estimated


class OllamaModel(Answering, Model):
    """Speak to an Ollama; made by `open_ollama`."""

    def __init__(self, client: HttpClient, config: OllamaConfig) -> None:
        """Take a client with its base URL, and the settings."""
        super().__init__()
        self._client = client
        self._config = config
        self._known: dict[str, _Known] = {}

    async def runtime(self) -> RuntimeInfo:
        """Tell which Ollama this is."""
        self._check_open()
        answer = await call(self._client, "GET", "/api/version", _refusal)
        return RuntimeInfo(
            provider="ollama",
            version=str(answer.get("version")),
            place=self._config.base_url,
            hosted=False,
            advice=ADVICE,
        )

    async def models(self) -> list[ModelInfo]:
        """List what Ollama has; a model that works elsewhere is left out without egress."""
        self._check_open()
        answer = await call(self._client, "GET", "/api/tags", _refusal)
        found = [await self._learn(tag["name"], tag) for tag in answer.get("models") or []]
        return [known.info for known in found if known.remote is None or self._config.allow_egress]

    def _price(self, model: str) -> Price | None:
        prices = self._config.prices
        return prices.get(model) or prices.get(model.removesuffix(":latest"))

    async def aclose(self) -> None:
        """Close connections."""
        await super().aclose()
        await self._client.aclose()

    async def _context(self, request: ModelRequest) -> tuple[int | None, Counting]:
        name = _full_name(request.model)
        known = self._known.get(name) or await self._learn(name, {})
        if known.remote is not None and not self._config.allow_egress:
            raise EgressRefused(f"{request.model} works at {known.remote}, beyond this machine.")
        can = known.info.capabilities
        if not can.completion:
            raise InvalidInput(f"{request.model} makes embeddings, not answers.", field="model")
        wanted = request.num_ctx or self._config.num_ctx
        return min(wanted, can.context_tokens or wanted), known.counting

    async def _learn(self, name: str, tag: dict[str, Any]) -> _Known:
        """Ask once what a model is and can do; the same weights are not asked about again."""
        digest = tag.get("digest")
        known = self._known.get(name)
        if known is not None and digest is not None and known.digest in (None, digest):
            known.digest = digest
            known.info = _info(name, tag, known.info.capabilities)
            return known
        shown_by = await call(self._client, "POST", "/api/show", _refusal, {"model": name})
        details = {"details": shown_by.get("details"), **tag}
        learnt = _Known(
            digest=digest,
            info=_info(name, details, _capabilities(shown_by)),
            stop=_stops(str(shown_by.get("parameters") or "")),
            remote=shown_by.get("remote_host") or None,
            counting=Estimated(),
        )
        self._known[name] = learnt
        return learnt

    async def _generate(self, prepared: Prepared) -> AsyncGenerator[str | Ended, None]:
        body = self._body(prepared)
        repeated, before = 0, ""
        async with aclosing(lines(self._client, "/api/chat", body, _refusal)) as answer:
            async for line in answer:
                event = parsed(line)
                if event.get("error"):
                    raise ModelUnavailable(f"Ollama broke off: {event['error']}")
                if text := (event.get("message") or {}).get("content"):
                    repeated = repeated + 1 if text.strip() == before else 0
                    before = text.strip()
                    yield text
                if event.get("done"):
                    yield self._ended(prepared, event)
                    return
        if repeated >= _REPEATS:
            # It ends an answer that goes round in circles, without a last line.
            yield Ended("stop")

    def _body(self, prepared: Prepared) -> dict[str, Any]:
        request, config = prepared.request, self._config
        options: dict[str, Any] = {
            "num_ctx": prepared.num_ctx,
            "num_predict": request.max_tokens,
            "temperature": request.temperature,
        }
        if request.seed is not None:
            options["seed"] = request.seed
        if request.stop:
            # Ours take the place of the model's own, by which it ends its turn: send both.
            own = self._known[_full_name(request.model)].stop
            options["stop"] = list(dict.fromkeys((*request.stop, *own)))
        if config.num_thread is not None:
            options["num_thread"] = config.num_thread
        if config.num_batch is not None:
            options["num_batch"] = config.num_batch
        body: dict[str, Any] = {
            "model": request.model,
            "messages": shown(prepared.fitted),
            "stream": True,
            "options": options,
            "keep_alive": config.keep_alive,
            "truncate": False,
            "shift": False,
        }
        if request.json_schema is not None:
            body["format"] = request.json_schema
        return body

    def _ended(self, prepared: Prepared, event: dict[str, Any]) -> Ended:
        """Read the last line, and find out whether Ollama cut after all."""
        prompt, answer = event.get("prompt_eval_count"), event.get("eval_count")
        reason: Literal["stop", "length"] = (
            "length" if event.get("done_reason") == "length" else "stop"
        )
        if prompt is None:
            return Ended(reason, None, answer)
        name, num_ctx = _full_name(prepared.request.model), prepared.num_ctx or 0
        messages = prepared.fitted.messages
        if (
            prompt >= num_ctx
            or prompt + (answer or 0) > num_ctx
            or prompt < fewest_tokens(messages)
        ):
            # Whatever it really had, it was more than we thought.
            self._known[name].counting.observe(messages, max(prompt, 2 * prepared.fitted.tokens))
            raise ContextTooSmall(
                f"Ollama cut the question to its context of {num_ctx} tokens (it read {prompt}); "
                "ask again, it will be cut by rule and said.",
                field="messages",
            )
        self._known[name].counting.observe(messages, prompt)
        return Ended(reason, prompt, answer)


@asynccontextmanager
async def open_ollama(config: OllamaConfig) -> AsyncIterator[OllamaModel]:
    """Open an Ollama; nothing is asked of it yet, so it may start later.

    Args:
        config: where it answers, and how it is asked.
    """
    model = OllamaModel(open_client(config.base_url, silence_s=config.silence_s), config)
    try:
        yield model
    finally:
        await model.aclose()


def _full_name(name: str) -> str:
    """Name the tag, as Ollama's own list does."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _info(name: str, tag: dict[str, Any], can: Capabilities) -> ModelInfo:
    details = tag.get("details") or {}
    return ModelInfo(
        name=name,
        provider="ollama",
        capabilities=can,
        digest=tag.get("digest"),
        size_bytes=tag.get("size"),
        parameters=details.get("parameter_size") or None,
        quantization=details.get("quantization_level") or None,
    )


def _capabilities(told: dict[str, Any]) -> Capabilities:
    """Read what `/api/show` tells; before 0.6.4 it told no capabilities."""
    info = told.get("model_info") or {}
    architecture = str(info.get("general.architecture") or "")
    encodes = architecture in _ENCODERS
    can = told.get("capabilities")
    if can is None:
        tools = ".Tools" in str(told.get("template") or "")
        can = ["embedding"] if encodes else ["completion", *(["tools"] if tools else [])]
    return Capabilities(
        context_tokens=info.get(f"{architecture}.context_length"),
        completion="completion" in can,
        json_schema="completion" in can,
        tools="tools" in can,
        embeddings="embedding" in can,
    )


def _stops(parameters: str) -> tuple[str, ...]:
    """Read the stop texts of a model's own parameters, as `/api/show` prints them."""
    return tuple(
        quoted.replace('\\"', '"').replace("\\\\", "\\") if quoted else bare
        for quoted, bare in _STOP_PARAMETER.findall(parameters)
    )


def _refusal(status: int, words: str) -> SutazaiError:
    lower = words.lower()
    if status == 404:
        return ModelNotFound(f"Ollama has no such model: {words}", field="model")
    if status == 400 and "context" in lower and ("exceed" in lower or "too long" in lower):
        return ContextTooSmall(f"Ollama refuses: {words}", field="messages")
    if status in (400, 422):
        return InvalidInput(f"Ollama refuses: {words}")
    return ModelUnavailable(f"Ollama can't answer now ({status}): {words}")

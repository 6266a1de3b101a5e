"""Embeddings of an Ollama, over its REST API: https://github.com/ollama/ollama (docs/api.md).

Its tokenizers differ between versions, so a model whose vectors are known is held against them;
what it counts (`prompt_eval_count`) leaves special tokens out in 0.11.4.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from loguru import logger
from pydantic import Field

from sutazai_contracts.errors import (
    EgressRefused,
    InvalidInput,
    ModelMismatch,
    ModelNotFound,
    ModelUnavailable,
    SutazaiError,
    TooLarge,
)
from sutazai_kit.embeddings.checking import Reference
from sutazai_kit.embeddings.port import Embeddings
from sutazai_kit.embeddings.remote import RemoteConfig, RemoteEmbeddings, Told, as_embedder
from sutazai_kit.http_client import HttpClient
from sutazai_kit.model.http import call, open_client

REVISION_LENGTH = 12
_USUAL_TOKENS = 512
# The digest is looked at again after so many seconds: a model may be pulled anew under its name.
_LOOK_AGAIN_S = 10.0


class OllamaEmbeddingsConfig(RemoteConfig):
    """How to ask an Ollama for embeddings."""

    provider: Literal["ollama"] = "ollama"
    base_url: str = Field(default="http://127.0.0.1:11434", description="Where it answers.")
    num_thread: int | None = Field(
        default=None, ge=1, description="Threads of one call; None: as Ollama thinks."
    )
    keep_alive: str = Field(default="30m", description="How long the model stays in memory.")


class OllamaEmbeddings(RemoteEmbeddings, Embeddings):
    """Embed by an Ollama; made by `open_ollama_embeddings`."""

    _config: OllamaEmbeddingsConfig

    def __init__(self, client: HttpClient, config: OllamaEmbeddingsConfig) -> None:
        """Take a client with its base URL, and the settings."""
        super().__init__(client, config)
        self._name = _full_name(config.model)
        self._looked_at = 0.0

    async def _identify(self) -> tuple[Sequence[str], str, int]:
        with as_embedder():
            digest = await self._digest()
            shown = await call(
                self._client, "POST", "/api/show", _refusal, {"model": self._config.model}
            )
        remote = shown.get("remote_host")
        if remote and not self._config.allow_egress:
            raise EgressRefused(f"{self._name} works at {remote}, beyond this machine.")
        info = shown.get("model_info") or {}
        longest = info.get(f"{info.get('general.architecture')}.context_length")
        names = [self._name, *(str(info[key]) for key in _NAMED if info.get(key))]
        return names, digest[:REVISION_LENGTH], int(longest or _USUAL_TOKENS)

    async def _ask(self, texts: Sequence[str]) -> Told:
        await self._still_the_same()
        try:
            return _read(await self._post(texts, truncate=False))
        except TooLarge:
            logger.warning("{} cut a text that has more tokens than estimated", self._name)
            return _read(await self._post(texts, truncate=True))

    async def _post(self, texts: Sequence[str], *, truncate: bool) -> dict[str, Any]:
        config = self._config
        body: dict[str, Any] = {
            "model": config.model,
            "input": list(texts),
            "truncate": truncate,
            "keep_alive": config.keep_alive,
        }
        if config.num_thread is not None:
            body["options"] = {"num_thread": config.num_thread}
        if config.dimension is not None:
            body["dimensions"] = config.dimension
        return await call(self._client, "POST", "/api/embed", _refusal, body)

    async def _ping(self) -> None:
        await call(self._client, "GET", "/api/version", _refusal)

    async def _still_the_same(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._model is None or now - self._looked_at < _LOOK_AGAIN_S:
            return
        digest = await self._digest()
        if digest[:REVISION_LENGTH] != self._model.revision:
            raise ModelMismatch(
                f"Ollama has another {self._name} now, {digest[:REVISION_LENGTH]} in place of "
                f"{self._model.revision}: start SutazAI again, then `sutazai index rebuild`."
            )
        self._looked_at = now

    async def _digest(self) -> str:
        answer = await call(self._client, "GET", "/api/tags", _refusal)
        for tag in answer.get("models") or []:
            if tag.get("name") == self._name:
                return str(tag.get("digest")).removeprefix("sha256:")
        raise ModelNotFound(
            f"Ollama has no model {self._name}: `ollama pull {self._config.model}`.", field="model"
        )


_NAMED = ("general.name", "general.basename")


def _read(answer: dict[str, Any]) -> Told:
    vectors = answer.get("embeddings")
    if not isinstance(vectors, list):
        raise ModelUnavailable("Ollama's answer holds no embeddings.")
    return Told(vectors, answer.get("prompt_eval_count"))


@asynccontextmanager
async def open_ollama_embeddings(
    config: OllamaEmbeddingsConfig, references: Iterable[Reference] = ()
) -> AsyncIterator[OllamaEmbeddings]:
    """Open an Ollama's model for embeddings, once its vectors were checked.

    Args:
        config: where it answers, and which model it is.
        references: what models of certain names have to give.

    Raises:
        EmbedderUnavailable: it does not answer, or its vectors are not to be used.
        ModelNotFound: it has no such model.
        EgressRefused: it would hand the texts to a service beyond this machine.
    """
    embeddings = OllamaEmbeddings(open_client(config.base_url, silence_s=config.silence_s), config)
    try:
        await embeddings.begin(references)
        yield embeddings
    finally:
        await embeddings.aclose()


def _full_name(name: str) -> str:
    """Name the tag, as Ollama's own list does."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _refusal(status: int, words: str) -> SutazaiError:
    lower = words.lower()
    if status == 400 and "context length" in lower:
        return TooLarge(f"Ollama refuses: {words}")
    if status == 404:
        return ModelNotFound(f"Ollama has no such model: {words}", field="model")
    if status in (400, 422):
        return InvalidInput(f"Ollama refuses: {words}")
    return ModelUnavailable(f"Ollama can't embed now ({status}): {words}")

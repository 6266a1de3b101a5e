"""Embeddings of what speaks OpenAI's format (`POST /v1/embeddings`): OpenAI, Jina, vLLM, others.

A service beyond this machine is refused unless egress is switched on.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from pydantic import Field, SecretStr

from sutazai_contracts.errors import (
    InvalidInput,
    ModelNotFound,
    ModelUnavailable,
    SutazaiError,
)
from sutazai_kit.embeddings.checking import Reference
from sutazai_kit.embeddings.port import Embeddings
from sutazai_kit.embeddings.remote import RemoteConfig, RemoteEmbeddings, Told
from sutazai_kit.model.http import call, check_egress, open_client

_USUAL_TOKENS = 512


class OpenAiEmbeddingsConfig(RemoteConfig):
    """How to ask a service of this format for embeddings."""

    provider: Literal["openai_compatible"] = "openai_compatible"
    base_url: str = Field(
        description="With the version: `http://127.0.0.1:8000/v1`, `https://api.openai.com/v1`."
    )
    api_key: SecretStr | None = Field(default=None, description="Sent with every call.")
    revision: str = Field(
        default="1", min_length=1, description="Of the model, as these services tell none."
    )


class OpenAiEmbeddings(RemoteEmbeddings, Embeddings):
    """Embed by a service of this format; made by `open_openai_embeddings`."""

    _config: OpenAiEmbeddingsConfig

    async def _identify(self) -> tuple[Sequence[str], str, int]:
        return [self._config.model], self._config.revision, _USUAL_TOKENS

    async def _ask(self, texts: Sequence[str]) -> Told:
        config = self._config
        body: dict[str, Any] = {
            "model": config.model,
            # Nothing at all is refused by most of them.
            "input": [text or " " for text in texts],
            "encoding_format": "float",
        }
        if config.dimension is not None:
            body["dimensions"] = config.dimension
        answer = await call(self._client, "POST", "embeddings", _refusal, body)
        return _read(answer)

    async def _ping(self) -> None:
        await call(self._client, "GET", "models", _refusal)


def _read(answer: dict[str, Any]) -> Told:
    try:
        rows = sorted(answer["data"], key=lambda row: int(row["index"]))
        vectors = [row["embedding"] for row in rows]
        tokens = (answer.get("usage") or {}).get("prompt_tokens")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable("The service's answer holds no embeddings.") from error
    return Told(vectors, tokens if isinstance(tokens, int) else None)


@asynccontextmanager
async def open_openai_embeddings(
    config: OpenAiEmbeddingsConfig, references: Iterable[Reference] = ()
) -> AsyncIterator[OpenAiEmbeddings]:
    """Open a service's model for embeddings, once its vectors were checked.

    Args:
        config: where it answers, and which model it is.
        references: what models of certain names have to give.

    Raises:
        EgressRefused: it is beyond this machine and egress is not switched on.
        EmbedderUnavailable: it does not answer, or its vectors are not to be used.
        ModelNotFound: it has no such model.
        InvalidInput: it refuses the key, or what is asked.
    """
    check_egress(config.base_url, config.allow_egress)
    key = config.api_key
    headers = {} if key is None else {"authorization": f"Bearer {key.get_secret_value()}"}
    base = config.base_url.rstrip("/") + "/"
    client = open_client(base, silence_s=config.silence_s, headers=headers)
    embeddings = OpenAiEmbeddings(client, config)
    try:
        await embeddings.begin(references)
        yield embeddings
    finally:
        await embeddings.aclose()


def _refusal(status: int, words: str) -> SutazaiError:
    if status == 404:
        return ModelNotFound(f"The service has no such model: {words}", field="model")
    if status in (401, 403):
        return InvalidInput(
            f"The service refuses the key ({status}): {words}. SUTAZAI_EMBEDDINGS_API_KEY sets it."
        )
    if status in (400, 413, 422):
        return InvalidInput(f"The service refuses: {words}")
    return ModelUnavailable(f"The service can't embed now ({status}): {words}")

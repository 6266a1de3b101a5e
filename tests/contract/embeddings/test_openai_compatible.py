"""OpenAI's format keeps the contract, spoken to over HTTP; the model behind is the real one."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai.adapters.minilm.reference import minilm_reference
from sutazai_kit.embeddings.openai_compatible import (
    OpenAiEmbeddingsConfig,
    open_openai_embeddings,
)
from sutazai_kit.embeddings.port import Embeddings
from tests.contract.embeddings.suite import EmbeddingsContract, Traits
from tests.support.embedding_servers import Served, openai_embedder
from tests.support.model_servers import KEY, serve_app

NAME = "sentence-transformers/all-MiniLM-L6-v2"


def config(url: str) -> OpenAiEmbeddingsConfig:
    """Say how the server is asked."""
    return OpenAiEmbeddingsConfig(
        model=NAME, base_url=f"{url}/v1", api_key=SecretStr(KEY), revision="0123456789ab"
    )


class TestOpenAiEmbeddings(EmbeddingsContract):
    """The contract."""

    traits = Traits(NAME, max_tokens=512, exact_counts=False)

    @pytest.fixture
    async def embeddings(self, minilm: InProcessEmbeddings) -> AsyncIterator[Embeddings]:
        served = Served(minilm.embed, minilm.count_tokens, name=NAME)
        async with (
            serve_app(openai_embedder(served)) as url,
            open_openai_embeddings(config(url), [minilm_reference()]) as opened,
        ):
            yield opened

    @pytest.fixture
    async def unavailable(self, minilm: InProcessEmbeddings) -> AsyncIterator[Embeddings]:
        served = Served(minilm.embed, minilm.count_tokens, name=NAME)
        async with (
            serve_app(openai_embedder(served)) as url,
            open_openai_embeddings(config(url)) as closed,
        ):
            await closed.aclose()
            yield closed

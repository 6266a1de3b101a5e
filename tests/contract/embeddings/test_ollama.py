"""Ollama's embeddings keep the contract, spoken to over HTTP; the model behind is the real one.

The real Ollama keeps it in `tests/models/test_embeddings.py`.
"""

from collections.abc import AsyncIterator

import pytest

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai.adapters.minilm.reference import minilm_reference
from sutazai_kit.embeddings.ollama import OllamaEmbeddingsConfig, open_ollama_embeddings
from sutazai_kit.embeddings.port import Embeddings
from sutazai_kit.embeddings.remote import RemoteEmbeddings
from tests.contract.embeddings.suite import EmbeddingsContract, Traits
from tests.support.embedding_servers import Served, ollama_embedder
from tests.support.model_servers import serve_app


class TestOllamaEmbeddings(EmbeddingsContract):
    """The contract."""

    traits = Traits("all-minilm:latest", max_tokens=512, exact_counts=False)

    @pytest.fixture
    async def embeddings(self, minilm: InProcessEmbeddings) -> AsyncIterator[Embeddings]:
        served = Served(minilm.embed, minilm.count_tokens)
        async with serve_app(ollama_embedder(served)) as url:
            config = OllamaEmbeddingsConfig(model="all-minilm", base_url=url)
            async with open_ollama_embeddings(config, [minilm_reference()]) as opened:
                yield opened

    @pytest.fixture
    async def unavailable(self, minilm: InProcessEmbeddings) -> AsyncIterator[RemoteEmbeddings]:
        served = Served(minilm.embed, minilm.count_tokens)
        async with serve_app(ollama_embedder(served)) as url:
            config = OllamaEmbeddingsConfig(model="all-minilm", base_url=url)
            async with open_ollama_embeddings(config) as closed:
                await closed.aclose()
                yield closed

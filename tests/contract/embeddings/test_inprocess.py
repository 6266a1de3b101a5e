"""The model in this process keeps the contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings, open_inprocess_embeddings
from sutazai_kit.embeddings.port import Embeddings
from tests.contract.embeddings.suite import EmbeddingsContract


class TestInProcessEmbeddings(EmbeddingsContract):
    """The contract."""

    @pytest.fixture
    def embeddings(self, minilm: InProcessEmbeddings) -> Embeddings:
        return minilm

    @pytest.fixture
    async def unavailable(self, models_dir: Path) -> AsyncIterator[Embeddings]:
        async with open_inprocess_embeddings(models_dir) as closed:
            await closed.aclose()
            yield closed

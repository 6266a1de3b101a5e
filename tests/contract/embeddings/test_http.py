"""The embedder's process, spoken to over its Unix socket, keeps the contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sutazai_kit.embeddings.http import open_http_embeddings
from sutazai_kit.embeddings.port import Embeddings
from tests.contract.embeddings.suite import EmbeddingsContract
from tests.support.embeddings import embedder_process, short_folder


class TestHttpEmbeddings(EmbeddingsContract):
    """The contract."""

    @pytest.fixture
    async def embeddings(self, embedder_socket: Path) -> AsyncIterator[Embeddings]:
        async with open_http_embeddings(embedder_socket) as opened:
            yield opened

    @pytest.fixture
    async def unavailable(self, models_dir: Path) -> AsyncIterator[Embeddings]:
        with short_folder() as folder:
            socket = folder / "embedder.sock"
            with embedder_process(socket, models_dir) as process:
                async with open_http_embeddings(socket, patience=0.2) as opened:
                    process.kill()
                    process.wait()
                    yield opened

"""An embedder that comes later keeps the contract once it is there, and says so before."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from sutazai_contracts.errors import EmbedderUnavailable
from sutazai_kit.embeddings.http import open_http_embeddings
from sutazai_kit.embeddings.later import open_later
from sutazai_kit.embeddings.port import Embeddings
from tests.contract.embeddings.suite import EmbeddingsContract
from tests.support.embeddings import embedder_process, short_folder


class TestLaterEmbeddings(EmbeddingsContract):
    """The contract."""

    @pytest.fixture
    async def embeddings(self, embedder_socket: Path) -> AsyncIterator[Embeddings]:
        async with open_later(partial(open_http_embeddings, embedder_socket)) as opened:
            await opened.check()
            yield opened

    @pytest.fixture
    async def unavailable(self, models_dir: Path) -> AsyncIterator[Embeddings]:
        with short_folder() as folder:
            socket = folder / "embedder.sock"
            with embedder_process(socket, models_dir) as process:
                opening = partial(open_http_embeddings, socket, patience=0.2)
                async with open_later(opening) as opened:
                    await opened.check()
                    process.kill()
                    process.wait()
                    yield opened


async def test_until_it_is_there_it_says_so_and_then_it_works(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutazai_kit.embeddings.later.AGAIN_S", 0.05)
    with short_folder() as folder:
        socket = folder / "embedder.sock"
        opening = partial(open_http_embeddings, socket, patience=0.05)
        async with open_later(opening, patience_s=0.1) as later:
            with pytest.raises(EmbedderUnavailable, match="not reached yet"):
                _ = later.model
            with pytest.raises(EmbedderUnavailable, match="not reached yet"):
                await later.embed(["one"])
            with embedder_process(socket, models_dir):
                async with asyncio.timeout(20):
                    while True:
                        try:
                            vectors = await later.embed(["one"])
                        except EmbedderUnavailable:
                            continue
                        break
                assert vectors.shape == (1, later.model.dimension)

"""The embeddings port in this process: the twin of the embedder's process, and its bare cost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sutazai.adapters.minilm.embedder import Embedder, open_embedder
from sutazai_contracts.errors import EmbedderUnavailable
from sutazai_contracts.knowledge import EmbeddingModel


class InProcessEmbeddings:
    """The model in this process, on threads of its own."""

    def __init__(self, embedder: Embedder) -> None:
        """Take a loaded model; `aclose` ends its threads."""
        self._embedder: Embedder | None = embedder
        self._model = EmbeddingModel.model_validate(embedder.facts)

    @property
    def model(self) -> EmbeddingModel:
        """Tell which model this is."""
        return self._model

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        """Embed texts: shape `(len(texts), dimension)`, float32, each row of unit length."""
        return await self._opened().embed(texts, interactive=interactive)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens by the model's own tokenizer, special tokens left out."""
        return await self._opened().count_tokens(texts)

    async def aclose(self) -> None:
        """End the threads and let the model go."""
        if self._embedder is not None:
            self._embedder.close()
            self._embedder = None

    def _opened(self) -> Embedder:
        if self._embedder is None:
            raise EmbedderUnavailable("The embedder was closed.")
        return self._embedder


@asynccontextmanager
async def open_inprocess_embeddings(
    models_dir: Path, *, threads: int = 1
) -> AsyncIterator[InProcessEmbeddings]:
    """Load the model from `models_dir`, building its graph first where it is missing."""
    embedder = await asyncio.to_thread(open_embedder, models_dir, threads=threads)
    embeddings = InProcessEmbeddings(embedder)
    try:
        yield embeddings
    finally:
        await embeddings.aclose()

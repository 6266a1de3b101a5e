"""Embeddings with a cache before them: what was asked before does not wait for the embedder."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sutazai.core.cache.port import Cache
from sutazai_contracts.errors import EmbedderUnavailable
from sutazai_contracts.knowledge import EmbeddingModel
from sutazai_kit.embeddings.port import Embeddings

# A vector is good for ever; this bounds how long a question that nobody asks again is kept.
KEPT_S = 24 * 60 * 60.0
# More at once are no questions but sentences of documents, which are hardly asked again.
MOST_TEXTS = 8


def _unheard(found: bool) -> None:
    """Take what nobody counts."""


def query_key(model: EmbeddingModel, text: str) -> str:
    """Name a question's vector by all that it hangs on: the model as a whole, and the exact text.

    The text itself is not in it, so that a cache tells nobody what was asked.
    """
    digest = hashlib.sha256(model.model_dump_json().encode() + b"\n")
    # Half of a surrogate pair has a key too; the embedder refuses it.
    digest.update(text.encode("utf-8", "surrogatepass"))
    return f"query:{digest.hexdigest()}"


class CachedEmbeddings:
    """Ask the cache first for what a person waits for, and the embedder for the rest."""

    def __init__(
        self,
        embeddings: Embeddings,
        cache: Cache,
        on_lookup: Callable[[bool], None] = _unheard,
    ) -> None:
        """Take the embedder, the cache, and who hears of each text whether it was found."""
        self._embeddings, self._cache, self._on_lookup = embeddings, cache, on_lookup

    @property
    def model(self) -> EmbeddingModel:
        """Tell which model this is."""
        return self._embeddings.model

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        """Embed texts: shape `(len(texts), dimension)`, float32, each row of unit length."""
        if not (interactive and 0 < len(texts) <= MOST_TEXTS):
            return await self._embeddings.embed(texts, interactive=interactive)
        try:
            model = self._embeddings.model
        except EmbedderUnavailable:
            # It may be there in a moment, and waits for that by itself.
            return await self._embeddings.embed(texts, interactive=True)
        keys = [query_key(model, text) for text in texts]
        vectors = np.empty((len(texts), model.dimension), np.float32)
        missing = await self._fill(vectors, keys)
        if missing:
            vectors[missing] = await self._embeddings.embed(
                [texts[n] for n in missing], interactive=True
            )
            await asyncio.gather(*(self._keep(keys[n], vectors[n]) for n in missing))
        return vectors

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens by the model's own tokenizer, special tokens left out."""
        return await self._embeddings.count_tokens(texts)

    async def aclose(self) -> None:
        """Close the embedder's connections."""
        await self._embeddings.aclose()

    async def _fill(self, vectors: NDArray[np.float32], keys: Sequence[str]) -> list[int]:
        """Fill in the rows that are kept; gives the others."""
        missing = []
        kept = await asyncio.gather(*(self._cache.get(key) for key in keys))
        for row, value in enumerate(kept):
            found = value is not None and len(value) == 4 * vectors.shape[1]
            if value is not None and found:
                vectors[row] = np.frombuffer(value, "<f4")
            else:
                missing.append(row)
            self._on_lookup(found)
        return missing

    async def _keep(self, key: str, vector: NDArray[np.float32]) -> None:
        await self._cache.put(key, vector.astype("<f4").tobytes(), KEPT_S)

"""Embeddings: text to unit vectors, by a model that runs in a process of its own."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sutazai_contracts.knowledge import EmbeddingModel


class Embeddings(Protocol):
    """Turn texts into vectors. Raises `EmbedderUnavailable` where the model does not answer."""

    @property
    def model(self) -> EmbeddingModel:
        """Tell which model this is."""

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        """Embed texts: shape `(len(texts), dimension)`, float32, each row of unit length.

        Text past the model's limit is cut by the model; chunks are made so that none is.
        `interactive` goes before waiting batch work.
        """

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens by the model's own tokenizer, special tokens left out.

        WordPiece splits at white space first, so counts of pieces add up when the pieces are
        joined by white space.
        """

    async def aclose(self) -> None:
        """Close connections."""

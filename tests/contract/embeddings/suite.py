"""What every adapter of the embeddings port does, wherever the model runs."""

import asyncio
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from sutazai.adapters.minilm.reference import REFERENCE, read_reference
from sutazai_contracts.errors import EmbedderUnavailable, InvalidInput
from sutazai_kit.embeddings.port import Embeddings

TEXTS = [
    "A lease ends when its time is over.",
    "short",
    "",
    "The fencing token is fresh at each claim and checked on heartbeat, progress and outcome; " * 4,
    "Élodie mange une crème brûlée.",
    "人工知能は文書を検索する。检索增强生成。",
    "🚀 👩‍💻 🇩🇪 and ∑ ≤ ∞",
    "a b\tc\nd",
]
LONG = " ".join(f"word{n} stands here" for n in range(3000))


@dataclass(frozen=True)
class Traits:
    """What differs between adapters that all run all-MiniLM-L6-v2.

    `exact_counts`: tokens are counted by the model's own tokenizer; else they are estimated, never
    too few, and without the model. `tolerance`: by how much numbers of a
    vector may differ between two calls.
    """

    name: str = "all-MiniLM-L6-v2"
    max_tokens: int = 256
    exact_counts: bool = True
    tolerance: float = 1e-5


class EmbeddingsContract:
    """Subclasses give the fixtures `embeddings`, open, and `unavailable`, whose model is gone."""

    traits = Traits()

    def near(self, found: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
        """Assert that vectors are the same, as far as this adapter's can be."""
        np.testing.assert_allclose(found, expected, atol=self.traits.tolerance)

    def test_the_model_is_told(self, embeddings: Embeddings) -> None:
        model, traits = embeddings.model, self.traits
        told = (model.name, model.dimension, model.max_tokens)
        assert told == (traits.name, 384, traits.max_tokens)
        assert len(model.revision) == 12
        assert int(model.revision, 16) >= 0

    async def test_rows_are_float32_of_unit_length(self, embeddings: Embeddings) -> None:
        vectors = await embeddings.embed(TEXTS)
        assert vectors.shape == (len(TEXTS), 384)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    async def test_vectors_are_those_of_the_reference(self, embeddings: Embeddings) -> None:
        texts, expected = read_reference(REFERENCE)
        # An estimate cuts a text that is longer than the model takes elsewhere than the model.
        rows = [n for n, text in enumerate(texts) if self.traits.exact_counts or len(text) < 400]
        assert len(rows) >= 7
        self.near(await embeddings.embed([texts[n] for n in rows]), expected[rows])

    async def test_order_is_kept_and_company_does_not_matter(self, embeddings: Embeddings) -> None:
        together = await embeddings.embed(TEXTS)
        alone = [await embeddings.embed([text], interactive=True) for text in TEXTS]
        self.near(together, np.concatenate(alone))
        assert len({row.tobytes() for row in together}) == len(TEXTS)

    async def test_the_same_call_gives_the_same_bytes(self, embeddings: Embeddings) -> None:
        first, second = await embeddings.embed(TEXTS), await embeddings.embed(TEXTS)
        assert np.array_equal(first, second)

    async def test_many_texts_come_back_in_order(self, embeddings: Embeddings) -> None:
        texts = [f"point {n}" for n in range(300)]
        vectors = await embeddings.embed(texts)
        chosen = [0, 63, 64, 255, 256, 299]
        expected = await embeddings.embed([texts[n] for n in chosen])
        self.near(vectors[chosen], expected)
        counts = await embeddings.count_tokens(texts)
        assert counts == [2] * 300 if self.traits.exact_counts else min(counts) >= 2

    async def test_calls_at_once_do_not_mix(self, embeddings: Embeddings) -> None:
        expected = await embeddings.embed(TEXTS)
        calls = [embeddings.embed([text]) for text in TEXTS]
        calls += [embeddings.embed([text], interactive=True) for text in TEXTS]
        answers = np.concatenate(await asyncio.gather(*calls))
        self.near(answers, np.concatenate([expected, expected]))

    async def test_nothing_is_no_error(self, embeddings: Embeddings) -> None:
        assert (await embeddings.embed([])).shape == (0, 384)
        assert await embeddings.count_tokens([]) == []

    async def test_near_texts_are_near(self, embeddings: Embeddings) -> None:
        question, answer, other = await embeddings.embed(
            [
                "How do I reset my password?",
                "Choose “forgot password” to set a new one.",
                "Bees make honey from nectar.",
            ]
        )
        assert question @ answer > 0.5 > 0.2 > question @ other

    async def test_accents_and_case_are_folded(self, embeddings: Embeddings) -> None:
        folded, written = await embeddings.embed(["creme brulee", "Crème BRÛLÉE"])
        assert folded @ written > 0.9999

    async def test_a_long_text_is_cut_at_the_limit(self, embeddings: Embeddings) -> None:
        (count,) = await embeddings.count_tokens([LONG])
        assert count > 10_000
        cut, longer = await embeddings.embed([LONG, LONG + " and more of it" * 20_000])
        self.near(cut, longer)

    async def test_counts_leave_special_tokens_out(self, embeddings: Embeddings) -> None:
        texts = ["", "hello world", "Hello, world!", "embeddings", "中文", "  \n\t "]
        counts, exact = await embeddings.count_tokens(texts), [0, 2, 4, 4, 2, 0]
        if self.traits.exact_counts:
            assert counts == exact
        else:
            assert all(count >= least for count, least in zip(counts, exact, strict=True))
            assert (counts[0], counts[-1]) == (0, 0)

    async def test_counts_add_up_over_white_space(self, embeddings: Embeddings) -> None:
        counts = await embeddings.count_tokens(TEXTS)
        joined = await embeddings.count_tokens([" ".join(TEXTS), "\n\n".join(TEXTS)])
        assert joined == [sum(counts)] * 2
        assert await embeddings.count_tokens([LONG, LONG + "\n" + LONG]) == [
            sum(await embeddings.count_tokens(LONG.split())),
            2 * sum(await embeddings.count_tokens(LONG.split())),
        ]

    async def test_half_a_character_is_refused(self, embeddings: Embeddings) -> None:
        with pytest.raises(InvalidInput, match="surrogate") as refused:
            await embeddings.embed(["good", "bad \ud83d"])
        assert refused.value.field == "texts"
        with pytest.raises(InvalidInput, match="surrogate"):
            await embeddings.count_tokens(["\udc00"])

    async def test_a_cancelled_call_does_not_stand_in_the_way(self, embeddings: Embeddings) -> None:
        expected = await embeddings.embed(["a question"])
        calls = [asyncio.create_task(embeddings.embed([LONG] * 64)) for _ in range(3)]
        await embeddings.embed(["begun"], interactive=True)
        for call in calls:
            call.cancel()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended)
        self.near(await embeddings.embed(["a question"]), expected)

    async def test_a_model_that_is_gone_is_unavailable(self, unavailable: Embeddings) -> None:
        with pytest.raises(EmbedderUnavailable):
            await unavailable.embed(["text"])
        if self.traits.exact_counts:
            with pytest.raises(EmbedderUnavailable):
                await unavailable.count_tokens(["text"])

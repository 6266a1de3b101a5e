"""Estimates of tokens: never fewer than a real tokenizer's, and they add up."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai.adapters.minilm.engine import Engine
from sutazai.adapters.minilm.reference import REFERENCE, read_reference
from sutazai.adapters.minilm.store import open_engine
from sutazai_kit.embeddings.counting import Estimate

TEXTS = st.text(max_size=200) | st.lists(
    st.sampled_from(["word ", "中", "é", "🚀", "12 ", "x" * 20, "\n", "don't ", "— "])
).map("".join)


@pytest.fixture(scope="module")
def engine(models_dir: Path) -> Engine:
    return open_engine(models_dir)


def test_prose_of_several_scripts_is_never_underestimated(engine: Engine) -> None:
    estimate = Estimate()
    for text in read_reference(REFERENCE)[0]:
        assert estimate.count(text) >= engine.count(text), text
    english = read_reference(REFERENCE)[0][-1]
    assert estimate.count(english) < 1.75 * engine.count(english)


@given(texts=st.lists(TEXTS, max_size=5), factor=st.floats(1, 3))
def test_counts_add_up_over_white_space(texts: list[str], factor: float) -> None:
    estimate = Estimate(factor)
    counts = [estimate.count(text) for text in texts]
    assert estimate.count(" ".join(texts)) == estimate.count("\n\n".join(texts)) == sum(counts)


@given(text=TEXTS, tokens=st.integers(0, 60), factor=st.floats(1, 3))
def test_what_fits_is_the_longest_beginning(text: str, tokens: int, factor: float) -> None:
    estimate = Estimate(factor)
    kept = estimate.fitting(text, tokens)
    assert text.startswith(kept)
    assert estimate.count(kept) <= tokens
    if kept != text:
        rest = text[len(kept) :]
        longer = kept + rest[: len(rest) - len(rest.lstrip()) + 1]
        assert estimate.count(longer) > tokens


def test_what_a_service_counted_raises_the_estimate_and_never_lowers_it() -> None:
    estimate, texts = Estimate(), ["some words here", "and more of them"]
    before = sum(map(estimate.count, texts))
    estimate.learn(texts, 1)
    assert sum(map(estimate.count, texts)) == before
    estimate.learn(texts, 3 * before)
    assert sum(map(estimate.count, texts)) >= 3 * before

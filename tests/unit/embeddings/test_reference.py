"""The product's vectors and tokens against another implementation, which shares no code with it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from sutazai.adapters.minilm.engine import SLICE_TEXTS, SLICE_TOKENS, Engine, slices
from sutazai.adapters.minilm.reference import REFERENCE, read_reference
from sutazai.adapters.minilm.store import open_engine
from sutazai.adapters.minilm.weights import find_weights
from sutazai_contracts.embedder import pieces
from tests.unit.embeddings.numpy_minilm import REFERENCE_TEXTS, NumpyMiniLM, model_folder

ODD_TEXTS = st.lists(
    st.sampled_from(
        [*"aé中がß🚀.,'[]#\t\n \u00a0\u200b\u0301\x00", "word ", "[CLS]", "x" * 60, "don't "]
    )
).map("".join)


@pytest.fixture(scope="module")
def engine(models_dir: Path) -> Engine:
    return open_engine(models_dir)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The model's tokenizer as its makers use it."""
    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    return tokenizer


@pytest.mark.untraced
def test_reference_is_what_numpy_gives() -> None:
    texts, vectors = read_reference(REFERENCE)
    assert texts == REFERENCE_TEXTS
    model = NumpyMiniLM(find_weights().tensors.parent)
    expected = np.array([model.embed(text) for text in texts])
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_graph_gives_the_reference(engine: Engine) -> None:
    texts, expected = read_reference(REFERENCE)
    np.testing.assert_allclose(engine.encode(texts), expected, atol=2e-6)


@given(text=st.text(max_size=600) | ODD_TEXTS)
def test_tokens_are_those_of_the_library(engine: Engine, tokenizer: Tokenizer, text: str) -> None:
    assert engine.tokenize(text) == tokenizer.encode(text).ids


@pytest.mark.parametrize(
    "text", ["word " * 9000, "中" * 9000, "x" * 9000, "it's 3.14% [MASK] " * 900, " " * 9000]
)
def test_long_texts_are_cut_as_the_library_cuts(
    engine: Engine, tokenizer: Tokenizer, text: str
) -> None:
    assert engine.tokenize(text) == tokenizer.encode(text).ids


@given(text=ODD_TEXTS, limit=st.integers(1, 40))
def test_tokens_of_pieces_are_those_of_the_whole(engine: Engine, text: str, limit: int) -> None:
    cut = list(pieces(text, limit))
    assert "".join(cut) == text
    assert all(cut)
    assert sum(map(engine.count, cut)) == engine.count(text)


def test_pieces_keep_the_limit_where_they_can() -> None:
    cut = list(pieces("one two " + "x" * 30 + " three", 10))
    assert cut == ["one two ", "x" * 30 + " ", "three"]


@given(lengths=st.lists(st.integers(2, 256), max_size=80))
def test_slices_hold_every_text_once_and_are_bounded(lengths: list[int]) -> None:
    groups = list(slices([[0] * length for length in lengths]))
    assert sorted(row for rows in groups for row in rows) == list(range(len(lengths)))
    for rows in groups:
        assert len(rows) <= SLICE_TEXTS
        assert len(rows) * max(lengths[row] for row in rows) <= SLICE_TOKENS


def test_more_threads_give_the_same(models_dir: Path, engine: Engine) -> None:
    two = open_engine(models_dir, threads=2)
    texts = REFERENCE_TEXTS[:3]
    np.testing.assert_allclose(two.encode(texts), engine.encode(texts), atol=1e-5)

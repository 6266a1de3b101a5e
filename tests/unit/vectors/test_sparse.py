"""The sparse encoder: what counts as the same word, and what a weight says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai_kit.vectors.sparse import SparseEncoder

encoder = SparseEncoder()


def shared(text: str, question: str) -> int:
    """Count the terms that a text and a question share."""
    return len(set(encoder.document(text).indices) & set(encoder.query(question).indices))


@pytest.mark.parametrize(
    ("text", "question", "terms"),
    [
        ("Make", "make", 1),
        ("making", "make", 0),
        ("the", "the", 1),
        ("foo_bar", "foo_bar", 3),
        ("foo_bar", "foo", 1),
        ("getUserName", "getUserName", 4),
        ("version 3.14", "3.14", 2),
        ("Füße", "fuße", 1),
        ("re\u0301sume\u0301", "résumé", 1),
        ("ﬁne", "fine", 1),
        ("日本語", "日本", 3),
        ("日本語", "本日", 2),
        ("東京タワー", "タワ", 3),
        ("one", "two", 0),
    ],
)
def test_which_words_are_the_same(text: str, question: str, terms: int) -> None:
    assert shared(text, question) == terms


@pytest.mark.parametrize("text", ["", " \n", "?!", "🦓", "\u0301"])
def test_a_text_without_words_has_no_terms(text: str) -> None:
    assert encoder.document(text).indices == []
    assert encoder.query(text).indices == []


def test_a_question_weighs_each_word_once() -> None:
    assert encoder.query("why why why not").values == [1.0, 1.0]


def test_a_frequent_word_weighs_more_and_less_each_time() -> None:
    one, two, three = (max(encoder.document("word " * n).values) for n in (1, 2, 3))
    assert one < two < three
    assert three - two < two - one


def test_a_word_weighs_less_in_a_longer_text() -> None:
    short = encoder.document("word")
    long = encoder.document("word " + " ".join(f"other{n}" for n in range(400)))
    weight = dict(zip(long.indices, long.values, strict=True))[short.indices[0]]
    assert weight < short.values[0]


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_every_text_gives_a_sparse_vector_that_any_store_takes(text: str) -> None:
    terms = encoder.document(text)
    assert len(set(terms.indices)) == len(terms.indices) == len(terms.values)
    assert all(0 <= index < 2**31 for index in terms.indices)
    assert all(value > 0 for value in terms.values)
    assert set(encoder.query(text).indices) == set(terms.indices)


def test_the_encoding_does_not_change_between_releases() -> None:
    # Stored collections hold these; another encoder could not search them.
    terms = encoder.document("foo_bar")
    assert sorted(terms.indices) == [156_908_512, 1_158_584_717, 1_530_604_355]
    assert terms.values == pytest.approx([1.669196] * 3)

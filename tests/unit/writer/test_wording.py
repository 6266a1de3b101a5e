"""Words as they are compared."""

import pytest

from sutazai_agents.wording import Wanted, content_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Refunds", "refund"),
        ("batteries", "battery"),
        ("CAFÉ", "cafe"),
        ("planned", "plan"),
        ("the landlord's", "landlord"),
        ("ﬁnes", "fine"),
        ("Straße", "strasse"),
        ("notices", "notice"),
    ],
)
def test_forms_of_a_word_are_one(one: str, other: str) -> None:
    assert content_words(one) == content_words(other)


def test_words_of_grammar_say_nothing() -> None:
    assert content_words("What does it do, and why is that?") == []


def test_unspaced_scripts_are_compared_by_pairs() -> None:
    assert content_words("東京都") == ["東京", "京都"]
    assert Wanted("京都").among(content_words("東京都")) == {"京都"}


def test_a_longer_form_is_found_by_its_beginning() -> None:
    wanted = Wanted("refundable vacation")
    assert wanted.among(content_words("we refund vacations")) == wanted.words
    assert wanted.among(content_words("a vacuum is fundable")) == frozenset()


def test_short_words_are_found_whole_only() -> None:
    assert Wanted("car").among(content_words("carpet")) == frozenset()


def test_a_rare_word_weighs_more() -> None:
    wanted = Wanted("hotel Paris")
    found = [wanted.among(content_words(text)) for text in ("hotel", "hotel", "Paris hotel", "bus")]
    weights = wanted.weights(found)
    assert weights[content_words("Paris")[0]] > weights[content_words("hotel")[0]] > 0

"""Which words of a text are names, and which names are one."""

import pytest

from sutazai_contracts.graph import EntityKind
from tests.unit.facts.reading import facts, keys, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We met Anna Berg in Trondheim.", ["anna berg", "trondheim"]),
        ("The Ministry of the Interior agreed.", ["ministry of the interior"]),
        ("They flew the Zephyr 9 to Oslo.", ["zephyr 9", "oslo"]),
        ("We asked Dr. Ole Nilsen, and J. R. Berg.", ["ole nilsen", "j r berg"]),
        ("Trondheim is a city.", ["trondheim"]),
        ("NASA agreed at once.", ["nasa"]),
        ("It runs on PostgreSQL and on CamelCase.", ["postgresql", "camelcase"]),
        ("Yesterday Anna Berg left.", ["anna berg"]),
        ("It is Zoë's café, the Café Ørsted.", ["zoe", "cafe ørsted"]),
        ("They sold it to Smith & Jones on Monday in May.", ["smith jones"]),
        ("The rules of Ludwig van Beethoven hold.", ["ludwig van beethoven"]),
    ],
)
def test_names_are_found(text: str, expected: list[str]) -> None:
    assert keys(facts(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Ships tie up at the quay.",
        "However, it rained. Nobody came. I left.",
        "## Opening Hours And Fees Of The Harbour",
        "PLEASE READ ALL OF THIS BEFORE YOU START.",
        "How To Write An Agent In Twenty Lines",
        "It opens on Monday, and in July.",
        "",
        "…!? — 42",
    ],
)
def test_words_that_are_large_for_another_reason_are_none(text: str) -> None:
    assert keys(facts(text or " ")) == []


def test_a_word_that_begins_a_sentence_is_a_name_where_it_is_one_elsewhere() -> None:
    assert keys(facts("Halden bought it.")) == []
    assert keys(facts("Halden bought it.", "We sold it to Halden.")) == ["halden"]


def test_a_mention_is_where_the_name_stands_in_the_document() -> None:
    first, second = read("We met Anna Berg.", "Then Anna Berg's boat sank.")
    text = "We met Anna Berg.\n\nThen Anna Berg's boat sank."
    for chunk in (first, second):
        (mention,) = [m for m in chunk.facts.mentions if m.kind is EntityKind.NAME]
        assert text[mention.start : mention.end].startswith("Anna Berg")
        assert chunk.start <= mention.start < mention.end <= chunk.end
        assert mention.name == "Anna Berg"


@pytest.mark.parametrize(
    "other",
    ["ANNA BERG", "Anna  Berg", "Ánna Berg", "Anna Berg's", "Dr. Anna Berg", "A. Berg", "Berg"],
)
def test_one_name_written_otherwise_is_the_same(other: str) -> None:
    assert keys(read("We met Anna Berg here.", f"They saw {other} there.")[1].facts) == [
        "anna berg"
    ]


def test_initials_stand_for_the_name_that_has_them() -> None:
    (chunk,) = read("The International Harbour Authority (IHA) met. Then IHA left.")
    assert keys(chunk.facts) == ["international harbour authority"]


def test_a_short_form_of_two_names_stands_for_neither() -> None:
    first, second = read("We met Anna Berg and Ole Berg.", "They saw Berg there, and A. Berg.")
    assert keys(first.facts) == ["anna berg", "ole berg"]
    assert keys(second.facts) == ["berg", "anna berg"]


def test_what_only_looks_like_a_short_form_is_another_name() -> None:
    (chunk,) = read("We saw Anna Berg, Bergen and B. Anna there, with the Bank of Oslo.")
    assert keys(chunk.facts) == ["anna berg", "bergen", "b anna", "bank of oslo"]

"""Which extracts make an answer, from scores that are given."""

from collections.abc import Mapping

import pytest

from sutazai_agents.writer.choosing import LEAST_SCORE, MOST_EXTRACTS, choose
from sutazai_agents.writer.extracts import LONGEST_QUOTE
from sutazai_agents.writer.quoting import confidence
from sutazai_agents.writer.scoring import MOST_CHARACTERS, MOST_EMBEDDED, overlaps, read, shortlist
from sutazai_contracts.knowledge import Passage
from tests.unit.writer.passages import passage

FIVE = "Ann eats apples. Bob bakes bread. Carl cooks carrots. Dora drinks dew. Eve eyes eggs."


def chosen(scores: Mapping[int, float], *passages: Passage) -> list[str]:
    found = choose(read(passages), scores)
    return [passages[each.passage].text[each.start : each.end] for each in found]


def test_under_the_threshold_nothing_is_chosen() -> None:
    assert chosen({0: LEAST_SCORE - 0.01}, passage(FIVE)) == []
    assert chosen({}, passage(FIVE)) == []


def test_what_is_much_worse_than_the_best_is_left_out() -> None:
    pair = (
        passage("It is a long sentence about the apples that Ann has in her own garden."),
        passage("Bob."),
    )
    assert len(chosen({0: 0.9, 1: 0.5}, *pair)) == 1


def test_neighbours_are_one_quote_and_the_best_comes_first() -> None:
    other = passage("Fay finds figs.")
    assert chosen({0: 0.6, 1: 0.65, 5: 0.7}, passage(FIVE), other) == [
        "Fay finds figs.",
        "Ann eats apples. Bob bakes bread. Carl cooks carrots.",
    ]


def test_neighbours_across_a_heading_stay_apart() -> None:
    text = "Ann eats apples.\n\n# Bread\n\nBob bakes bread."
    assert chosen({0: 0.6, 1: 0.5}, passage(text)) == ["Ann eats apples.", "Bob bakes bread."]


def test_neighbours_that_are_too_long_together_stay_apart() -> None:
    one, other = "Ann " + "eats " * 80 + "apples.", "Bob " + "bakes " * 80 + "bread."
    assert chosen({0: 0.6, 1: 0.5}, passage(f"{one} {other}")) == [one, other]


def test_a_link_between_two_ranges_joins_them() -> None:
    said = [
        f"{name} has told us a long story of {name}'s own life in {name}ville." for name in "ABC"
    ]
    assert chosen({0: 0.9, 2: 0.8, 1: 0.7}, passage(" ".join(said))) == [" ".join(said)]


def test_no_more_than_a_few_are_taken() -> None:
    many = [
        passage(f"{name} bakes bread.") for name in ("Ann", "Bob", "Carl", "Dora", "Eve", "Fay")
    ]
    assert len(chosen(dict.fromkeys(range(6), 0.6), *many)) == MOST_EXTRACTS


def test_what_says_the_same_is_taken_once_but_not_other_numbers() -> None:
    one, same = passage("The fee is 48 euros a year."), passage("A fee of 48 euros a year.")
    other = passage("The fee is 54 euros a year.")
    assert chosen({0: 0.9, 1: 0.8, 2: 0.8}, one, same, other) == [one.text, other.text]


def test_overlapping_passages_of_a_document_are_quoted_once() -> None:
    one = passage("Ann eats red apples. Bob bakes bread in the oven of his mother every day.")
    cut = passage(
        "bakes bread in the oven of his mother every day.", start=25, document=one.document.id
    )
    assert len(chosen({1: 0.8, 2: 0.8}, one, cut)) == 1


def test_an_announced_list_is_taken_with_what_announces_it() -> None:
    text = "Bring:\n\n- a hat\n- a coat\n\nThen go."
    assert chosen({0: 0.6}, passage(text)) == ["Bring:\n\n- a hat\n- a coat"]


def test_an_announcement_is_cut_before_it_is_too_long() -> None:
    text = "Bring:\n\n" + "".join(f"- {number} {'long ' * 30}things\n" for number in range(9))
    (quote,) = chosen({0: 0.6}, passage(text))
    assert 300 < len(quote) <= LONGEST_QUOTE


def test_code_far_from_what_leads_to_it_is_quoted_alone() -> None:
    lines = "\n".join(f"command{number} --with many --options" for number in range(40))
    assert chosen({30: 0.6}, passage(f"Run:\n\n```\n{lines}\n```")) == [
        "command29 --with many --options"
    ]


def test_a_sentence_that_only_asks_is_no_answer() -> None:
    assert chosen({0: 0.9}, passage("Is it late?")) == []
    assert chosen({0: 0.9}, passage("Is it late? No.")) == ["Is it late? No."]


def test_the_shortlist_is_bounded() -> None:
    lines = "\n".join(f"- item {number}" for number in range(500))
    reading = read([passage(lines), passage("The needle is here.")])
    assert len(reading.candidates) == 501
    listed = shortlist(reading, overlaps("Where is the needle?", reading))
    assert len(listed) == MOST_EMBEDDED
    assert 500 in listed
    long = read([passage("\n".join(f"- {'word ' * 55}{number}" for number in range(90)))])
    listed = shortlist(long, overlaps("word", long))
    assert sum(map(len, listed.values())) <= MOST_CHARACTERS
    assert 20 < len(listed) < MOST_EMBEDDED


@pytest.mark.parametrize(
    ("score", "expected"), [(0.1, 1), (LEAST_SCORE, 3), (0.62, 6), (0.85, 9), (1.5, 9)]
)
def test_confidence_grows_with_the_score(score: float, expected: int) -> None:
    assert confidence(score) == expected

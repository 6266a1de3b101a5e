"""Which questions lean on what was said before, and what they are given of it."""

import pytest

from sutazai_agents.follow_ups import MOST_WORDS, leans, standalone
from sutazai_contracts.conversations import Exchange


def said(*questions: str) -> list[Exchange]:
    return [Exchange(question=question, answer="Of no use.") for question in questions]


@pytest.mark.parametrize(
    "question",
    [
        "And how long does it hold?",
        "What about the children of the tenants?",
        "Who signs such a contract for the company?",
        "How long?",
        "Why does he want the deposit and the rent?",
    ],
)
def test_it_leans(question: str) -> None:
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        "How long does a lease of the reaper hold?",
        "Which colours may the walls of the flat have?",
        "Is the android sandbox safe for users?",
    ],
)
def test_it_stands_alone(question: str) -> None:
    assert not leans(question)
    assert standalone(question, said("Who was dismissed from the lighthouse?")) == ""


def test_words_of_the_question_it_leans_on_are_added_once() -> None:
    history = said("Where is the depot of the harbour bus?", "What does a lease of a flat cost?")
    assert standalone("And how long does it hold?", history) == (
        "And how long does it hold? lease flat cost"
    )
    assert standalone("And the cost?", history) == "And the cost? lease flat"


def test_a_chain_leads_to_the_question_that_stands_alone() -> None:
    history = said("Words of long ago?", "How is lentil soup made well?", "And in winter?")
    assert standalone("How long does it keep?", history) == (
        "How long does it keep? winter lentil soup made well"
    )


def test_without_anything_before_or_anything_new_nothing_is_added() -> None:
    assert standalone("And it?", []) == ""
    assert standalone("And the lease?", said("The lease?")) == ""


def test_no_more_words_are_added_than_an_embedder_reads() -> None:
    long = " ".join(f"word{number}x" for number in range(500))
    found = standalone("And it?", said(f"What is {long}?"))
    assert len(found.split()) == 2 + MOST_WORDS

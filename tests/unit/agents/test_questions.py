"""The parts of compound questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai_agents.questions import MOST_PARTS, parts


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("When is it? Where is it?", ["When is it?", "Where is it?"]),
        ("I lost it. What now? Who helps?", ["What now?", "Who helps?"]),
        (
            "When does the summer tournament begin, and where is it held if it rains?",
            ["When does the summer tournament begin", "where is it held if it rains?"],
        ),
        (
            "tell me about the working hours of the office; explain the rules for holidays",
            ["tell me about the working hours of the office", "explain the rules for holidays"],
        ),
    ],
)
def test_compound_questions_are_split(question: str, expected: list[str]) -> None:
    assert parts(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "What is it?",
        "bread and butter",
        "How do I clean the bread and butter knives of the old canteen kitchen in the cellar?",
        "What is it? What is it?",
        "I was told to ask. So: what are the opening hours of the harbour office in winter?",
        "",
        "???",
    ],
)
def test_a_question_for_one_thing_is_not_split(question: str) -> None:
    assert parts(question) == []


@given(st.lists(st.sampled_from(["and", ";", "When is it?", "bees", "honey", "\n", "Who"])))
def test_parts_are_different_pieces_of_the_question(words: list[str]) -> None:
    question = " ".join(words)
    found = parts(question)
    assert len(found) == len(set(found)) != 1
    assert len(found) <= MOST_PARTS
    assert all(part and part in " ".join(question.split()) for part in found)

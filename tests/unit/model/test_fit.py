"""What is cut of a request that does not fit, in which order, and how it is said."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sutazai_contracts.errors import ContextTooSmall
from sutazai_contracts.models import ChatMessage, ModelRequest, Part
from sutazai_kit.model.fit import SHORTENED, fit


class Words:
    """Count words; a message costs one more."""

    exact = True

    async def texts(self, texts: Sequence[str]) -> list[int]:
        """Count words."""
        return [len(text.split()) for text in texts]

    async def prompt(self, messages: Sequence[ChatMessage]) -> int:
        """Count words, and one a message."""
        return sum(len(message.text.split()) + 1 for message in messages)


def words(number: int, word: str = "w") -> str:
    return " ".join([word] * number)


def request(*messages: tuple[str, str | tuple[Part, ...]], max_tokens: int = 10) -> ModelRequest:
    told = [ChatMessage.model_validate({"role": r, "content": c}) for r, c in messages]
    return ModelRequest(model="m", messages=tuple(told), max_tokens=max_tokens)


async def test_what_fits_stays_as_it_is() -> None:
    asked = request(("system", words(3)), ("user", words(5)))
    fitted = await fit(asked, 20, Words())
    assert (fitted.messages, fitted.tokens, fitted.cut) == (asked.messages, 10, None)


async def test_nothing_is_cut_where_nobody_says_the_context() -> None:
    asked = request(("user", words(5000)))
    assert (await fit(asked, None, Words())).cut is None


async def test_the_oldest_turn_goes_first_with_its_answer() -> None:
    asked = request(
        ("system", words(5)),
        ("user", words(20, "first")),
        ("assistant", words(20)),
        ("user", words(20, "second")),
        ("assistant", words(20)),
        ("user", words(5)),
    )
    fitted = await fit(asked, 70, Words())
    assert [message.text[:5] for message in fitted.messages[1:2]] == ["secon"]
    assert fitted.cut is not None
    assert [(p.message, p.part, p.dropped) for p in fitted.cut.pieces] == [
        (1, None, True),
        (2, None, True),
    ]
    assert (fitted.cut.messages, fitted.cut.tokens) == (2, 40)
    assert fitted.cut.characters == len(words(20, "first")) + len(words(20))
    assert fitted.tokens == 54


async def test_an_answer_without_its_question_is_a_turn_too() -> None:
    asked = request(("assistant", words(20)), ("user", words(5)))
    fitted = await fit(asked, 20, Words())
    assert [message.role for message in fitted.messages] == ["user"]


async def test_parts_go_by_rank_and_of_equals_the_last() -> None:
    parts = (
        Part(text="keep this "),
        Part(text=words(10, "a") + " ", rank=2),
        Part(text=words(10, "b") + " ", rank=1),
        Part(text=words(10, "c") + " ", rank=1),
        Part(text="and this"),
    )
    fitted = await fit(request(("user", parts)), 30, Words())
    assert fitted.messages[0].text == f"keep this {words(10, 'a')} and this"
    assert fitted.cut is not None
    assert [piece.part for piece in fitted.cut.pieces] == [2, 3]
    assert fitted.cut.messages == 0


async def test_parts_below_rank_0_go_before_the_conversation() -> None:
    parts = (Part(text="question "), Part(text=words(10), rank=-1))
    asked = request(("user", words(10)), ("assistant", words(10)), ("user", parts))
    fitted = await fit(asked, 36, Words())
    assert [message.text for message in fitted.messages][-1] == "question "
    assert len(fitted.messages) == 3


async def test_a_part_is_shortened_to_the_end_of_a_word() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    parts = (Part(text="question "), Part(text=text, rank=1, shorten=True))
    fitted = await fit(request(("user", parts)), 100, Words())
    shown = fitted.messages[0].text
    assert shown.endswith(SHORTENED)
    kept = shown.removeprefix("question ").removesuffix(SHORTENED)
    assert text.startswith(kept + " ")
    assert 70 < len(kept.split()) <= 88
    assert fitted.cut is not None
    (piece,) = fitted.cut.pieces
    assert not piece.dropped
    assert piece.characters == len(text) - len(kept)
    assert "0 pieces left out, 1 shortened" in str(fitted.cut)


async def test_a_front_of_a_few_words_is_not_worth_keeping() -> None:
    parts = (Part(text="question "), Part(text=words(100), rank=1, shorten=True))
    fitted = await fit(request(("user", parts)), 30, Words())
    assert fitted.messages[0].text == "question "


@pytest.mark.parametrize(
    "asked",
    [
        request(("user", words(100))),
        request(("system", words(100)), ("user", "x")),
        request(("user", words(10)), ("user", (Part(text=words(100)),))),
        request(("user", "x"), max_tokens=60),
    ],
)
async def test_what_may_not_be_cut_is_refused_with_numbers(asked: ModelRequest) -> None:
    with pytest.raises(ContextTooSmall, match=r"needs \d+ tokens.* 50,") as refused:
        await fit(asked, 50, Words())
    assert refused.value.field == "messages"


async def test_a_question_of_which_nothing_is_left_is_refused() -> None:
    with pytest.raises(ContextTooSmall, match="Nothing of the question"):
        await fit(request(("user", (Part(text=words(100), rank=0),))), 50, Words())


@pytest.mark.parametrize(
    "roles", [["system"], ["user", "system"], ["user", "system", "user"], []], ids=str
)
def test_a_conversation_out_of_order_is_no_request(roles: list[str]) -> None:
    with pytest.raises(ValidationError):
        request(*((role, "x") for role in roles))


PARTS = st.builds(
    Part,
    text=st.integers(0, 40).map(words),
    rank=st.none() | st.integers(-2, 2),
    shorten=st.booleans(),
)
CONTENT = st.integers(0, 40).map(words) | st.lists(PARTS, max_size=4).map(tuple)
TURNS = st.lists(st.tuples(st.sampled_from(["user", "assistant"]), CONTENT), max_size=6)


@given(turns=TURNS, newest=CONTENT, num_ctx=st.integers(11, 200))
async def test_whatever_is_asked_it_fits_and_nothing_goes_unsaid(
    turns: list[tuple[str, str | tuple[Part, ...]]],
    newest: str | tuple[Part, ...],
    num_ctx: int,
) -> None:
    asked = request(("system", "be kind"), *turns, ("user", newest))
    try:
        fitted = await fit(asked, num_ctx, Words())
    except ContextTooSmall:
        return
    assert await Words().prompt(fitted.messages) <= num_ctx - 10
    before = sum(len(message.text) for message in asked.messages)
    after = sum(len(message.text.replace(SHORTENED, "")) for message in fitted.messages)
    said = 0 if fitted.cut is None else fitted.cut.characters
    assert before - after == said
    assert fitted.messages[0].text == "be kind"
    assert fitted.messages[-1].role == "user"


async def test_where_only_empty_messages_had_to_go_nothing_was_cut() -> None:
    empty = [("user", ""), ("assistant", "")] * 3
    whole = await Words().prompt(request(("system", "be kind"), *empty, ("user", "w")).messages)
    fitted = await fit(request(("system", "be kind"), *empty, ("user", "w")), whole + 9, Words())
    assert fitted.cut is None
    assert fitted.messages[-1].text == "w"
    assert len(fitted.messages) < 8

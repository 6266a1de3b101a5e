"""Estimates of tokens: rather too many, and better with what runtimes counted."""

import pytest

from sutazai_contracts.models import ChatMessage
from sutazai_kit.model.estimate import Estimated, estimate_tokens, fewest_tokens

# Counted with the tokenizers of Llama 2 (SentencePiece, 32 000 pieces), which TinyLlama has.
KNOWN = [
    ("The keeper of the lighthouse saw a ship.", 11),
    ("for number in range(10):\n    print(number)", 16),
    ("2026-11-20", 10),
]


@pytest.mark.parametrize(("text", "tokens"), KNOWN)
def test_an_estimate_is_not_below_what_a_common_tokenizer_counts(text: str, tokens: int) -> None:
    assert tokens <= estimate_tokens(text) <= 2.5 * tokens


def test_what_is_not_ascii_counts_by_bytes() -> None:
    assert estimate_tokens("é") == 2
    assert estimate_tokens("检索") == 6
    assert estimate_tokens("🚀") == 4
    assert estimate_tokens("") == 0


def prompt(text: str) -> tuple[ChatMessage, ...]:
    return (ChatMessage(role="user", content=text),)


async def test_what_was_counted_corrects_the_next_estimate() -> None:
    counting = Estimated()
    text = "words of a length " * 40
    (first,) = await counting.texts([text])
    counting.observe(prompt(text), 2 * first + 36)
    (second,) = await counting.texts([text])
    assert second == pytest.approx(2.2 * first, rel=0.01)
    for _ in range(16):
        counting.observe(prompt(text), round(0.2 * first) + 36)
    assert counting.factor == 0.6


async def test_a_short_prompt_teaches_nothing() -> None:
    counting = Estimated()
    counting.observe(prompt("hi"), 500)
    assert counting.factor == 1


def test_a_prompt_has_at_least_a_token_a_word() -> None:
    assert fewest_tokens(prompt("  one two\nthree ")) == 3

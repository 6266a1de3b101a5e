"""Estimates of token counts, for runtimes that do not count before they answer."""

import math
import re
from collections import deque
from collections.abc import Sequence

from sutazai_contracts.models import ChatMessage

MESSAGE_TOKENS = 12
"""What a template adds to a message, at most, in the templates of common models."""
PROMPT_TOKENS = 24
"""What a template adds once: the first token, a default system message's frame, the answer's."""
_LETTERS_PER_TOKEN = 3
_MARGIN = 1.1
_LEAST = 0.6
_REMEMBERED = 16
_FEWEST = 64
_CLASSES = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<space> )|(?P<wide>[^\x00-\x7f]+)|(?P<other>.)", re.S
)


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a text has, rather too many.

    A token for three letters of a word, for each digit, sign and line break, and for each byte of
    what is not ASCII, which is where tokenizers with byte fallback end at worst. A single space
    goes with the word behind it. Plain English comes out half again as long as it is.
    """
    total = 0
    for match in _CLASSES.finditer(text):
        kind, found = match.lastgroup, match.group()
        if kind == "word":
            total += math.ceil(len(found) / _LETTERS_PER_TOKEN)
        elif kind == "wide":
            total += len(found.encode("utf-8", "surrogatepass"))
        elif kind == "other":
            total += 1
    return total


def fewest_tokens(messages: Sequence[ChatMessage]) -> int:
    """Give what a prompt has at the least: tokenizers split at white space, so a token a word."""
    return sum(len(message.text.split()) for message in messages)


class Estimated:
    """Count by estimate, corrected by what the runtime counted for earlier prompts.

    The correction is the largest of the last ratios and a tenth more, so a prompt that is harder
    on the tokenizer than the ones before is likely to be estimated too low only once.
    """

    exact = False

    def __init__(self) -> None:
        """Start without a correction."""
        self._ratios: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def factor(self) -> float:
        """Give what estimates are multiplied with."""
        return max(_LEAST, max(self._ratios) * _MARGIN) if self._ratios else 1.0

    def observe(self, messages: Sequence[ChatMessage], tokens: int) -> None:
        """Learn from a prompt that the runtime counted and did not cut.

        Short prompts teach nothing: their template weighs too much.
        """
        estimated = sum(estimate_tokens(message.text) for message in messages)
        added = PROMPT_TOKENS + MESSAGE_TOKENS * len(messages)
        if estimated >= _FEWEST:
            self._ratios.append(max(0.0, tokens - added) / estimated)

    async def texts(self, texts: Sequence[str]) -> list[int]:
        """Estimate the tokens of texts."""
        return [math.ceil(estimate_tokens(text) * self.factor) for text in texts]

    async def prompt(self, messages: Sequence[ChatMessage]) -> int:
        """Estimate the tokens of a whole prompt, with what its template adds."""
        counts = await self.texts([message.text for message in messages])
        return sum(counts) + PROMPT_TOKENS + MESSAGE_TOKENS * len(messages)

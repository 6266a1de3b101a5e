"""Token counts for models whose tokenizer is not here: an estimate, rather too high.

Neither Ollama nor the embeddings format of OpenAI counts without embedding, which costs as much
as the embedding itself. So tokens are estimated, word by word, so that counts add up over white
space; and the estimate is held against what the service counted of a few texts of several scripts
when it is opened, and raised where it was too low.
"""

import math
import re
from collections.abc import Sequence

LETTERS_PER_TOKEN = 3
_MARGIN = 1.1
_WORD = re.compile(r"\S+")
_CLASSES = re.compile(r"(?P<letters>[A-Za-z]+)|(?P<wide>[\U00010000-\U0010ffff])|(?P<other>.)")
_WIDE_TOKENS = 4
_FOREIGN_TOKENS = 2


class Estimate:
    """Count tokens, special ones left out: one for three letters, one for a digit or a sign.

    A letter beyond ASCII counts two, one beyond the Basic Multilingual Plane, such as an emoji,
    four: the bytes at which tokenizers that fall back on bytes end. English comes out at one and a
    half to one and three quarters of what it is; a word in no language may have more.
    """

    def __init__(self, factor: float = 1.0) -> None:
        """Take what each word's estimate is multiplied with."""
        self.factor = factor

    def count(self, text: str) -> int:
        """Count a text's tokens; white space has none."""
        return sum(self._word(match.group()) for match in _WORD.finditer(text))

    def learn(self, texts: Sequence[str], counted: int) -> None:
        """Raise the estimate where a service counted more in these texts together."""
        estimated = sum(self.count(text) for text in texts)
        if estimated < counted:
            self.factor *= _MARGIN * counted / max(1, estimated)

    def fitting(self, text: str, tokens: int) -> str:
        """Give the longest beginning of a text that has so many tokens at most."""
        total = 0
        for match in _WORD.finditer(text):
            cost = self._word(match.group())
            if total + cost > tokens:
                return text[: match.start() + self._letters(match.group(), tokens - total)]
            total += cost
        return text

    def _word(self, word: str) -> int:
        return math.ceil(_units(word) * self.factor)

    def _letters(self, word: str, tokens: int) -> int:
        """Tell how many characters of a word have so many tokens at most."""
        least, most = 0, min(len(word), LETTERS_PER_TOKEN * max(0, tokens))
        while least < most:
            middle = (least + most + 1) // 2
            fits = self._word(word[:middle]) <= tokens
            least, most = (middle, most) if fits else (least, middle - 1)
        return least


def _units(word: str) -> int:
    total = 0
    for match in _CLASSES.finditer(word):
        kind, found = match.lastgroup, match.group()
        if kind == "letters":
            total += math.ceil(len(found) / LETTERS_PER_TOKEN)
        elif kind == "wide":
            total += _WIDE_TOKENS
        else:
            total += 1 if found.isascii() else _FOREIGN_TOKENS
    return total

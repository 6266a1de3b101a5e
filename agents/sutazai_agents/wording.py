"""Words as they are compared: without case, accents and the commonest endings."""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"[^\W_]+")
# Chinese characters and Japanese kana are written without spaces: pairs stand for words.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_POSSESSIVE = re.compile(r"['’]s\b", re.IGNORECASE)
# Words of questions and of grammar, which say nothing of what is asked for. Those of other
# languages weigh little because many extracts have them.
_EMPTY = frozenset(
    str.split(
        "a about all also am an and any are as at be because been before being but by can could "
        "did do does doing don down each explain for from get give had happen happens has have "
        "having he her here hers him his how i if in into is it its just let many may me mean "
        "means might mine more most much must my need needs no nor not now of off often on once "
        "one only or other our out over own please say shall she should so some such t tell than "
        "that the their them then there these they this those through to too under until up upon "
        "us very want was we were what when where which while who whom whose why will with would "
        "yes you your"
    )
)
_ENDINGS = (
    ("sses", "ss"), ("ies", "y"), ("ing", ""), ("edly", ""), ("ed", ""), ("ers", ""), ("er", ""),
    ("es", ""), ("s", ""), ("e", ""),
)  # fmt: skip
_LEAST_STEM = 3
# Words are taken for forms of one word where one begins with the other and has so many letters:
# refund and refundable.
_LEAST_START = 5


def content_words(text: str) -> list[str]:
    """Give the words of a text that say something, normalised, in their order."""
    decomposed = unicodedata.normalize("NFKD", _POSSESSIVE.sub("", text)).casefold()
    plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    found: list[str] = []
    for word in _WORD.findall(plain):
        if _UNSPACED.search(word):
            found += (word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif word not in _EMPTY:
            found.append(_stem(word))
    return found


def _stem(word: str) -> str:
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            stem = word.removesuffix(ending) + instead
            doubled = len(stem) > _LEAST_STEM and stem[-1] == stem[-2] and not stem[-1].isdigit()
            return stem[:-1] if doubled else stem
    return word


class Wanted:
    """The words of a question, to be found in texts."""

    def __init__(self, question: str) -> None:
        """Take the question."""
        self.words = frozenset(content_words(question))
        self._by_start: defaultdict[str, list[str]] = defaultdict(list)
        for word in self.words:
            if len(word) >= _LEAST_START:
                self._by_start[word[:_LEAST_START]].append(word)

    def among(self, words: Iterable[str]) -> frozenset[str]:
        """Tell which of the wanted words are among others, as they are or in another form."""
        found: set[str] = set()
        for word in words:
            if word in self.words:
                found.add(word)
            found.update(
                wanted
                for wanted in self._by_start.get(word[:_LEAST_START], ())
                if wanted.startswith(word) or word.startswith(wanted)
            )
        return frozenset(found)

    def weights(self, found: Sequence[frozenset[str]]) -> dict[str, float]:
        """Weigh the wanted words: the fewer texts have one, the more it weighs (IDF of BM25).

        Args:
            found: what `among` gave for each text.
        """
        having = Counter(word for words in found for word in words)
        return {
            word: math.log(1 + (len(found) - having[word] + 0.5) / (having[word] + 0.5))
            for word in self.words
        }

"""How well extracts fit a question: by meaning and by the words they share with it.

The weights are those that did best on the labelled questions of `tests/quality`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sutazai_agents.wording import Wanted, content_words
from sutazai_agents.writer.extracts import Extract, extracts
from sutazai_contracts.knowledge import Passage

# Part of the score that is cosine of question and extract, overlap of the extract and of its
# passage with the question's words.
_BY_MEANING = 0.5
_BY_WORDS = 0.3
_BY_PASSAGE = 0.2

# Together they bound what a question costs: some 3 000 tokens, 0.7 s of processor time.
MOST_EMBEDDED = 48
MOST_CHARACTERS = 12_000
# Enough of a heading path to tell what an extract is about; the model takes 256 tokens in all.
_LONGEST_HEADINGS = 160

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An extract of a passage, with its words."""

    passage: int
    number: int
    extract: Extract
    text: str
    words: frozenset[str]
    surrounding: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the passages hold: all extracts of each, as candidates, and the words of each."""

    passages: Sequence[Passage]
    candidates: Sequence[Candidate]
    words: Sequence[frozenset[str]]

    def of_passage(self, passage: int) -> list[Candidate]:
        """Give the candidates of one passage, in the order of its text."""
        return [each for each in self.candidates if each.passage == passage]


def read(passages: Sequence[Passage]) -> Reading:
    """Find all extracts of the passages."""
    candidates: list[Candidate] = []
    words: list[frozenset[str]] = []
    for number, passage in enumerate(passages):
        headings = [*content_words(" ".join(passage.heading_path))]
        headings += content_words(passage.document.name)
        candidates += _candidates(number, passage, headings)
        words.append(frozenset(content_words(passage.text)).union(headings))
    return Reading(passages, candidates, words)


def _candidates(number: int, passage: Passage, headings: Iterable[str]) -> Iterator[Candidate]:
    for place, extract in enumerate(extracts(passage.text, passage.heading_path)):
        text = extract.of(passage.text)
        words = frozenset(content_words(text))
        around = frozenset(content_words(extract.context)).union(headings)
        yield Candidate(number, place, extract, text, words, around)


def overlaps(question: str, reading: Reading) -> Scores:
    """Tell how much of a question's words the candidates have; the rarer ones count more.

    Returns:
        Shape `(2, candidates)`, each 0..1: in the extract with its headings, in its passage.
    """
    wanted = Wanted(question)
    own = [wanted.among(each.words) for each in reading.candidates]
    weights = wanted.weights(own)
    total = sum(weights.values()) or 1.0

    def part(found: frozenset[str]) -> float:
        return sum(weights[word] for word in found) / total

    around = [wanted.among(each.surrounding) for each in reading.candidates]
    passages = [part(wanted.among(words)) for words in reading.words]
    near = [part(one | other) for one, other in zip(own, around, strict=True)]
    wide = [passages[each.passage] for each in reading.candidates]
    return np.array([near, wide], dtype=np.float64).reshape(2, len(reading.candidates))


def shortlist(reading: Reading, overlap: Scores) -> dict[int, str]:
    """Choose which candidates are worth embedding: by shared words and rank of the passage.

    Returns:
        What is embedded of each, by the number of the candidate, in their order; at most
        `MOST_EMBEDDED`, and no more characters together than `MOST_CHARACTERS`.
    """
    rank = np.array([1 / (1 + each.passage) for each in reading.candidates])
    cheap = overlap[0] + 0.3 * overlap[1] + 0.5 * rank
    texts: dict[int, str] = {}
    room = MOST_CHARACTERS
    for number in np.argsort(-cheap, kind="stable")[:MOST_EMBEDDED].tolist():
        candidate = reading.candidates[number]
        text = embedding_text(reading.passages[candidate.passage], candidate)
        room -= len(text)
        if room < 0:
            break
        texts[number] = text
    return dict(sorted(texts.items()))


def embedding_text(passage: Passage, candidate: Candidate) -> str:
    """Give what is embedded of a candidate: its headings, what leads to it, then its words."""
    headings = " > ".join(passage.heading_path)[-_LONGEST_HEADINGS:]
    return "\n".join(part for part in (headings, candidate.extract.context, candidate.text) if part)


def fitness(similarity: Scores, overlap: Scores) -> Scores:
    """Score candidates, about 0..1; 1 is the question itself.

    Args:
        similarity: cosine of question and candidate, shape `(candidates,)`.
        overlap: what `overlaps` gave for them.
    """
    fit: Scores = _BY_MEANING * similarity + _BY_WORDS * overlap[0] + _BY_PASSAGE * overlap[1]
    return fit

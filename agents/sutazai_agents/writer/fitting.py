"""Which extracts of the passages fit a question, and whether some will, before any is embedded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sutazai_agents.questions import parts
from sutazai_agents.wording import Wanted, content_words
from sutazai_agents.writer.choosing import Chosen, choose, with_lead
from sutazai_agents.writer.scoring import (
    Reading,
    Scores,
    fitness,
    overlaps,
    read,
    shortlist,
)
from sutazai_contracts.knowledge import Passage
from sutazai_kit import AgentContext

# A part such as "and who?" has no words that could tell what fits it.
_LEAST_WORDS_OF_PART = 2
# From it on, an extract scored with the similarity of its whole passage is as good as found: of the
# labelled questions of `tests/quality`, 52 of the 64 with an answer and none of the 30 without.
_LIKELY_SCORE = 0.45
# With less than this of the words that the best quote shares with any, one is joined otherwise.
_SHARE_OF_MOST = 0.5


@dataclass(frozen=True, slots=True)
class Fit:
    """Passages as they were read for a question, with what can be told without the embedder.

    Attributes:
        reading: the passages.
        asked: the question, as it stands alone where it leans on another, and its parts where it
            has several.
        overlap: for each of them what `overlaps` gives.
        listed: what is embedded of the candidates that are worth it, by their number.
        leans: whether the question leans on what was said before it.
    """

    reading: Reading
    asked: Sequence[str]
    overlap: Sequence[Scores]
    listed: Mapping[int, str]
    leans: bool = False

    def is_likely(self) -> bool:
        """Tell whether `quotes` will find some, as far as the researcher's search can tell.

        It scores a candidate by the similarity of its whole passage instead of its own, and says so
        only where that leaves no doubt. What a question that leans on another has of words of its
        own is too little to tell.
        """
        if self.leans:
            return False
        similar = np.array(
            [self._passage(n).similarity for n in self.listed],
            dtype=np.float64,
        )
        scores = self._scores([similar for _ in self.asked])
        quotes = choose(self.reading, scores)
        return any(quote.score >= _LIKELY_SCORE for quote in quotes)

    async def quotes(self, ctx: AgentContext) -> list[Chosen]:
        """Choose what is quoted, best first, by the meaning of each candidate.

        What the best quote leads to, in a passage that the graph found, comes after it.
        """
        if not self.listed:
            return []
        vectors = await ctx.embeddings.embed([*self.asked, *self.listed.values()], interactive=True)
        asked = len(self.asked)
        similarity = vectors[asked:].astype(np.float64) @ vectors[:asked].T
        chosen = choose(self.reading, self._scores(similarity.T))
        beside = [n for n in self.listed if self._passage(n).by_graph]
        if not chosen or not beside:
            return chosen
        return with_lead(chosen, self.reading, await self._led_to(chosen[0], beside, ctx))

    async def _led_to(
        self, best: Chosen, beside: Sequence[int], ctx: AgentContext
    ) -> dict[int, float]:
        """Score candidates for the question with what its best quote adds to it."""
        quote = self.reading.passages[best.passage].text[best.start : best.end]
        asked = self.asked[1 if self.leans else 0]
        led = self._joined(beside, _added(quote, asked))
        if not led:
            return {}
        told = f"{asked} {quote}"
        texts = [told, *(self.listed[n] for n in led)]
        vectors = await ctx.embeddings.embed(texts, interactive=True)
        similar = vectors[1:].astype(np.float64) @ vectors[0]
        fits = fitness(similar, overlaps(told, self.reading)[:, led])
        return dict(zip(led, fits.tolist(), strict=True))

    def _joined(self, beside: Sequence[int], added: frozenset[str]) -> list[int]:
        """Give those whose passages share words with a quote that few have, as they do a name."""
        passages = self.reading.words
        rarity = {word: 1 / max(1, sum(word in words for words in passages)) for word in added}
        shared = {
            n: sum(rarity[w] for w in added & passages[self.reading.candidates[n].passage])
            for n in beside
        }
        most = max(shared.values())
        return [n for n, share in shared.items() if share and share >= _SHARE_OF_MOST * most]

    def _passage(self, number: int) -> Passage:
        return self.reading.passages[self.reading.candidates[number].passage]

    def _scores(self, similarity: Sequence[Scores] | Scores) -> dict[int, float]:
        """Score candidates for the question or the part of it that each fits best."""
        if not self.listed:
            return {}
        numbers = list(self.listed)
        scored = [
            fitness(similar, words[:, numbers])
            for similar, words in zip(similarity, self.overlap, strict=True)
        ]
        fits = zip(numbers, np.maximum.reduce(scored).tolist(), strict=True)
        return {n: fit for n, fit in fits if not self._only_repeats(n)}

    def _only_repeats(self, number: int) -> bool:
        """Tell whether a line of code holds the question itself: an example of asking it."""
        candidate = self.reading.candidates[number]
        asked = self.asked[0].strip(" ?").casefold()
        return candidate.extract.kind == "code" and asked in candidate.text.casefold()


def fit(question: str, passages: Sequence[Passage], standalone: str = "") -> Fit:
    """Read passages for a question, and list what of them is worth a closer look.

    `standalone`: the question with what it left unsaid, where it leans on what was said before.
    """
    reading = read(passages)
    asked = [question, *([standalone] if standalone else []), *_parts(question)]
    overlap = [overlaps(each, reading) for each in asked]
    listed = shortlist(reading, np.maximum.reduce(overlap)) if reading.candidates else {}
    return Fit(reading, asked, overlap, listed, leans=bool(standalone))


def _added(quote: str, question: str) -> frozenset[str]:
    """Give the words of a quote that the question has in no form."""
    wanted = Wanted(question)
    return frozenset(word for word in content_words(quote) if not wanted.among([word]))


def _parts(question: str) -> Iterator[str]:
    for part in parts(question):
        if len(set(content_words(part))) >= _LEAST_WORDS_OF_PART:
            yield part

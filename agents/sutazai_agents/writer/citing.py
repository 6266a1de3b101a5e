"""Citations for what a model wrote: each mark becomes the sentence of the passage that fits."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sutazai_agents.claims import MARK, Claim, written
from sutazai_agents.wording import Wanted
from sutazai_agents.writer.generating import Draft
from sutazai_agents.writer.scoring import Candidate, Reading, embedding_text
from sutazai_contracts.knowledge import Answer, Citation
from sutazai_kit import AgentContext

# How many sentences of a passage are compared by meaning, the best by wording, and how far a
# shared word counts against the meaning.
_COMPARED = 4
_MOST_CITED = 24


@dataclass(frozen=True, slots=True)
class Cited:
    """An answer with its citations, and how many marks pointed nowhere."""

    answer: Answer
    removed: int


@dataclass(slots=True)
class _Numbering:
    """Numbers for places, in the order in which they are first cited."""

    reading: Reading
    places: dict[tuple[int, int], int] = field(default_factory=dict)

    def number(self, candidate: Candidate) -> int:
        place = (candidate.passage, candidate.number)
        return self.places.setdefault(place, len(self.places) + 1)

    def citations(self) -> tuple[Citation, ...]:
        return tuple(
            _citation(number, self.reading, passage, place)
            for (passage, place), number in self.places.items()
        )


async def cited(draft: Draft, reading: Reading, confidence: int, ctx: AgentContext) -> Cited:
    """Make an answer of a draft.

    Args:
        draft: what the model wrote, its marks as `claims.marks_inside` puts them.
        reading: the passages that it had.
        confidence: how well they fit the question.
        ctx: of the task.

    Returns:
        An answer whose marks all have a citation; without any citation it is not grounded.
    """
    said = _finished(draft)
    wanted = _wanted(said, draft, reading)
    best = await _best(said, wanted, reading, ctx)
    numbering, removed = _Numbering(reading), 0
    text, end = [], 0
    for place, claim in enumerate(said):
        known = {n: numbering.number(best[place, n]) for n in claim.numbers if (place, n) in best}
        removed += len(claim.numbers) - len(known)
        text += [draft.text[end : claim.start], _marked(draft.text[claim.start : claim.end], known)]
        end = claim.end
    citations = numbering.citations()
    answer = Answer(
        answer="".join(text).strip() or draft.text,
        kind="generated",
        grounded=bool(citations),
        confidence=confidence if citations else 1,
        citations=citations,
    )
    return Cited(answer, removed)


def _finished(draft: Draft) -> list[Claim]:
    """Leave out a last sentence that was broken off before its mark."""
    said = written(draft.text)
    if not draft.is_whole and len(said) > 1 and not said[-1].numbers:
        said.pop()
    return said


Cites = dict[tuple[int, int], list[Candidate]]


def _wanted(said: Sequence[Claim], draft: Draft, reading: Reading) -> Cites:
    """Find for each claim and number the sentences that may be meant, the best by wording first."""
    found: Cites = {}
    for place, claim in enumerate(said):
        words = Wanted(claim.words)
        for number in claim.numbers:
            row = reading.of_passage(number - 1)
            if row and number not in draft.unread and len(found) < _MOST_CITED:
                row.sort(key=lambda each: (-len(words.among(each.words)), each.number))
                found[place, number] = row[:_COMPARED]
    return found


async def _best(
    said: Sequence[Claim], wanted: Cites, reading: Reading, ctx: AgentContext
) -> dict[tuple[int, int], Candidate]:
    """Choose one sentence for each claim and number, by meaning and wording."""
    if not wanted:
        return {}
    shown = {id(each): each for row in wanted.values() for each in row}
    texts = {
        place: embedding_text(reading.passages[each.passage], each) for place, each in shown.items()
    }
    claimed = sorted({place for place, _ in wanted})
    vectors = await ctx.embeddings.embed(
        [*(said[place].words for place in claimed), *texts.values()], interactive=True
    )
    of_claim = dict(zip(claimed, vectors, strict=False))
    of_text = dict(zip(texts, vectors[len(claimed) :], strict=True))

    def fit(place: int, candidate: Candidate) -> float:
        words = Wanted(said[place].words)
        shared = len(words.among(candidate.words)) / max(1, len(words.words))
        return float(np.dot(of_claim[place], of_text[id(candidate)])) + shared

    return {
        (place, number): max(row, key=lambda each: fit(place, each))
        for (place, number), row in wanted.items()
    }


def _marked(said: str, known: dict[int, int]) -> str:
    """Write the marks anew, and leave out those that point nowhere with the space before them."""
    text, end = "", 0
    for mark in MARK.finditer(said):
        number = known.get(int(mark[1]))
        before = said[end : mark.start()]
        text += before + f"[{number}]" if number is not None else before.rstrip()
        end = mark.end()
    return text + said[end:]


def _citation(number: int, reading: Reading, passage: int, place: int) -> Citation:
    source, extract = reading.passages[passage], reading.of_passage(passage)[place].extract
    return Citation(
        n=number,
        document=source.document,
        heading_path=source.heading_path,
        start=source.start + extract.start,
        end=source.start + extract.end,
        quote=extract.of(source.text),
        by_graph=source.by_graph,
    )

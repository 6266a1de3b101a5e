"""The writer: answers a question from passages, by a model where there is one, else by extracts."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Self

import numpy as np
from pydantic import Field, StringConstraints, model_validator

from sutazai_agents.questions import parts
from sutazai_agents.wording import content_words
from sutazai_agents.writer.choosing import Chosen as Quote
from sutazai_agents.writer.choosing import choose
from sutazai_agents.writer.citing import Cited, cited
from sutazai_agents.writer.generating import Draft, draft
from sutazai_agents.writer.quoting import INTRODUCTION, confidence, instead, quoted
from sutazai_agents.writer.scoring import (
    Reading,
    fitness,
    overlaps,
    read,
    shortlist,
)
from sutazai_contracts.errors import (
    ContextTooSmall,
    InvalidModelOutput,
    ModelNotFound,
    ModelUnavailable,
)
from sutazai_contracts.knowledge import Answer, Frozen, Passage
from sutazai_kit import Agent, AgentContext
from sutazai_kit.slots.port import Chosen

_NO_SOURCE = "the language model gave an answer without a source"
# A part such as "and who?" has no words that could tell what fits it.
_LEAST_WORDS_OF_PART = 2


class WriteTask(Frozen):
    """A question, and what was found for it, best first."""

    question: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)
    ]
    passages: tuple[Passage, ...] = Field(default=(), max_length=200)

    @model_validator(mode="after")
    def _spans_fit(self) -> Self:
        """Refuse a passage whose text is not what its span says: its quotes would not open."""
        for number, passage in enumerate(self.passages):
            if passage.end - passage.start != len(passage.text):
                raise ValueError(f"passage {number} has a text of another length than its span")
        return self


writer = Agent(
    "writer",
    description="Answers a question from passages, with sources; without a model by quoting.",
    version="2",
    slots=4,
    capabilities=("answer",),
    speaks="answer",
)


@writer.handler
async def write(task: WriteTask, ctx: AgentContext) -> Answer:
    """Answer from what fits the question best; say so where nothing does."""
    await ctx.progress(f"Reading {len(task.passages)} passages")
    reading = await asyncio.to_thread(read, task.passages)
    scores = await _scores(task.question, reading, ctx) if reading.candidates else {}
    quotes = choose(reading, scores)
    # Where nothing fits, a model would have to make something up.
    chosen = await ctx.models.choose("writer") if quotes else None
    if chosen is None:
        return await _by_extracts(reading, quotes, INTRODUCTION, ctx)
    return await _by_model(task.question, reading, quotes, chosen, ctx)


async def _by_extracts(
    reading: Reading, quotes: Sequence[Quote], introduction: str, ctx: AgentContext
) -> Answer:
    answer = quoted(reading.passages, quotes, introduction)
    ctx.meter("extracts", len(answer.citations))
    await ctx.progress(f"Chose {len(answer.citations)} of {len(reading.candidates)} extracts")
    return answer


async def _by_model(
    question: str, reading: Reading, quotes: Sequence[Quote], chosen: Chosen, ctx: AgentContext
) -> Answer:
    """Let a model write; where nothing of it has a source, quote instead and say why."""
    await ctx.progress(f"Asking the model {chosen.model[:100]}")
    try:
        made = await draft(question, reading.passages, chosen, ctx)
    except (ModelUnavailable, ModelNotFound, ContextTooSmall, InvalidModelOutput) as failed:
        return await _by_extracts(reading, quotes, instead(str(failed)), ctx)
    sure = confidence(max(quote.score for quote in quotes))
    result = await cited(made, reading, sure, ctx)
    ctx.meter("marks_removed", result.removed)
    if not result.answer.grounded:
        return await _by_extracts(reading, quotes, instead(_NO_SOURCE), ctx)
    await ctx.progress(_summary(made, result))
    return result.answer


def _summary(made: Draft, result: Cited) -> str:
    said = [f"Wrote an answer with {len(result.answer.citations)} sources"]
    if result.removed:
        said.append(f"{result.removed} marks pointed to no passage and were removed")
    if made.cut is not None:
        said.append(f"not all was read: {made.cut}")
    return "; ".join(said)


async def _scores(question: str, reading: Reading, ctx: AgentContext) -> dict[int, float]:
    """Score the candidates worth it, for the question or the part of it that each fits best."""
    asked = [question, *_parts(question)]
    overlap = [await asyncio.to_thread(overlaps, each, reading) for each in asked]
    listed = shortlist(reading, np.maximum.reduce(overlap))
    vectors = await ctx.embeddings.embed([*asked, *listed.values()], interactive=True)
    similarity = vectors[len(asked) :].astype(np.float64) @ vectors[: len(asked)].T
    scored = [
        fitness(similarity[:, number], each[:, list(listed)]) for number, each in enumerate(overlap)
    ]
    fits = dict(zip(listed, np.maximum.reduce(scored).tolist(), strict=True))
    return {n: fit for n, fit in fits.items() if not _only_repeats(question, reading, n)}


def _only_repeats(question: str, reading: Reading, number: int) -> bool:
    """Tell whether a line of code holds the question itself: an example of asking it."""
    candidate = reading.candidates[number]
    asked = question.strip(" ?").casefold()
    return candidate.extract.kind == "code" and asked in candidate.text.casefold()


def _parts(question: str) -> list[str]:
    found = parts(question)
    return [part for part in found if len(set(content_words(part))) >= _LEAST_WORDS_OF_PART]

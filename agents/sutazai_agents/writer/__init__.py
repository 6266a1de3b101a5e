"""The writer: answers a question from passages, by a model where there is one, else by extracts."""

import asyncio
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from sutazai_agents.writer.choosing import LEAST_SCORE
from sutazai_agents.writer.choosing import Chosen as Quote
from sutazai_agents.writer.citing import Cited, cited
from sutazai_agents.writer.fitting import Fit, fit
from sutazai_agents.writer.generating import Draft, draft
from sutazai_agents.writer.quoting import INTRODUCTION, confidence, instead, quoted
from sutazai_contracts.conversations import History
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


class WriteTask(Frozen):
    """A question, what was said before it, and what was found for it, best first.

    `standalone`: the question with what it left unsaid, where it leans on what was said.
    """

    question: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)
    ]
    history: History = ()
    standalone: str = Field(default="", max_length=20_000)
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
    version="4",
    slots=4,
    capabilities=("answer",),
    speaks="answer",
)


@writer.handler
async def write(task: WriteTask, ctx: AgentContext) -> Answer:
    """Answer from what fits the question best; say so where nothing does."""
    await ctx.progress(f"Reading {len(task.passages)} passages")
    found = await asyncio.to_thread(fit, task.question, task.passages, task.standalone)
    async with _Quotes(found, ctx) as quotes:
        # Where nothing fits, a model would have to make something up.
        fits = found.is_likely() or bool(await quotes.chosen())
        model = await ctx.models.choose("writer") if fits else None
        if model is None:
            return await _by_extracts(quotes, INTRODUCTION, ctx)
        return await _by_model(task, quotes, model, ctx)


class _Quotes:
    """The quotes that fit: looked for once, when they are wanted or when there is time."""

    def __init__(self, found: Fit, ctx: AgentContext) -> None:
        self.reading = found.reading
        self._found, self._ctx = found, ctx
        self._looking: asyncio.Task[list[Quote]] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def look(self) -> asyncio.Task[list[Quote]]:
        """Begin to look for them, beside what goes on."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._found.quotes(self._ctx))
        return self._looking

    async def chosen(self) -> list[Quote]:
        """Give them, best first."""
        return await self.look()


async def _by_extracts(quotes: _Quotes, introduction: str, ctx: AgentContext) -> Answer:
    answer = quoted(quotes.reading.passages, await quotes.chosen(), introduction)
    ctx.meter("extracts", len(answer.citations))
    await ctx.progress(
        f"Chose {len(answer.citations)} of {len(quotes.reading.candidates)} extracts"
    )
    return answer


async def _by_model(task: WriteTask, quotes: _Quotes, model: Chosen, ctx: AgentContext) -> Answer:
    """Let a model write; where nothing of it has a source, quote instead and say why."""
    reading = quotes.reading
    await ctx.progress(f"Asking the model {model.model[:100]}")
    try:
        # What is quoted is not needed for the first word, so it does not wait for it.
        made = await draft(
            task.question, reading.passages, model, ctx, task.history, on_its_way=quotes.look
        )
    except (ModelUnavailable, ModelNotFound, ContextTooSmall, InvalidModelOutput) as failed:
        return await _by_extracts(quotes, instead(str(failed)), ctx)
    sure = confidence(max((quote.score for quote in await quotes.chosen()), default=LEAST_SCORE))
    result = await cited(made, reading, sure, ctx)
    ctx.meter("marks_removed", result.removed)
    if not result.answer.grounded:
        return await _by_extracts(quotes, instead(_NO_SOURCE), ctx)
    await ctx.progress(_summary(made, result))
    return result.answer


def _summary(made: Draft, result: Cited) -> str:
    said = [f"Wrote an answer with {len(result.answer.citations)} sources"]
    if result.removed:
        said.append(f"{result.removed} marks pointed to no passage and were removed")
    if made.cut is not None:
        said.append(f"not all was read: {made.cut}")
    return "; ".join(said)

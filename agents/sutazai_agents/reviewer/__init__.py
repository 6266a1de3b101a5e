"""The reviewer: checks each claim of an answer against what it cites."""

from collections.abc import Collection, Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from sutazai_agents.claims import Claim, claims
from sutazai_agents.reviewer.judging import judged
from sutazai_agents.reviewer.support import repeats, stands, supported
from sutazai_contracts.errors import (
    ContextTooSmall,
    InvalidModelOutput,
    ModelNotFound,
    ModelUnavailable,
)
from sutazai_contracts.knowledge import Answer, Frozen, Passage
from sutazai_kit import Agent, AgentContext

UNSUPPORTED = " (not supported by its source)"
UNSOURCED = " (without a source)"
# The most that an answer may have of whose claims a share is not supported.
_MOST_IN_PART = 6


class ReviewTask(Frozen):
    """An answer, the question it is for, and the passages it was written from."""

    question: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)
    ]
    answer: Answer
    passages: tuple[Passage, ...] = Field(default=(), max_length=200)


reviewer = Agent(
    "reviewer",
    description="Checks each claim of an answer against its source, and marks what has none.",
    version="1",
    slots=4,
    capabilities=("review",),
    speaks="answer",
)


@reviewer.handler
async def review(task: ReviewTask, ctx: AgentContext) -> Answer:
    """Mark the claims whose sources do not say so; an answer from nothing stays as it is."""
    answer = task.answer
    if not answer.grounded:
        await ctx.progress("There is nothing to check: the answer has no source")
        return answer
    plain = answer.answer.replace(UNSUPPORTED, "").replace(UNSOURCED, "")
    answer = answer.model_copy(update={"answer": plain})
    found = claims(answer)
    held = await _held(answer, found, task.passages, ctx)
    ctx.meter("claims", len(found))
    ctx.meter("claims_unsupported", len(found) - len(held))
    reviewed = _marked(answer, found, held)
    if reviewed.answer != task.answer.answer:
        # Who watched it being written learns what became of it.
        await ctx.say(reviewed.answer)
    return reviewed


async def _held(
    answer: Answer, found: Sequence[Claim], passages: Sequence[Passage], ctx: AgentContext
) -> frozenset[int]:
    """Give the places of the claims that hold."""
    quotes = {each.n: each.quote for each in answer.citations if stands(each, passages)}
    sourced = {
        place: (claim.words, [quotes[number] for number in claim.numbers if number in quotes])
        for place, claim in enumerate(found)
    }
    sourced = {place: claim for place, claim in sourced.items() if claim[1]}
    if answer.kind == "extract":
        held = frozenset(place for place, claim in sourced.items() if repeats(*claim))
        await ctx.progress(f"{len(held)} of {len(found)} quotes stand in their documents")
        return held
    said = await supported([*sourced.values()], ctx.embeddings) if sourced else []
    held = frozenset(place for place, holds in zip(sourced, said, strict=True) if holds)
    return await _by_model({place: sourced[place] for place in sorted(held)}, len(found), ctx)


async def _by_model(
    worded: dict[int, tuple[str, list[str]]], total: int, ctx: AgentContext
) -> frozenset[int]:
    """Let a model refuse claims that wording and meaning accept; it can't accept others."""
    held, by = frozenset(worded), "by wording and meaning"
    chosen = await ctx.models.choose("reviewer", needs_schema=True) if worded else None
    if chosen is not None:
        try:
            held &= await judged(worded, chosen, ctx)
            by += f", and by the model {chosen.model[:100]}"
        except (ModelUnavailable, ModelNotFound, ContextTooSmall, InvalidModelOutput) as failed:
            by += f" alone ({failed})"
    await ctx.progress(f"{len(held)} of {total} claims are supported, {by}")
    return held


def _marked(answer: Answer, found: Sequence[Claim], held: Collection[int]) -> Answer:
    """Say in words what is not supported, and lower the confidence; the same when done again."""
    if len(held) == len(found):
        return answer
    text, end = "", 0
    for place, claim in enumerate(found):
        text += answer.answer[end : claim.end]
        if place not in held:
            text += UNSUPPORTED if claim.numbers else UNSOURCED
        end = claim.end
    # A bound, and no factor: who checks twice gets the same.
    most = 1 + round((_MOST_IN_PART - 1) * len(held) / len(found)) if held else 1
    return answer.model_copy(
        update={
            "answer": text + answer.answer[end:],
            "grounded": bool(held),
            "confidence": min(answer.confidence, most),
        }
    )

"""A question that leans on what was said before, reworded to stand alone."""

from collections.abc import Sequence

from pydantic import Field

from sutazai_agents.follow_ups import standalone
from sutazai_agents.prompts import prompt
from sutazai_agents.said import shown
from sutazai_agents.wording import content_words
from sutazai_contracts.conversations import Exchange
from sutazai_contracts.errors import (
    ContextTooSmall,
    InvalidModelOutput,
    ModelNotFound,
    ModelUnavailable,
)
from sutazai_contracts.knowledge import Frozen
from sutazai_contracts.models import ChatMessage, ModelRequest, Part
from sutazai_kit import AgentContext
from sutazai_kit.slots.port import Chosen

_LONGEST = 300
_MOST_TOKENS = 128
_DEADLINE_S = 60.0
# A rewording with fewer of its words from the conversation is about something else.
_LEAST_SHARE = 0.6


class Reworded(Frozen):
    """A question as a model rewords it."""

    question: str = Field(min_length=1, max_length=_LONGEST)


async def alone(question: str, history: Sequence[Exchange], ctx: AgentContext) -> str:
    """Give a question so that it stands alone; an empty text where it does as it is.

    A model that is named for it rewords the question. Where there is none, or it makes nothing of
    it, the words of the earlier questions are added.
    """
    by_words = standalone(question, history)
    if not by_words:
        return ""
    chosen = await ctx.models.choose("rewriter", needs_schema=True)
    if chosen is None:
        return by_words
    try:
        answer = await ctx.models.structured(chosen, _asked(question, history, chosen), Reworded)
    except (ModelUnavailable, ModelNotFound, ContextTooSmall, InvalidModelOutput):
        return by_words
    reworded = " ".join(answer.value.question.split())
    return reworded if fits(reworded, question, history) else by_words


def fits(reworded: str, question: str, history: Sequence[Exchange]) -> bool:
    """Tell whether a rewording says something, in the words of the conversation."""
    said = {*content_words(question)}
    for exchange in history:
        said.update(content_words(exchange.question), content_words(exchange.answer))
    words = set(content_words(reworded))
    return bool(words) and len(words & said) >= _LEAST_SHARE * len(words)


def _asked(question: str, history: Sequence[Exchange], chosen: Chosen) -> ModelRequest:
    # The oldest goes first where not all fits.
    parts = [Part(text=shown(exchange), rank=rank) for rank, exchange in enumerate(history)]
    last = Part(text=f"Last question: {question}")
    return ModelRequest(
        model=chosen.model,
        messages=(
            ChatMessage(role="system", content=prompt("researcher", "reword")),
            ChatMessage(role="user", content=(*parts, last)),
        ),
        max_tokens=_MOST_TOKENS,
        seed=0,
        deadline_s=_DEADLINE_S,
    )

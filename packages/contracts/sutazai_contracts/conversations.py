"""Conversations as they travel: what was said before, and how much of it fitted."""

from typing import Annotated

from pydantic import Field

from sutazai_contracts.knowledge import Frozen

MOST_EXCHANGES = 50


class Exchange(Frozen):
    """A question of a conversation with its answer; an empty answer says nothing."""

    question: str
    answer: str = ""


# What was said before a question, oldest first.
History = Annotated[tuple[Exchange, ...], Field(max_length=MOST_EXCHANGES)]


class ContextUse(Frozen):
    """How much of what was said before goes with a question, and what does not fit any more."""

    used: int = Field(ge=0, description="Earlier messages that go with the question.")
    dropped: int = Field(ge=0, description="Earlier messages that were left out: no room for them.")
    tokens: int = Field(ge=0, description="Tokens of those that go with it.")
    budget: int = Field(ge=0, description="Tokens that they may have together.")
    counted_by: str = Field(description="Whose tokens these are, or how they were estimated.")

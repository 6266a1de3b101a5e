"""An agent that counts how often each word comes in a text."""

from collections import Counter

from pydantic import BaseModel

from sutazai_kit import Agent, AgentContext, Refuse


class Text(BaseModel):
    text: str


class Counts(BaseModel):
    words: dict[str, int]


counter = Agent("word_counter", description="Count the words of a text.", version="1", slots=4)


@counter.handler
async def count(task: Text, ctx: AgentContext) -> Counts:
    words = task.text.lower().split()
    if not words:
        raise Refuse("the text has no words")
    await ctx.progress("counting", total=len(words))
    ctx.meter("words", len(words))
    return Counts(words=dict(Counter(words)))

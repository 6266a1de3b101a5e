"""The context of a question: what was said before it, newest first, as far as it fits."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ValidationError

from sutazai.core.cache.port import Cache
from sutazai.core.conversations.counting import Measure, TokenCounting
from sutazai.core.conversations.model import Context, Conversation, Message, Owner
from sutazai.core.conversations.ports import ConversationRecords
from sutazai_contracts.conversations import MOST_EXCHANGES, ContextUse, Exchange

KEPT_S = 60 * 60.0
# Passages, the question and the answer need the rest of what a model reads.
SHARE_OF_MODEL = 4
# A mark such as [2] would pass for a citation of what is found for the next question.
_MARK = re.compile(r"[ \t]*\[\d{1,4}\]")


class _Kept(BaseModel):
    """A context as a cache keeps it, with all that it hangs on."""

    turns: int
    measure: str
    budget: int
    history: tuple[Exchange, ...]
    use: ContextUse


def _unheard(found: bool) -> None:
    """Take what nobody counts."""


@dataclass(frozen=True, slots=True)
class Contexts:
    """Give the context of a conversation's next question.

    What was asked and answered does not change, so a context is right as long as the conversation
    has so many turns. It is kept with that number, which the record says anew each time.

    Args:
        records: of conversations.
        counter: counts tokens.
        cache: keeps contexts; what it loses is read again.
        budget: tokens of a context at most.
        on_lookup: hears of each look into the cache whether it was found.
    """

    records: ConversationRecords
    counter: TokenCounting
    cache: Cache
    budget: int
    on_lookup: Callable[[bool], None] = _unheard

    async def of(self, owner: Owner, conversation: Conversation) -> Context:
        """Give what was said in a conversation, as far as it fits."""
        measure = await self.counter.measure()
        budget = self.budget
        if measure.reads is not None:
            budget = min(budget, measure.reads // SHARE_OF_MODEL)
        key = cache_key(conversation.id)
        kept = _read(await self.cache.get(key))
        stamp = (conversation.turns, measure.name, budget)
        fits = kept is not None and (kept.turns, kept.measure, kept.budget) == stamp
        self.on_lookup(fits)
        if kept is not None and fits:
            return Context(kept.history, kept.use)
        context, lasting = await self._made(owner, conversation, measure, budget)
        if lasting:
            value = _Kept(
                turns=conversation.turns,
                measure=measure.name,
                budget=budget,
                history=context.history,
                use=context.use,
            )
            await self.cache.put(key, value.model_dump_json().encode(), KEPT_S)
        return context

    async def forget(self, conversation: UUID) -> None:
        """Forget what is kept of a conversation that is gone."""
        await self.cache.drop(cache_key(conversation))

    async def _made(
        self, owner: Owner, conversation: Conversation, measure: Measure, budget: int
    ) -> tuple[Context, bool]:
        newest: Sequence[Message] = ()
        if conversation.turns:
            newest = await self.records.messages(owner, conversation.id, 2 * MOST_EXCHANGES, None)
        exchanges = exchanges_of(newest)
        texts = [text for one in exchanges for text in (one.question, one.answer)]
        counted = await self.counter.count(measure, texts)
        history, used, tokens = fitting(exchanges, counted.tokens, budget)
        # Older ones than were read are left out as well.
        said = sum(1 + bool(one.answer) for one in exchanges)
        older = 2 * max(0, conversation.turns - MOST_EXCHANGES)
        use = ContextUse(
            used=used,
            dropped=said - used + older,
            tokens=tokens,
            budget=budget,
            counted_by=counted.by,
        )
        return Context(history, use), counted.lasting


def cache_key(conversation: UUID) -> str:
    """Name the place of a conversation's context in a cache."""
    return f"context:{conversation}"


def exchanges_of(newest: Sequence[Message]) -> list[Exchange]:
    """Make exchanges of messages that stand newest first; gives the newest first as well.

    An answer counts that said something from the documents: of quotes, what was quoted. One that
    failed or found nothing tells nothing that a later question could mean.
    """
    answers = {each.number: each for each in newest if each.role == "assistant"}
    return [
        Exchange(question=each.text, answer=_said(answers.get(each.number + 1)))
        for each in newest
        if each.role == "user"
    ]


def fitting(
    newest: Sequence[Exchange], tokens: Sequence[int], budget: int
) -> tuple[tuple[Exchange, ...], int, int]:
    """Take exchanges, newest first, while they fit.

    Of the first that does not fit, the question alone is taken if that does.

    Args:
        newest: exchanges, newest first.
        tokens: of each question and each answer, in the same order.
        budget: tokens of all together.

    Returns:
        The exchanges, oldest first; how many messages, and tokens, they have.
    """
    taken: list[Exchange] = []
    used = spent = 0
    for place, exchange in enumerate(newest):
        question, answer = tokens[2 * place : 2 * place + 2]
        if spent + question + answer <= budget:
            taken.append(exchange)
            used += 1 + bool(exchange.answer)
            spent += question + answer
            continue
        if spent + question <= budget:
            taken.append(Exchange(question=exchange.question))
            used, spent = used + 1, spent + question
        break
    return tuple(reversed(taken)), used, spent


def _said(answer: Message | None) -> str:
    if answer is None or answer.status != "succeeded" or answer.grounded is False:
        return ""
    if answer.kind == "extract":
        return "\n".join(str(citation["quote"]) for citation in answer.citations)
    return _MARK.sub("", answer.text).strip()


def _read(kept: bytes | None) -> _Kept | None:
    """Read what a cache kept; what another version wrote counts as nothing."""
    if kept is None:
        return None
    try:
        return _Kept.model_validate(json.loads(kept))
    except (ValueError, ValidationError):
        return None

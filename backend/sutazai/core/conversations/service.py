"""Conversations: made, listed, renamed, removed; questions asked in their context."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from sutazai.core.conversations.context import Contexts
from sutazai.core.conversations.model import Context, Conversation, Message, Owner
from sutazai.core.conversations.ports import ConversationRecords, Place, Posted, Posting
from sutazai.core.pages import Page, decode_cursor, encode_cursor
from sutazai.core.runs.asked import CONTEXT, CONVERSATION, GRAPH, HISTORY
from sutazai.core.runs.service import NewRun, Runs
from sutazai_contracts.errors import ConversationBusy, InvalidInput
from sutazai_contracts.identifiers import new_id

LONGEST_TITLE = 80
# Questions of one conversation come one by one; two at once meet here, and one of them is busy.
TRIES = 3
_FOREIGN = "this cursor was not given by this list"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of which collection, by which workflow; a key makes it once only.

    `graph`: whether the graph is asked too.
    """

    text: str
    collection: UUID
    collection_name: str
    workflow: str = "answer"
    idempotency_key: str | None = None
    traceparent: str | None = None
    graph: bool = False


@dataclass(frozen=True, slots=True)
class Conversations:
    """Keep conversations, and start a run for each question of one.

    Args:
        records: the record of conversations.
        contexts: gives what was said before.
        runs: starts runs.
    """

    records: ConversationRecords
    contexts: Contexts
    runs: Runs

    async def create(self, owner: Owner, title: str | None, collection: str) -> Conversation:
        """Make a conversation; without a title its first question names it."""
        return await self.records.create(owner, new_id(), title, collection)

    async def get(self, owner: Owner, conversation: UUID) -> Conversation:
        """Read a conversation; `NotFound` where this user has none such."""
        return await self.records.get(owner, conversation)

    async def page(self, owner: Owner, limit: int, cursor: str | None) -> Page[Conversation]:
        """List conversations, those with the newest question first."""
        found = await self.records.newest(owner, limit + 1, _place(cursor))
        items = found[:limit]
        if len(found) <= limit:
            return Page(items)
        last = items[-1]
        return Page(items, encode_cursor(f"{last.updated_at.isoformat()} {last.id}"))

    async def messages(
        self, owner: Owner, conversation: UUID, limit: int, cursor: str | None
    ) -> Page[Message]:
        """List messages, newest first; `NotFound` where this user has no such conversation."""
        found = await self.records.messages(owner, conversation, limit + 1, _number(cursor))
        items = found[:limit]
        more = len(found) > limit
        return Page(items, encode_cursor(str(items[-1].number)) if more else None)

    async def rename(self, owner: Owner, conversation: UUID, title: str) -> Conversation:
        """Give a conversation another title."""
        return await self.records.rename(owner, conversation, title)

    async def delete(self, owner: Owner, conversation: UUID) -> None:
        """Remove a conversation with its messages.

        Its runs stay, without it; one that still works is cancelled.
        """
        cancelled = await self.records.delete(owner, conversation)
        await self.contexts.forget(conversation)
        self.runs.feed.tell(cancelled)

    async def post(self, owner: Owner, conversation: Conversation, question: Question) -> Posted:
        """Write a question down and start its run.

        Args:
            owner: who asks.
            conversation: as it was read; where it has gone on since, it is read again.
            question: what is asked.

        Raises:
            NotFound: this user has no such conversation.
            ConversationBusy: the question before is still being worked on.
            IdempotencyMismatch: the key was used with another request.
            InvalidInput: there is no such workflow, or it can't ask the graph and is to.
        """
        for _ in range(TRIES):
            context = await self.contexts.of(owner, conversation)
            posting = self._posting(owner, conversation, question, context)
            posted = await self.records.post(owner, posting)
            if posted is not None:
                if not posted.replayed:
                    self.runs.submitted([posted.run], posting.submission.changes.wake_ups)
                return posted
            conversation = await self.records.get(owner, conversation.id)
        raise ConversationBusy

    def _posting(
        self, owner: Owner, conversation: Conversation, question: Question, context: Context
    ) -> Posting:
        self.runs.refuse_private(question.workflow)
        new = NewRun(
            workflow=question.workflow,
            goal=question.text,
            collection=question.collection,
            collection_name=question.collection_name,
            input={
                CONVERSATION: str(conversation.id),
                HISTORY: [exchange.model_dump() for exchange in context.history],
                CONTEXT: context.use.model_dump(),
            },
            traceparent=question.traceparent,
            idempotency_key=question.idempotency_key,
            graph=question.graph,
        )
        submission = self.runs.compose(owner.tenant, new)
        return Posting(
            conversation=conversation.id,
            message=new_id(),
            turns=conversation.turns,
            text=question.text,
            title=short_title(question.text),
            submission=replace(submission, request_hash=_asked(owner, conversation.id, question)),
        )


def short_title(question: str) -> str:
    """Name a conversation by its first question: on one line, cut at a word."""
    line = " ".join(question.split())
    if len(line) <= LONGEST_TITLE:
        return line
    front = line[: LONGEST_TITLE - 1]
    return (front.rsplit(" ", 1)[0] if " " in front[LONGEST_TITLE // 2 :] else front) + "…"


def _asked(owner: Owner, conversation: UUID, question: Question) -> bytes:
    """Give what makes a request the same: the context is not of it, since it goes on."""
    asked = [
        str(owner.user),
        str(conversation),
        question.workflow,
        question.text,
        question.collection_name,
        # A key that was used before there was this is still good for the same request.
        *([GRAPH] if question.graph else []),
    ]
    return hashlib.sha256(json.dumps(asked).encode()).digest()


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    time, _, last = decode_cursor(cursor).partition(" ")
    try:
        return Place(datetime.fromisoformat(time).astimezone(UTC), UUID(last))
    except (ValueError, OverflowError) as exc:
        raise InvalidInput(_FOREIGN, field="cursor") from exc


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    position = decode_cursor(cursor)
    if not (position.isascii() and position.isdecimal() and len(position) < 10):
        raise InvalidInput(_FOREIGN, field="cursor")
    return int(position)

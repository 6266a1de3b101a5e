"""What conversations need of their record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sutazai.core.conversations.model import Conversation, Message, Owner
from sutazai.core.runs.ports import Submission


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of conversations ends: the last one's newest question, and its id."""

    updated_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Posting:
    """A question about to be written with its run; `turns` is how many were asked before it.

    `title`, if any, names the conversation where it has no title.
    """

    conversation: UUID
    message: UUID
    turns: int
    text: str
    title: str | None
    submission: Submission


@dataclass(frozen=True, slots=True)
class Posted:
    """A question that is written, and its run; `replayed`: it was written before."""

    message: Message
    run: UUID
    replayed: bool = False


class ConversationRecords(Protocol):
    """Conversations of one user. All raise `DatabaseUnavailable` where the database is away.

    Those that name a conversation raise `NotFound` where this user has none such.
    """

    async def create(
        self, owner: Owner, conversation: UUID, title: str | None, collection: str
    ) -> Conversation:
        """Write a conversation without messages."""

    async def get(self, owner: Owner, conversation: UUID) -> Conversation:
        """Read a conversation."""

    async def newest(self, owner: Owner, limit: int, after: Place | None) -> list[Conversation]:
        """List conversations by their newest question, newest first, those that follow `after`."""

    async def rename(self, owner: Owner, conversation: UUID, title: str) -> Conversation:
        """Give a conversation another title."""

    async def messages(
        self, owner: Owner, conversation: UUID, limit: int, before: int | None
    ) -> list[Message]:
        """List messages, newest first, those with a lower number than `before`."""

    async def post(self, owner: Owner, posting: Posting) -> Posted | None:
        """Write a question and its run in one transaction.

        Where the run's idempotency key was used before for this question, that one is given.

        Returns:
            None where another question came in between: the context is not the right one.

        Raises:
            ConversationBusy: the question before has no answer yet.
            IdempotencyMismatch: the key was used with another request.
        """

    async def delete(self, owner: Owner, conversation: UUID) -> list[UUID]:
        """Remove a conversation with its messages; gives the runs that were cancelled for it.

        Raises:
            ConversationBusy: questions come faster than their runs are cancelled.
        """

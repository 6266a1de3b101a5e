"""What a conversation and its messages are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sutazai.core.runs.model import RunStatus
from sutazai_contracts.conversations import ContextUse, Exchange

Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose conversations are meant: a user of a tenant."""

    tenant: UUID
    user: UUID


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation; `turns` counts its questions, `busy` tells whether the last one is open."""

    id: UUID
    title: str | None
    collection: str
    turns: int
    busy: bool
    created_at: datetime
    updated_at: datetime

    @property
    def messages(self) -> int:
        """Count the messages: a question and its answer are two."""
        return 2 * self.turns - self.busy


@dataclass(frozen=True, slots=True)
class Message:
    """A question, or the answer to one; `status` is that of the run that answered."""

    id: UUID
    conversation: UUID
    number: int
    role: Role
    text: str
    run: UUID | None
    created_at: datetime
    status: RunStatus | None = None
    kind: str | None = None
    grounded: bool | None = None
    confidence: int | None = None
    citations: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    error: str | None = None
    context: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What was said before a question, as far as it fits, oldest first, and how much that is."""

    history: tuple[Exchange, ...]
    use: ContextUse

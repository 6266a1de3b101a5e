"""Slots as they travel: what a model is wanted for, who asks it, what became of the call."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from sutazai_contracts.models import Provider, Usage
from sutazai_contracts.tasks import Message

Priority = Literal["interactive", "batch"]
Ending = Literal["stop", "length", "cancelled", "failed", "lost"]


class Wish(Message):
    """What a model is wanted for."""

    role: str = Field(
        default="default",
        max_length=64,
        description="Such as `writer`, `reviewer`, `coder`; one without models of its own uses "
        "those of `default`.",
    )
    needs_schema: bool = Field(
        default=False, description="Whether decoding has to be bound to a JSON schema."
    )
    size_tokens: int = Field(
        default=0,
        ge=0,
        description="About how much has to be read, in tokens; a large task may get a larger "
        "model where one is set.",
    )


class Chosen(Message):
    """The model to ask."""

    model: str
    provider: Provider
    num_ctx: int | None = Field(
        default=None, description="Tokens of question and answer here; None: as the runtime is set."
    )
    json_schema: bool = Field(description="Whether decoding can be bound to a JSON schema.")
    digest: str | None = Field(
        default=None,
        description="What identifies its weights; None: unsaid, and no answer of it is kept.",
    )


class SlotRequest(Message):
    """Who wants to ask which model."""

    tenant: UUID
    run: UUID
    task: UUID
    token: UUID = Field(description="The fencing token of the claim the call is made for.")
    agent: str
    provider: Provider
    model: str = Field(max_length=256)
    priority: Priority = Field(
        default="interactive",
        description="`interactive`: a person waits for it; `batch`: after those, but not for ever.",
    )
    deadline_s: float | None = Field(
        default=None, gt=0, description="Longest wait in line, in seconds; None: none."
    )


class Slot(Message):
    """The right to make one call, until its lease runs out unrenewed."""

    id: UUID
    lease_s: float
    waited_s: float = Field(ge=0, description="Seconds it waited in line.")


class CallReport(Message):
    """What became of the call a slot was for.

    `ending`: `stop` and `length` as the model port says; `cancelled`: by the caller or its
    deadline; `failed`: by the error whose wire code is `error`; `lost`: nobody renewed the slot.
    """

    ending: Ending
    usage: Usage
    error: str | None = None

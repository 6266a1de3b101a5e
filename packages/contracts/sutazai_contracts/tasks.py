"""Tasks as agents see them: a claim, its heartbeats, its outcome."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from sutazai_contracts.knowledge import CollectionGrant


class Message(BaseModel):
    """A value that crosses a process: unknown fields are ignored, so that versions may differ."""

    model_config = ConfigDict(frozen=True)


class AgentCard(Message):
    """Who an agent is and what it can do."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    version: str
    description: str
    capabilities: tuple[str, ...] = ()
    slots: int = Field(
        default=1, ge=1, le=64, description="Tasks it works on at once, per process."
    )
    input_schema: dict[str, Any] = Field(default_factory=dict)
    output_schema: dict[str, Any] = Field(default_factory=dict)


class Claim(Message):
    """A task that this worker now holds, until its lease runs out unheard of."""

    task: UUID
    run: UUID
    tenant: UUID
    step: str
    agent: str
    attempt: int = Field(ge=1)
    token: UUID = Field(
        description="The fencing token: fresh at each claim, sent with all that follows."
    )
    lease_s: float
    timeout_s: float
    input: dict[str, Any]
    grant: CollectionGrant | None = None
    traceparent: str | None = None
    origin: UUID | None = Field(
        default=None, description="The run that is retried by this one; of several, the first."
    )


class ClaimReply(Message):
    """The tasks a claim got, and whether more were there or could not be locked this time."""

    claims: tuple[Claim, ...] = ()
    more: bool = False


class Progress(Message):
    """How far a step is: words for a person, and counts where there are any."""

    message: str = Field(max_length=500)
    done: int | None = Field(default=None, ge=0)
    total: int | None = Field(default=None, ge=0)


class Beat(Message):
    """One heartbeat of one claim, with the newest progress since the last one."""

    task: UUID
    token: UUID
    progress: Progress | None = None


class BeatReply(StrEnum):
    """What a worker does on: go on, or stop because the task was cancelled or is another's now."""

    GO_ON = "go_on"
    CANCELLED = "cancelled"
    LOST = "lost"


class Succeeded(Message):
    """The work is done; `output` is what later steps refer to."""

    kind: Literal["succeeded"] = "succeeded"
    output: dict[str, Any]


class RetryLater(Message):
    """The agent asks to be called again; counts as an attempt."""

    kind: Literal["retry"] = "retry"
    reason: str
    after_s: float = Field(default=0, ge=0)


class Refused(Message):
    """The task can't be done, now or later; no further attempt is made."""

    kind: Literal["refused"] = "refused"
    reason: str


class Crashed(Message):
    """The agent failed in a way it did not say: a bug or a time-out; it is tried again."""

    kind: Literal["crashed"] = "crashed"
    reason: str


class Released(Message):
    """The worker shuts down and hands the task back; counts as no attempt."""

    kind: Literal["released"] = "released"


Result = Annotated[
    Succeeded | RetryLater | Refused | Crashed | Released, Field(discriminator="kind")
]


class Outcome(Message):
    """What became of a claim; applied once, under its fencing token."""

    id: UUID
    task: UUID
    run: UUID
    token: UUID
    result: Result
    usage: dict[str, float] = Field(
        default_factory=dict, description="Counted work by name, such as `tokens_embedded`."
    )
    finished_at: datetime | None = None

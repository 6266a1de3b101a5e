"""The internal API: how agents in processes of their own speak with core.

    POST /internal/v1/announce         `Announcement`  → 204
    POST /internal/v1/claims           `ClaimCall`     → `ClaimReply`
    POST /internal/v1/heartbeats       `Heartbeats`    → `HeartbeatReplies`
    POST /internal/v1/frames           `Frames`        → `FramesTaken`
    POST /internal/v1/slots/choose     `Wish`          → `Choice`
    POST /internal/v1/slots/acquire    `SlotWanted`    → lines of `SlotNews`, as they come
    POST /internal/v1/slots/renew      `SlotHeld`      → `SlotRenewal`
    POST /internal/v1/slots/leave      `SlotHeld`      → 204
    POST /internal/v1/slots/release    `SlotReturn`    → 204
    POST /internal/v1/answers/find     `AnswerWanted`  → `AnswerFound`
    POST /internal/v1/answers/keep     `AnswerToKeep`  → 204
    POST /internal/v1/joined           `JoinedWanted`  → `Joined`
    POST /internal/v1/files            bytes           → `FileStored`
    GET  /internal/v1/files/{sha256}                   → bytes

Every call shows the token of its agent, `Authorization: Bearer …`, and is good for that agent's
own tasks only: 403 for another's. Calls for files name the claim they are made for by the headers
`TASK_HEADER` and `TOKEN_HEADER`; the tenant is that of the task. A claim that is another's now is
409 `lease_lost`. Errors are problem documents (RFC 9457).
"""

from uuid import UUID

from pydantic import Field

from sutazai_contracts.answers import KEY, KeptAnswer
from sutazai_contracts.joining import MOST_SEEDS
from sutazai_contracts.slots import CallReport, Chosen, Slot, SlotRequest
from sutazai_contracts.tasks import AgentCard, Beat, BeatReply, Message

PREFIX = "/internal/v1"
TASK_HEADER = "x-sutazai-task"
TOKEN_HEADER = "x-sutazai-fencing-token"  # noqa: S105  (the header's name)

MAX_JSON_BYTES = 1024 * 1024
"""Bytes of a body that is JSON."""
MAX_BEATS = 256
"""Heartbeats in one call."""
MAX_FRAMES = 256
"""Live frames in one call."""


class Announcement(Message):
    """An agent process makes itself known."""

    card: AgentCard
    worker: str = Field(min_length=1, max_length=200)


class ClaimCall(Message):
    """An agent process has free slots."""

    agent: str = Field(max_length=64)
    worker: str = Field(min_length=1, max_length=200)
    slots: int = Field(ge=1, le=64)


class Heartbeats(Message):
    """The beats of all claims that a process holds."""

    beats: tuple[Beat, ...] = Field(max_length=MAX_BEATS)


class HeartbeatReplies(Message):
    """One reply per beat, in their order."""

    replies: tuple[BeatReply, ...]


class SpokenFrame(Message):
    """A piece of what the holder of a claim says; run, step and attempt are those of the claim."""

    task: UUID
    token: UUID
    revision: int = Field(default=0, ge=0)
    offset: int = Field(ge=0)
    text: str
    last: bool = Field(default=False, description="It says that the text is complete, no more.")


class Frames(Message):
    """Pieces of what the tasks of one process say, in the order they were said."""

    frames: tuple[SpokenFrame, ...] = Field(max_length=MAX_FRAMES)


class FramesTaken(Message):
    """The frames were taken, but for those of the claims on these tasks, which are lost."""

    lost: tuple[UUID, ...] = ()


class Choice(Message):
    """The model to ask; None: there is none."""

    chosen: Chosen | None


class SlotWanted(Message):
    """A claim's holder wants a slot; `call` names the call, and the slot when it has one.

    Of `request`, core takes tenant and run from the task and not from here.
    """

    call: UUID
    request: SlotRequest


class SlotRefusal(Message):
    """Why a call that waited gets no slot: a wire code, words, and when to come again."""

    code: str
    detail: str
    retry_after_s: float | None = None


class SlotNews(Message):
    """One line of the answer to a call that waits; one without anything shows that core is there.

    Places come as they change, then either the slot or the refusal, and nothing after it.
    """

    place: int | None = None
    slot: Slot | None = None
    refusal: SlotRefusal | None = None


class SlotHeld(Message):
    """A slot, or a call that waits for one."""

    slot: UUID


class SlotRenewal(Message):
    """Whether the slot is held for another lease; false: the call is to end."""

    held: bool


class SlotReturn(Message):
    """A slot is given back, with what its call cost."""

    slot: UUID
    report: CallReport


class AnswerWanted(Message):
    """The holder of a claim is about to ask a model: was exactly this asked before?"""

    task: UUID
    token: UUID
    key: str = Field(pattern=KEY)


class AnswerFound(Message):
    """What is kept; None: nothing."""

    answer: KeptAnswer | None


class AnswerToKeep(Message):
    """The holder of a claim was answered by a model, to the end."""

    task: UUID
    token: UUID
    key: str = Field(pattern=KEY)
    answer: KeptAnswer


class JoinedWanted(Message):
    """The holder of a claim asks which chunks are joined to some; the collection is the task's."""

    task: UUID
    token: UUID
    chunks: tuple[UUID, ...] = Field(max_length=MOST_SEEDS)


class FileStored(Message):
    """What was stored: its SHA-256 in lower-case hex, and its size in bytes."""

    sha256: str
    size: int

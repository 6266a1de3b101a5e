"""Live frames: the text an agent says while it works. Not durable: the record is its output."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from sutazai_contracts.tasks import Message


class LiveEvent(StrEnum):
    """Kinds of events in a run's stream that are not durable: they have no `id` there."""

    TEXT = "step.text"
    RESET = "step.reset"


class Frame(Message):
    """A piece of the text of one attempt; `offset` counts code points from that text's start.

    A higher `revision` of the same attempt begins its text anew: what lower ones said is void.
    """

    task: UUID
    run: UUID
    step: str
    attempt: int = Field(ge=1)
    revision: int = Field(default=0, ge=0, description="How often the attempt began anew.")
    offset: int = Field(ge=0)
    text: str
    last: bool = Field(default=False, description="Nothing of this attempt follows.")


class StepText(Message):
    """A piece of a step's text, as a watcher of its run gets it.

    Pieces of one attempt and revision follow one another by `offset`; where one begins past the
    end of the one before it, the text between was dropped.
    """

    task: UUID
    step: str
    attempt: int
    revision: int = 0
    offset: int
    text: str


class StepReset(Message):
    """What a step said is void: it is tried again, or its attempt revised its text.

    Text of this attempt and revision follows, from offset 0.
    """

    task: UUID
    step: str
    attempt: int
    revision: int = 0

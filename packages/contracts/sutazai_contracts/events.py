"""Durable events of a run, as they are stored and streamed."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sutazai_contracts.tasks import Message


class EventType(StrEnum):
    """Every kind of durable event there is."""

    RUN_STARTED = "run.started"
    STEP_READY = "step.ready"
    STEP_STARTED = "step.started"
    STEP_PROGRESS = "step.progress"
    STEP_SUCCEEDED = "step.succeeded"
    STEP_FAILED = "step.failed"
    RUN_SUCCEEDED = "run.succeeded"
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"

    @property
    def terminal(self) -> bool:
        """Tell whether nothing follows an event of this kind."""
        return self in (self.RUN_SUCCEEDED, self.RUN_FAILED, self.RUN_CANCELLED)


class Event(Message):
    """One durable event; `seq` counts from 1 within its run, without gaps."""

    run: UUID
    seq: int
    type: EventType
    at: datetime
    data: dict[str, Any] = {}

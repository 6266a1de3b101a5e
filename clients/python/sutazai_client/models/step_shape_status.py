from enum import StrEnum


class StepShapeStatus(StrEnum):
    CANCELLED = "cancelled"
    CLAIMED = "claimed"
    DEAD = "dead"
    FAILED = "failed"
    READY = "ready"
    SUCCEEDED = "succeeded"
    WAITING = "waiting"

    def __str__(self) -> str:
        return str(self.value)

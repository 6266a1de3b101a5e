from enum import StrEnum


class AgentShapeStatus(StrEnum):
    BUSY = "busy"
    DOWN = "down"
    IDLE = "idle"

    def __str__(self) -> str:
        return str(self.value)

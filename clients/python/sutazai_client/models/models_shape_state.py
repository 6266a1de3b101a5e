from enum import StrEnum


class ModelsShapeState(StrEnum):
    NO_MODEL = "no_model"
    NO_RUNTIME = "no_runtime"
    READY = "ready"

    def __str__(self) -> str:
        return str(self.value)

from enum import StrEnum


class MessageShapeKindType0(StrEnum):
    EXTRACT = "extract"
    GENERATED = "generated"

    def __str__(self) -> str:
        return str(self.value)

from enum import StrEnum


class RelationKind(StrEnum):
    CALLS = "calls"
    DEFINES = "defines"
    IMPORTS = "imports"
    IS_A = "is_a"
    LINKS_TO = "links_to"
    PART_OF = "part_of"
    TOGETHER = "together"

    def __str__(self) -> str:
        return str(self.value)

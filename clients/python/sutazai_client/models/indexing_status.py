from enum import StrEnum


class IndexingStatus(StrEnum):
    CANCELLED = "cancelled"
    FAILED = "failed"
    INDEXED = "indexed"
    INDEXING = "indexing"
    PENDING = "pending"

    def __str__(self) -> str:
        return str(self.value)

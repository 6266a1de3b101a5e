"""What core knows of collections, documents and hits."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sutazai_contracts.knowledge import DocumentRef, EmbeddingModel


class IndexingStatus(StrEnum):
    """Where the newest version of a document stands."""

    PENDING = "pending"
    INDEXING = "indexing"
    INDEXED = "indexed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents that is searched as one."""

    id: UUID
    name: str
    physical: UUID
    model: EmbeddingModel
    created_at: datetime
    documents: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A document with its newest version."""

    id: UUID
    name: str
    collection: str
    version: int
    version_id: UUID
    status: IndexingStatus
    size: int
    sha256: str
    run: UUID
    created_at: datetime
    indexed_at: datetime | None = None
    media_type: str | None = None
    title: str | None = None
    characters: int | None = None
    chunks: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """What an upload came to: the document, and whether a run was started to index it."""

    document: Document
    created: bool


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A chunk that was found; offsets are code points of the document's stored text.

    `by_graph`: by what joins it to others that were found, and not by the question.
    """

    chunk: UUID
    document: DocumentRef
    heading_path: tuple[str, ...]
    start: int
    end: int
    text: str
    score: float
    similarity: float
    by_graph: bool = False


@dataclass(frozen=True, slots=True)
class TextSlice:
    """A part of a document's stored text."""

    document: DocumentRef
    start: int
    end: int
    characters: int
    text: str

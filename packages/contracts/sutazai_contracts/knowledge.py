"""Knowledge as it travels: documents to index, chunks, grants, passages, citations, answers."""

from typing import Annotated, Literal
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from sutazai_contracts.graph import ChunkFacts

# Offsets are in Unicode code points of the stored text, end exclusive: the same that
# `GET …/documents/{id}/text?start=&end=` takes.
Offset = Annotated[int, Field(ge=0)]

BY_GRAPH = "Whether it was found by what joins it to others, and not by the question."


class Frozen(BaseModel):
    """A value: unknown fields are refused, fields do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EmbeddingModel(Frozen):
    """Which model made a vector; a collection keeps it and refuses another."""

    name: str
    revision: str
    dimension: int
    max_tokens: int = Field(description="Longest input in tokens, the two special ones included.")


class DocumentSource(Frozen):
    """What the librarian indexes: one version of one document, its bytes by content address."""

    document: UUID
    version: UUID
    number: int = Field(ge=1, description="1 for the first version of a document.")
    name: str
    sha256: str
    size: int


class Chunk(Frozen):
    """One line of a version's JSONL: a piece of the stored text that is embedded as one."""

    id: UUID
    version: UUID
    number: int = Field(ge=0)
    start: Offset
    end: Offset
    heading_path: tuple[str, ...] = ()
    text: str
    facts: ChunkFacts = ChunkFacts()


def chunk_id(version: UUID, number: int) -> UUID:
    """Name a chunk: UUIDv5 (RFC 9562) of its version and number, the same in every attempt."""
    return uuid5(version, str(number))


class IndexedDocument(Frozen):
    """What the librarian hands back: where the text and the chunks lie, and how many there are."""

    document: UUID
    version: UUID
    media_type: str
    title: str | None = None
    text_sha256: str
    characters: int
    chunks_sha256: str
    chunks: int
    physicals: tuple[UUID, ...] = Field(
        default=(),
        description="Where its points were written, by the vector store's names; empty: not told, "
        "so only where the collection is now.",
    )


class RebuildSource(Frozen):
    """What is to be embedded anew: a file that lists it, and how much that is."""

    manifest: str = Field(description="SHA-256 of a JSONL file of `RebuildVersion`.")
    versions: int
    chunks: int


class RebuildVersion(Frozen):
    """One line of a rebuild's list: a document version, and where its chunks lie."""

    document: UUID
    version: UUID
    name: str
    chunks_sha256: str
    chunks: int


class RebuiltCollection(Frozen):
    """What the librarian hands back of a rebuild; then the collection is switched over."""

    physical: UUID
    versions: int
    chunks: int
    missing: tuple[UUID, ...] = Field(
        default=(), description="Versions whose chunks are not in the file store any more."
    )


class RebuildTarget(Frozen):
    """A collection on its way: where its points go, and the model that makes them."""

    physical: UUID
    model: EmbeddingModel


class CollectionGrant(Frozen):
    """What a claim may touch: one collection, under the name the vector store knows it by."""

    collection: UUID
    physical: UUID
    access: Literal["read", "write"]
    model: EmbeddingModel
    hidden_versions: tuple[UUID, ...] = Field(
        default=(),
        description="Versions with points that are not to be found: unfinished or replaced.",
    )
    access_token: str | None = Field(
        default=None,
        repr=False,
        description="Opens this collection, what it is rebuilt into, and no other, in a vector "
        "store that asks for a key.",
    )
    rebuild: RebuildTarget | None = Field(
        default=None,
        description="Where what is written goes as well: the collection is being rebuilt.",
    )


class DocumentRef(Frozen):
    """A document as a person knows it."""

    id: UUID
    name: str


class Passage(Frozen):
    """A piece of a document that was found for a question."""

    chunk: UUID
    document: DocumentRef
    heading_path: tuple[str, ...] = ()
    start: Offset
    end: Offset
    text: str
    score: float = Field(description="The fused score: orders hits of one search, no more.")
    similarity: float = Field(description="Cosine of question and passage, -1..1.")
    by_graph: bool = Field(default=False, description=BY_GRAPH)


class Passages(Frozen):
    """What the researcher hands over: the question and what was found for it, best first."""

    question: str
    standalone: str = Field(
        default="",
        description="The question with what it left unsaid; empty: it leaned on nothing.",
    )
    passages: tuple[Passage, ...] = ()
    searched: int = Field(default=0, description="How many chunks the collection holds.")
    without_graph: str = Field(
        default="",
        description="Why nothing was found by the graph, which was to be asked; empty: it was "
        "asked, or was not to be.",
    )


class Citation(Frozen):
    """Where a numbered claim of an answer comes from; `quote` is the text at `start:end`."""

    n: int = Field(ge=1)
    document: DocumentRef
    heading_path: tuple[str, ...] = ()
    start: Offset
    end: Offset
    quote: str
    by_graph: bool = Field(default=False, description=BY_GRAPH)


class Answer(Frozen):
    """An answer as a run keeps it."""

    answer: str
    kind: Literal["extract", "generated"]
    grounded: bool
    confidence: int = Field(ge=1, le=10)
    citations: tuple[Citation, ...] = ()

"""The vector store: chunks found by meaning and by words, fused in the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Point:
    """A chunk with its vector (shape `(dimension,)`, unit length) and its text for BM25."""

    id: UUID
    version: UUID
    vector: Vector
    text: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Query:
    """A question to a collection: its vector, its words, and versions not to be found.

    Where points are named in `only`, no others are found.
    """

    vector: Vector
    text: str
    limit: int
    hidden_versions: tuple[UUID, ...] = ()
    only: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A chunk that was found; `score` is fused, `similarity` the cosine with the question."""

    id: UUID
    version: UUID
    score: float
    similarity: float
    text: str
    payload: Mapping[str, Any]


class Vectors(Protocol):
    """Keep the points of collections, each named by an opaque UUID.

    A write that returned survives a crash of the process. Raises `VectorsUnavailable` where the
    store does not answer, `NotFound` for a collection that was never created or was dropped,
    `InvalidInput` for a vector of the wrong dimension.
    """

    async def create(self, collection: UUID, dimension: int) -> None:
        """Create a collection; one that exists with this dimension is left as it is."""

    async def drop(self, collection: UUID) -> None:
        """Remove a collection with all its points; one that is not there is no error."""

    async def upsert(self, collection: UUID, points: Sequence[Point]) -> None:
        """Write points; a point whose id is there is replaced."""

    async def delete_version(self, collection: UUID, version: UUID) -> None:
        """Remove all points of a document version; none is no error."""

    async def search(self, collection: UUID, query: Query) -> list[Hit]:
        """Find the best `limit` points by meaning and words together, best first."""

    async def count(self, collection: UUID, version: UUID | None = None) -> int:
        """Count points exactly, of one version or of all."""

    async def ids(self, collection: UUID) -> set[UUID]:
        """List the ids of all points."""

    async def aclose(self) -> None:
        """Flush and close what is open."""

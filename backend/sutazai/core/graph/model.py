"""What core knows of entities and of what joins them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sutazai_contracts.graph import EntityKind, RelationKind
from sutazai_contracts.knowledge import DocumentRef


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a graph is looked at: one collection of one tenant."""

    tenant: UUID
    collection: UUID


@dataclass(frozen=True, slots=True)
class Entity:
    """What documents of a collection name, and in how many chunks they do.

    Of the names that documents have for it, `name` is the first by code points.
    """

    id: UUID
    kind: EntityKind
    key: str
    name: str
    chunks: int


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """Two entities that belong together, and how many chunks say so.

    A link of the kind `together` has no direction: its subject is the lesser id.
    """

    subject: UUID
    kind: RelationKind
    object: UUID
    weight: int

    def other(self, end: UUID) -> UUID:
        """Give the end that is not this one."""
        return self.object if end == self.subject else self.subject


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A chunk that names an entity."""

    chunk: UUID
    entity: UUID


@dataclass(frozen=True, slots=True)
class Source:
    """What a link was read from: the span of a document's stored text, in code points."""

    document: DocumentRef
    heading_path: Sequence[str]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Subgraph:
    """Entities, and the links between them; strongest links first.

    `cut` says that there were more than it may hold.
    """

    entities: Sequence[Entity] = ()
    links: Sequence[Link] = ()
    cut: bool = False


@dataclass(frozen=True, slots=True)
class GraphPath:
    """A shortest way between two entities: those on it in order, and what joins each to the next.

    It has no entities where there is none as short as was asked for.
    """

    entities: Sequence[Entity] = ()
    links: Sequence[Link] = ()


@dataclass(frozen=True, slots=True)
class ProjectionState:
    """How far a collection is projected into another store than its facts are in.

    whole: all of it is, and that is what is asked.
    versions: of how many documents' versions the facts are there.
    of: of how many they are to be.
    """

    whole: bool
    versions: int
    of: int


@dataclass(frozen=True, slots=True)
class Community:
    """Entities that are joined more with each other than with the rest, the best joined first."""

    entities: Sequence[Entity]
    size: int

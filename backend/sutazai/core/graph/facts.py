"""The facts of a document version as rows: in PostgreSQL, and in what is projected from there."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID, uuid5

from sutazai.core.graph.model import Scope
from sutazai_contracts.graph import EntityKind, RelationKind, entity_id
from sutazai_contracts.knowledge import Chunk


@dataclass(frozen=True, slots=True)
class NamedEntity:
    """What one version of a document calls an entity, and how many of its chunks name it."""

    id: UUID
    entity: UUID
    kind: EntityKind
    key: str
    name: str
    chunks: int


@dataclass(frozen=True, slots=True)
class NamedAt:
    """Where a chunk names an entity first, in code points of the stored text."""

    id: UUID
    chunk: UUID
    entity: UUID
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SaidAt:
    """What a chunk says of two entities, and where."""

    id: UUID
    chunk: UUID
    subject: UUID
    kind: RelationKind
    object: UUID
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """All that one version of a document says."""

    scope: Scope
    version: UUID
    entities: Sequence[NamedEntity] = ()
    mentions: Sequence[NamedAt] = ()
    relations: Sequence[SaidAt] = ()


def facts_of(scope: Scope, version: UUID, chunks: Sequence[Chunk]) -> VersionFacts:
    """Make the rows of a version's facts; ids are made of what they are about, each row once."""
    collection = scope.collection
    return VersionFacts(
        scope,
        version,
        list(_entities(collection, version, chunks)),
        _once(row for chunk in chunks for row in _mentions(collection, chunk)),
        _once(row for chunk in chunks for row in _relations(collection, chunk)),
    )


_Row = TypeVar("_Row", NamedAt, SaidAt)


def _once(rows: Iterator[_Row]) -> list[_Row]:
    """Keep the first row of each id."""
    found: dict[UUID, _Row] = {}
    for row in rows:
        found.setdefault(row.id, row)
    return list(found.values())


def _entities(collection: UUID, version: UUID, chunks: Sequence[Chunk]) -> Iterator[NamedEntity]:
    """Give each entity once, by the first of its names."""
    mentions = [mention for chunk in chunks for mention in chunk.facts.mentions]
    counted = Counter((mention.kind, mention.key) for mention in mentions)
    first = {(mention.kind, mention.key): mention.name for mention in reversed(mentions)}
    for (kind, key), count in counted.items():
        entity = entity_id(collection, kind, key)
        yield NamedEntity(uuid5(version, str(entity)), entity, kind, key, first[kind, key], count)


def _mentions(collection: UUID, chunk: Chunk) -> Iterator[NamedAt]:
    for mention in chunk.facts.mentions:
        entity = entity_id(collection, mention.kind, mention.key)
        row = uuid5(chunk.id, f"mention:{entity}")
        yield NamedAt(row, chunk.id, entity, mention.start, mention.end)


def _relations(collection: UUID, chunk: Chunk) -> Iterator[SaidAt]:
    ids = [entity_id(collection, one.kind, one.key) for one in chunk.facts.mentions]
    for relation in chunk.facts.relations:
        subject, what = ids[relation.subject], ids[relation.object]
        if relation.kind is RelationKind.TOGETHER:
            # It has no direction; so written, that of two documents is one.
            subject, what = sorted((subject, what))
        row = uuid5(chunk.id, f"{subject}:{relation.kind.value}:{what}")
        yield SaidAt(row, chunk.id, subject, relation.kind, what, relation.start, relation.end)

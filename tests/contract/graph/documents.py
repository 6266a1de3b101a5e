"""Documents with facts for tests of the graph: in few words, and with what must come of them."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID, uuid4

from sutazai.core.graph.facts import VersionFacts, facts_of
from sutazai.core.graph.model import Entity, Link, Place, Scope
from sutazai_contracts.graph import (
    ChunkFacts,
    EntityKind,
    Mention,
    Relation,
    RelationKind,
    entity_id,
    folded,
)
from sutazai_contracts.knowledge import Chunk, chunk_id

Said = tuple[str, RelationKind, str]
TOGETHER, IS_A = RelationKind.TOGETHER, RelationKind.IS_A


@dataclass(frozen=True)
class Document:
    """One version of a document: its chunks, and their facts."""

    scope: Scope
    version: UUID
    chunks: tuple[Chunk, ...]

    @property
    def facts(self) -> VersionFacts:
        """Give its facts as rows."""
        return facts_of(self.scope, self.version, self.chunks)


def new_scope(tenant: UUID | None = None) -> Scope:
    """Make up a collection, of a new tenant where none is given."""
    return Scope(tenant or uuid4(), uuid4())


def name_id(scope: Scope, name: str) -> UUID:
    """Give the id of a name."""
    return entity_id(scope.collection, EntityKind.NAME, folded(name))


def document(scope: Scope, *chunks: Sequence[Said | str]) -> Document:
    """Make a document of chunks: what each says, or a name that it only mentions."""
    version = uuid4()
    made = tuple(_chunk(version, number, said) for number, said in enumerate(chunks))
    return Document(scope, version, made)


def _chunk(version: UUID, number: int, said: Sequence[Said | str]) -> Chunk:
    names = [one for item in said for one in ([item] if isinstance(item, str) else item[::2])]
    named: dict[str, str] = {}
    for name in names:
        named.setdefault(folded(str(name)), str(name))
    keys = list(named)
    mentions = tuple(
        Mention(kind=EntityKind.NAME, key=key, name=named[key], start=number, end=number + 1)
        for key in keys
    )
    relations = tuple(
        Relation(
            subject=keys.index(folded(item[0])),
            kind=item[1],
            object=keys.index(folded(item[2])),
            start=number,
            end=number + 1,
        )
        for item in said
        if not isinstance(item, str)
    )
    return Chunk(
        id=chunk_id(version, number),
        version=version,
        number=number,
        start=number,
        end=number + 1,
        text="x",
        facts=ChunkFacts(mentions=mentions, relations=relations),
    )


def made_up(scope: Scope, seed: int, documents: int = 12) -> list[Document]:
    """Make up documents about 40 names, some of which are named much more than others."""
    chance = random.Random(seed)
    names = [f"Name {number}" for number in range(40)]
    made = []
    for _ in range(documents):
        chunks = []
        for _ in range(chance.randint(1, 6)):
            several = [names[int(40 * chance.random() ** 2)] for _ in range(6)]
            few = list(dict.fromkeys(several))
            pairs = pairwise(few)
            said: list[Said | str] = [
                (one, chance.choice((TOGETHER, IS_A)), other) for one, other in pairs
            ]
            chunks.append([*said, few[0]])
        made.append(document(scope, *chunks))
    return made


@dataclass(frozen=True)
class Expected:
    """What a graph of some documents must be, counted plainly."""

    documents: Sequence[Document]

    @property
    def entities(self) -> list[Entity]:
        """Give all entities, by id."""
        counted = Counter(place.entity for place in self.places)
        rows = sorted(
            (row for one in self.documents for row in one.facts.entities),
            key=lambda row: (row.entity, row.name),
        )
        first = {row.entity: row for row in reversed(rows)}
        return [
            Entity(id, row.kind, row.key, row.name, counted[id])
            for id, row in sorted(first.items())
        ]

    @property
    def places(self) -> list[Place]:
        """Give which chunk names what."""
        return sorted(
            Place(row.chunk, row.entity) for one in self.documents for row in one.facts.mentions
        )

    def links(
        self, *, ends: Sequence[UUID] | None = None, chunks: Sequence[UUID] | None = None
    ) -> list[Link]:
        """Give links, the strongest first: all, of some ends, or of some chunks."""
        counted = Counter(
            (row.subject, row.kind, row.object)
            for one in self.documents
            for row in one.facts.relations
            if (chunks is None or row.chunk in chunks)
            and (ends is None or row.subject in ends or row.object in ends)
        )
        found = [Link(*link, weight) for link, weight in counted.items()]
        return sorted(found, key=lambda link: (-link.weight, link))

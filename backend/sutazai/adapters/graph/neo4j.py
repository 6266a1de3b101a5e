"""The graph as Neo4j has it: a projection of the facts, read by Cypher."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sutazai.adapters.graph import cypher
from sutazai.adapters.graph.neo4j_client import Neo4jLink
from sutazai.core.graph.model import Entity, Link, Place, Scope
from sutazai_contracts.graph import EntityKind, RelationKind


@dataclass(frozen=True, slots=True)
class Neo4jGraph:
    """The graph as a Neo4j server has it now, whether that is all of the facts or not."""

    link: Neo4jLink

    async def entities(self, scope: Scope, wanted: Sequence[UUID]) -> list[Entity]:
        """Read entities, by ascending id."""
        rows = await self._ask(scope, cypher.ENTITIES, wanted=texts(dict.fromkeys(wanted)))
        return [_entity(row) for row in rows]

    async def find(self, scope: Scope, starts: Sequence[str], limit: int) -> list[Entity]:
        """Find entities whose key begins with one of these."""
        rows = await self._ask(scope, cypher.FIND, starts=list(dict.fromkeys(starts)), limit=limit)
        return [_entity(row) for row in rows]

    async def links(self, scope: Scope, ends: Sequence[UUID], limit: int) -> list[Link]:
        """Give the links of some entities, each once: the strongest first, then by their order."""
        return _links(await self._ask(scope, cypher.LINKS, ends=texts(ends), limit=limit))

    async def all_links(self, scope: Scope, limit: int) -> list[Link]:
        """Give the links of a collection: the strongest first, then by their order."""
        return _links(await self._ask(scope, cypher.ALL_LINKS, limit=limit))

    async def links_said(self, scope: Scope, chunks: Sequence[UUID], limit: int) -> list[Link]:
        """Give the links that these chunks say, weighed by them alone: the strongest first."""
        return _links(await self._ask(scope, cypher.LINKS_SAID, chunks=texts(chunks), limit=limit))

    async def named(self, scope: Scope, chunks: Sequence[UUID]) -> list[Place]:
        """Tell which entities these chunks name, by chunk, then entity."""
        given = texts(dict.fromkeys(chunks))
        return _places(await self._ask(scope, cypher.NAMED, chunks=given))

    async def naming(self, scope: Scope, wanted: Sequence[UUID], limit: int) -> list[Place]:
        """Tell which chunks name these entities, by entity, then chunk."""
        given = texts(dict.fromkeys(wanted))
        return _places(await self._ask(scope, cypher.NAMING, wanted=given, limit=limit))

    async def _ask(self, scope: Scope, statement: str, **given: Any) -> list[list[Any]]:
        """Ask one of the statements that answer with one list, and give what it holds."""
        [answer] = await self.link.ask(statement, **given, **within(scope))
        return list(answer["rows"])


def within(scope: Scope) -> dict[str, Any]:
    """Give the parameters that every statement has: the tenant and the collection."""
    return {"tenant": scope.tenant.hex, "collection": scope.collection.hex}


def texts(ids: Iterable[UUID]) -> list[str]:
    """Give ids as Neo4j keeps them."""
    return [one.hex for one in ids]


def _entity(row: Sequence[Any]) -> Entity:
    id, kind, key, names, chunks = row
    return Entity(UUID(id), EntityKind(kind), key, min(names), chunks)


def _links(rows: Iterable[Sequence[Any]]) -> list[Link]:
    ids = _Ids()
    return [
        Link(ids[subject], _KINDS[kind], ids[object], weight)
        for subject, kind, object, weight in rows
    ]


def _places(rows: Iterable[Sequence[Any]]) -> list[Place]:
    ids = _Ids()
    return [Place(ids[chunk], ids[entity]) for chunk, entity in rows]


_KINDS = {kind.value: kind for kind in RelationKind}


class _Ids(dict[str, UUID]):
    """Ids by how Neo4j has them, each made once: of thousands of links many share an end."""

    def __missing__(self, text: str) -> UUID:
        made = self[text] = UUID(text)
        return made

"""PostgreSQL with facts, a Neo4j that they are projected into, and who is asked of the two."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

from sutazai.adapters.graph.neo4j import Neo4jGraph
from sutazai.adapters.graph.neo4j_client import open_neo4j
from sutazai.adapters.graph.neo4j_writing import Neo4jProjection
from sutazai.adapters.graph.sql import SqlGraph
from sutazai.core.graph.model import Entity, Link, Place, Scope
from sutazai.core.graph.projected import ProjectedGraph
from sutazai.core.graph.projector import Projector
from sutazai.records.fact_reading import SqlFacts
from tests.support.database import TestDatabase
from tests.support.neo4j import PASSWORD, USER


@dataclass
class Twins:
    """Both graphs of the same facts; `asked` tells of each question whether Neo4j answered it."""

    database: TestDatabase
    neo4j: Neo4jGraph
    sql: SqlGraph = field(init=False)
    asked: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sql = SqlGraph(self.database.open)
        self.projector = self.another_projector()
        self.graph = ProjectedGraph(self.sql, self.neo4j, self.projector, self.asked.append)

    def another_projector(self) -> Projector:
        """Give a projector that knows nothing of the first."""
        return Projector(SqlFacts(self.database.open), Neo4jProjection(self.neo4j.link))

    def delete_document(self, version: UUID) -> None:
        """Remove a document as the product does, by its row."""
        with psycopg.connect(self.database.admin) as connection:
            connection.execute("DELETE FROM sutazai.documents WHERE id = %s", [version])


@asynccontextmanager
async def twins(
    database: TestDatabase, url: str, *, timeout_s: float = 20.0
) -> AsyncIterator[Twins]:
    """Open both, the projection empty."""
    async with open_neo4j(url, USER, PASSWORD, timeout_s=timeout_s) as link:
        projection = Neo4jProjection(link)
        for scope in await projection.held():
            await projection.forget(scope)
        yield Twins(database, Neo4jGraph(link))


@dataclass(frozen=True)
class EachStep:
    """A graph each step of which is a question of its own."""

    asked: ProjectedGraph

    async def entities(self, scope: Scope, wanted: Sequence[UUID]) -> list[Entity]:
        return await self.asked.ask(scope, lambda graph: graph.entities(scope, wanted))

    async def find(self, scope: Scope, starts: Sequence[str], limit: int) -> list[Entity]:
        return await self.asked.ask(scope, lambda graph: graph.find(scope, starts, limit))

    async def links(self, scope: Scope, ends: Sequence[UUID], limit: int) -> list[Link]:
        return await self.asked.ask(scope, lambda graph: graph.links(scope, ends, limit))

    async def all_links(self, scope: Scope, limit: int) -> list[Link]:
        return await self.asked.ask(scope, lambda graph: graph.all_links(scope, limit))

    async def links_said(self, scope: Scope, chunks: Sequence[UUID], limit: int) -> list[Link]:
        return await self.asked.ask(scope, lambda graph: graph.links_said(scope, chunks, limit))

    async def named(self, scope: Scope, chunks: Sequence[UUID]) -> list[Place]:
        return await self.asked.ask(scope, lambda graph: graph.named(scope, chunks))

    async def naming(self, scope: Scope, wanted: Sequence[UUID], limit: int) -> list[Place]:
        return await self.asked.ask(scope, lambda graph: graph.naming(scope, wanted, limit))

"""What Neo4j is told of the facts: versions of documents, whole or not at all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from neo4j import AsyncManagedTransaction, Record

from sutazai.adapters.graph import cypher
from sutazai.adapters.graph.neo4j import texts, within
from sutazai.adapters.graph.neo4j_client import Neo4jLink
from sutazai.core.graph.facts import VersionFacts
from sutazai.core.graph.model import Scope
from sutazai.core.graph.standing import Held, Standing

# Nodes that one transaction removes where a whole collection goes.
_CLEARED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Neo4jProjection:
    """The projection in a Neo4j server.

    Every change holds the node of its collection, so that projectors of several processes follow
    one another, and leaves it unsettled: what it stands for is then written from what is there.
    """

    link: Neo4jLink

    async def prepare(self) -> None:
        """Make constraints and indexes where they are not there, and wait until they are."""
        await self.link.prepare(*cypher.SCHEMA, "CALL db.awaitIndexes()")

    async def held(self) -> dict[Scope, Held]:
        """Tell of every collection what is projected of it."""
        rows = await self.link.ask(cypher.HELD)
        return {Scope(UUID(row["tenant"]), UUID(row["collection"])): _held(row) for row in rows}

    async def held_of(self, scope: Scope) -> Held | None:
        """Tell what is projected of a collection; None: nothing."""
        rows = await self.link.ask(cypher.HELD_OF, **within(scope))
        return _held(rows[0]) if rows else None

    async def versions(self, scope: Scope) -> set[UUID]:
        """Tell which versions of a collection are projected."""
        rows = await self.link.ask(cypher.VERSIONS, **within(scope))
        return {UUID(row["version"]) for row in rows}

    async def add(self, scope: Scope, facts: Sequence[VersionFacts]) -> None:
        """Project versions of a collection; what is there already is left as it is."""

        async def work(transaction: AsyncManagedTransaction) -> None:
            given = within(scope)
            await _run(transaction, cypher.HOLD, given)
            asked = given | {"versions": texts(one.version for one in facts)}
            known = {row["version"] for row in await _run(transaction, cypher.KNOWN, asked)}
            rows = _rows([one for one in facts if str(one.version) not in known])
            for statement in cypher.ADD:
                await _run(transaction, statement, given | rows)

        await self.link.write(work)

    async def remove(self, scope: Scope, versions: Collection[UUID]) -> None:
        """Forget versions of a collection, and the entities that nothing names any more."""

        async def work(transaction: AsyncManagedTransaction) -> None:
            given = within(scope)
            await _run(transaction, cypher.HOLD, given)
            for statement in cypher.REMOVE:
                await _run(transaction, statement, given | {"versions": texts(versions)})

        await self.link.write(work)

    async def settle(self, scope: Scope) -> None:
        """Write down what a collection stands for, from the versions that are there."""

        async def work(transaction: AsyncManagedTransaction) -> None:
            given = within(scope)
            await _run(transaction, cypher.HOLD, given)
            rows = await _run(transaction, cypher.VERSIONS, given)
            standing = Standing.of(UUID(row["version"]) for row in rows)
            counted = {"count": standing.versions, "digest": standing.digest}
            await _run(transaction, cypher.SETTLE, given | counted)

        await self.link.write(work)

    async def distrust(self, scope: Scope) -> None:
        """Say that what is projected of a collection is not to be believed, but made anew."""

        async def work(transaction: AsyncManagedTransaction) -> None:
            for statement in (cypher.HOLD, cypher.DISTRUST):
                await _run(transaction, statement, within(scope))

        await self.link.write(work)

    async def forget(self, scope: Scope) -> None:
        """Remove all that is of a collection, whatever it is; what it stands for goes last."""

        async def hold(transaction: AsyncManagedTransaction) -> None:
            await _run(transaction, cypher.HOLD, within(scope))

        async def drop(transaction: AsyncManagedTransaction) -> None:
            await _run(transaction, cypher.DROP, within(scope))

        await self.link.write(hold)
        for statement in cypher.CLEAR:
            while await self._cleared(scope, statement):
                pass
        await self.link.write(drop)

    async def _cleared(self, scope: Scope, statement: str) -> int:
        async def work(transaction: AsyncManagedTransaction) -> int:
            given = within(scope) | {"most": _CLEARED_AT_ONCE}
            [row] = await _run(transaction, statement, given)
            return int(row["gone"])

        return await self.link.write(work)


async def _run(
    transaction: AsyncManagedTransaction, statement: str, given: Mapping[str, Any]
) -> list[Record]:
    result = await transaction.run(statement, dict(given))
    return [record async for record in result]


def _held(row: Record) -> Held:
    settled = row["digest"] is not None
    standing = Standing(row["versions"], row["digest"]) if settled else None
    return Held(standing, row["changes"], row["distrusted"])


def _rows(facts: Sequence[VersionFacts]) -> dict[str, Any]:
    """Give the rows of some versions, those of all of them in one list each."""
    return {
        "versions": texts(one.version for one in facts),
        "entities": [
            {
                "version": str(one.version),
                "entity": str(row.entity),
                "kind": row.kind.value,
                "key": row.key,
                "name": row.name,
            }
            for one in facts
            for row in one.entities
        ],
        "chunks": [
            {"id": chunk, "version": str(one.version)}
            for one in facts
            for chunk in dict.fromkeys(str(row.chunk) for row in one.mentions)
        ],
        "mentions": [
            {
                "chunk": str(row.chunk),
                "entity": str(row.entity),
                "start": row.start,
                "end": row.end,
            }
            for one in facts
            for row in one.mentions
        ],
        "relations": [
            {
                "chunk": str(row.chunk),
                "version": str(one.version),
                "subject": str(row.subject),
                "kind": row.kind.value,
                "object": str(row.object),
                "start": row.start,
                "end": row.end,
            }
            for one in facts
            for row in one.relations
        ],
    }

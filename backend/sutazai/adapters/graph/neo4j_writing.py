"""What Neo4j is told of the facts: versions of documents, whole or not at all."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
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

# Nodes, or what joins them, that one transaction removes where a whole collection goes.
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
        while not await self.link.write(self._laid_out):
            pass

    @staticmethod
    async def _laid_out(transaction: AsyncManagedTransaction) -> bool:
        """Throw away some of what another layout left; tells whether there is none of it."""
        [row] = await _run(transaction, cypher.LAID_OUT, {"layout": cypher.LAYOUT})
        if row["so"]:
            return True
        for statement in cypher.THROW_AWAY:
            [row] = await _run(transaction, statement, {"most": _CLEARED_AT_ONCE})
            if row["gone"]:
                return False
        await _run(transaction, cypher.LAY_OUT, {"layout": cypher.LAYOUT})
        return True

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
            rows = _rows([one for one in facts if one.version.hex not in known])
            for taken, statement in cypher.ADD:
                await _run(transaction, statement, given | {taken: rows[taken]})

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
        "entities": _entity_rows(facts),
        "names": [
            {"version": one.version.hex, "entity": row.entity.hex, "name": row.name}
            for one in facts
            for row in one.entities
        ],
        "chunks": [
            {"id": chunk.hex, "ordinal": _ordinal(chunk), "version": one.version.hex}
            for one in facts
            for chunk in _chunks(one)
        ],
        "mentions": [
            {"chunk": row.chunk.hex, "entity": row.entity.hex}
            for one in facts
            for row in one.mentions
        ],
        "relations": [
            {
                "chunk": row.chunk.hex,
                "subject": row.subject.hex,
                "kind": row.kind.value,
                "object": row.object.hex,
            }
            for one in facts
            for row in one.relations
        ],
        "links": _link_rows(facts),
    }


def _chunks(facts: VersionFacts) -> Iterable[UUID]:
    said = (row.chunk for row in facts.relations)
    return dict.fromkeys([*(row.chunk for row in facts.mentions), *said])


def _ordinal(id: UUID) -> int:
    """Give the first half of an id as an integer of 64 bits with a sign, which sorts as it does."""
    return (id.int >> 64) - 2**63


def _entity_rows(facts: Sequence[VersionFacts]) -> list[dict[str, Any]]:
    """Give each entity once, with all that these versions call it."""
    rows: dict[UUID, dict[str, Any]] = {}
    for one in facts:
        for row in one.entities:
            fresh = {
                "entity": row.entity.hex,
                "ordinal": _ordinal(row.entity),
                "kind": row.kind.value,
                "key": row.key,
                "names": [],
            }
            names = rows.setdefault(row.entity, fresh)["names"]
            if row.name not in names:
                names.append(row.name)
    return list(rows.values())


def _link_rows(facts: Sequence[VersionFacts]) -> list[dict[str, Any]]:
    """Give each link once, with how many chunks of these versions say it."""
    said = ((row.subject, row.kind, row.object) for one in facts for row in one.relations)
    return [
        {"subject": subject.hex, "kind": kind.value, "object": object.hex, "chunks": chunks}
        for (subject, kind, object), chunks in Counter(said).items()
    ]

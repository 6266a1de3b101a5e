"""Rebuilds as a tenant begins them: a collection is held, listed, and written down with its run."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from sutazai.core.knowledge import model as knowledge
from sutazai.core.knowledge.ports import RebuildUnderWay
from sutazai.core.runs.ports import Submission
from sutazai.records.database import Database, driver_connection
from sutazai.records.documents import no_collection, read_collection
from sutazai.records.runs import submit_on
from sutazai.records.tables import collections, documents, rebuilds, versions
from sutazai_contracts.knowledge import EmbeddingModel, RebuildVersion


@dataclass(frozen=True, slots=True)
class SqlRebuilding:
    """A collection under its lock, about to be rebuilt."""

    connection: AsyncConnection
    tenant: UUID
    collection: knowledge.Collection
    under_way: RebuildUnderWay | None

    async def versions(self) -> Sequence[RebuildVersion]:
        """List what is found now, by the documents' names."""
        statement = (
            select(
                documents.c.id.label("document"),
                versions.c.id.label("version"),
                documents.c.name,
                versions.c.chunks_sha256,
                versions.c.chunk_count.label("chunks"),
            )
            .join(versions, versions.c.document_id == documents.c.id)
            .where(documents.c.collection_id == self.collection.id, versions.c.state == "indexed")
            .order_by(documents.c.name)
        )
        rows = (await self.connection.execute(statement)).mappings()
        return [RebuildVersion.model_validate(dict(row)) for row in rows]

    async def start(
        self,
        physical: UUID,
        model: EmbeddingModel,
        manifest: str,
        listed: Collection[UUID],
        submission: Submission,
    ) -> None:
        """Write the rebuild and its run."""
        await self.connection.execute(
            insert(rebuilds).values(
                id=submission.run.id,
                collection_id=self.collection.id,
                tenant_id=self.tenant,
                physical=physical,
                model=model.model_dump(mode="json"),
                manifest=manifest,
                versions=list(listed),
            )
        )
        raw = await self.connection.get_raw_connection()
        try:
            await submit_on(driver_connection(raw), submission)
        except asyncio.CancelledError:
            # SQLAlchemy does not know of this call: it would roll back into the middle of it.
            await self.connection.invalidate()
            raise


@asynccontextmanager
async def open_rebuilding(
    database: Database, tenant: UUID, name: str
) -> AsyncIterator[SqlRebuilding]:
    """Hold a collection, so that no version of it is published; commit on leaving.

    Raises:
        NotFound: this tenant has no such collection.
    """
    # Runs may begin on it and documents come meanwhile: they refer to its key alone.
    held = select(collections).where(collections.c.name == name)
    async with database.tenant(tenant) as connection:
        row = (
            await connection.execute(held.with_for_update(key_share=True))
        ).one_or_none() or no_collection(name)
        under_way = select(rebuilds).where(rebuilds.c.collection_id == row.id)
        found = (await connection.execute(under_way)).one_or_none()
        yield SqlRebuilding(connection, tenant, read_collection(row._mapping), _under_way(found))


def _under_way(row: Row[Any] | None) -> RebuildUnderWay | None:
    if row is None:
        return None
    return RebuildUnderWay(row.id, EmbeddingModel.model_validate(row.model))

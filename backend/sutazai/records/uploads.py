"""One upload's transaction: the document's row locked, a version and its run written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from sutazai.core.knowledge.model import Collection, Document, IndexingStatus
from sutazai.core.runs.ports import Submission
from sutazai.records.database import Database, driver_connection
from sutazai.records.documents import (
    newest_versions,
    no_collection,
    read_collection,
    read_document,
)
from sutazai.records.leftovers import files_lock
from sutazai.records.runs import submit_on
from sutazai.records.tables import collections, documents, rebuilds, versions
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.knowledge import DocumentSource, EmbeddingModel


@dataclass(frozen=True, slots=True)
class SqlUpload:
    """An upload under the lock of its document."""

    connection: AsyncConnection
    tenant: UUID
    collection: Collection
    model: EmbeddingModel
    document: UUID
    created_at: datetime
    newest: Document | None

    async def add(self, source: DocumentSource, submission: Submission) -> Document:
        """Write a version and the run that indexes it."""
        run = submission.run.id
        await self.connection.execute(
            insert(versions).values(
                id=source.version,
                tenant_id=self.tenant,
                collection_id=self.collection.id,
                document_id=source.document,
                number=source.number,
                sha256=source.sha256,
                size=source.size,
                run_id=run,
            )
        )
        raw = await self.connection.get_raw_connection()
        try:
            await submit_on(driver_connection(raw), submission)
        except asyncio.CancelledError:
            # SQLAlchemy does not know of this call: it would roll back into the middle of it.
            await self.connection.invalidate()
            raise
        return Document(
            id=source.document,
            name=source.name,
            collection=self.collection.name,
            version=source.number,
            version_id=source.version,
            status=IndexingStatus.PENDING,
            size=source.size,
            sha256=source.sha256,
            run=run,
            created_at=self.created_at,
        )


@asynccontextmanager
async def open_upload(
    database: Database, tenant: UUID, collection: str, name: str
) -> AsyncIterator[SqlUpload]:
    """Begin an upload; locks the tenant's files, the collection, then the document's row.

    Raises:
        NotFound: this tenant has no such collection.
    """
    # Held against removal, which waits in turn behind the lock on the tenant's files.
    files = func.pg_advisory_xact_lock_shared(func.hashtextextended(files_lock(tenant), 0))
    target = select(rebuilds.c.model).where(rebuilds.c.collection_id == collections.c.id)
    held = (
        select(collections, target.scalar_subquery().label("target"))
        .where(collections.c.name == collection)
        .with_for_update(read=True, key_share=True, of=collections)
    )
    async with database.tenant(tenant) as connection:
        await connection.execute(select(files))
        row = (await connection.execute(held)).one_or_none() or no_collection(collection)
        document = (await connection.execute(_lock_name(tenant, row.id, name))).one()
        newest = newest_versions().where(documents.c.id == document.id)
        version = (await connection.execute(newest)).one_or_none()
        yield SqlUpload(
            connection,
            tenant,
            read_collection(row._mapping),
            EmbeddingModel.model_validate(row.target or row.model),
            document.id,
            document.created_at,
            read_document(version._mapping) if version is not None else None,
        )


def _lock_name(tenant: UUID, collection: UUID, name: str) -> ReturningInsert[tuple[UUID, datetime]]:
    """Make a document, or lock the one of that name by writing the name it has."""
    statement = insert(documents).values(
        id=new_id(), tenant_id=tenant, collection_id=collection, name=name
    )
    return statement.on_conflict_do_update(
        index_elements=["collection_id", "name"], set_={"name": statement.excluded.name}
    ).returning(documents.c.id, documents.c.created_at)

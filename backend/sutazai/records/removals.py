"""Removing collections and documents: rows go at once, points and files are left to the sweeper.

Locks are taken in the order that holds everywhere: the tenant's files, the collection, runs by
ascending id, the document, its versions, what is left over. The lock on the files keeps uploads
out from the beginning, in turn: locks on rows alone let a stream of uploads pass a removal by.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Text, delete, func, literal, select, union
from sqlalchemy.dialects.postgresql import Insert, array, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from sutazai.core.runs.model import RunStatus
from sutazai.records.database import Database
from sutazai.records.documents import no_collection, no_document
from sutazai.records.leftovers import files_lock
from sutazai.records.tables import collections, documents, leftovers, runs, versions

_FILES = (versions.c.sha256, versions.c.text_sha256, versions.c.chunks_sha256)
_UNFINISHED = [status.value for status in RunStatus if not status.ended]


@asynccontextmanager
async def removing_collection(
    database: Database, tenant: UUID, name: str
) -> AsyncIterator[Sequence[UUID]]:
    """Hold a collection, give its unfinished runs, and remove it on leaving.

    Raises:
        NotFound: this tenant has no such collection.
    """
    async with database.tenant(tenant) as connection:
        await _keep_uploads_out(connection, tenant)
        found = (
            await connection.execute(
                select(collections).where(collections.c.name == name).with_for_update()
            )
        ).one_or_none() or no_collection(name)
        of = runs.c.collection_id == found.id
        yield await _unfinished(connection, select(runs.c.id).where(of))
        # All of them, in order: the removal takes their reference to the collection away.
        await connection.execute(
            select(runs.c.id).where(of).order_by(runs.c.id).with_for_update(key_share=True)
        )
        left = {"id": found.physical, "tenant_id": tenant, "physical": found.physical}
        await connection.execute(insert(leftovers).values(**left, files=_files_of(found.id)))
        await connection.execute(delete(collections).where(collections.c.id == found.id))


@asynccontextmanager
async def removing_document(
    database: Database, tenant: UUID, collection: str, document: UUID
) -> AsyncIterator[Sequence[UUID]]:
    """Hold a document, give the unfinished runs that index it, and remove it on leaving.

    Raises:
        NotFound: this tenant has no such document.
    """
    one = (
        select(collections.c.physical)
        .join(documents, documents.c.collection_id == collections.c.id)
        .where(collections.c.name == collection, documents.c.id == document)
    )
    indexing = (
        select(runs.c.id)
        .join(versions, versions.c.run_id == runs.c.id)
        .where(versions.c.document_id == document)
    )
    async with database.tenant(tenant) as connection:
        await _keep_uploads_out(connection, tenant)
        physical = await connection.scalar(one)
        if physical is None:
            await no_document(connection, collection, document)
        # The document's row is left alone until its runs are cancelled: who publishes a version
        # holds the run and waits for the document.
        yield await _unfinished(connection, indexing)
        for table, of in ((documents, documents.c.id), (versions, versions.c.document_id)):
            rows = select(table.c.id).where(of == document).order_by(table.c.id)
            await connection.execute(rows.with_for_update())
        await connection.execute(_leave_versions(document, physical))
        await connection.execute(delete(documents).where(documents.c.id == document))


async def _keep_uploads_out(connection: AsyncConnection, tenant: UUID) -> None:
    lock = func.pg_advisory_xact_lock(func.hashtextextended(files_lock(tenant), 0))
    await connection.execute(select(lock))


async def _unfinished(connection: AsyncConnection, of: Select[Any]) -> Sequence[UUID]:
    return (await connection.scalars(of.where(runs.c.status.in_(_UNFINISHED)))).all()


def _leave_versions(document: UUID, physical: UUID) -> Insert:
    """Leave every version over; one that was left over before keeps the time it waits for."""
    left = select(
        versions.c.id,
        versions.c.tenant_id,
        literal(physical),
        versions.c.id,
        func.array_remove(array(_FILES), None),
    ).where(versions.c.document_id == document)
    statement = insert(leftovers).from_select(
        ["id", "tenant_id", "physical", "version_id", "files"], left
    )
    return statement.on_conflict_do_update(
        index_elements=["id"], set_={"files": statement.excluded.files}
    )


def _files_of(collection: UUID) -> ColumnElement[list[str]]:
    of = versions.c.collection_id == collection
    each = union(*(select(file.label("file")).where(of) for file in _FILES)).subquery()
    gathered = select(func.array_agg(each.c.file)).where(each.c.file.is_not(None))
    return func.coalesce(gathered.scalar_subquery(), literal([], ARRAY(Text)))

"""Collections and documents: how they are selected, and how rows of them are read."""

from collections.abc import Mapping
from typing import Any, NoReturn
from uuid import UUID

from asyncpg import Record
from sqlalchemy import Select, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from sutazai.core.knowledge.model import Collection, Document, IndexingStatus
from sutazai.core.runs.model import RunStatus
from sutazai.records.tables import collections, documents, runs, versions
from sutazai_contracts.errors import NotFound
from sutazai_contracts.knowledge import EmbeddingModel


def newest_versions() -> Select[Any]:
    """Select documents, each with its collection, its newest version and the run of that."""
    newest = (
        select(versions)
        .where(versions.c.document_id == documents.c.id)
        .order_by(versions.c.number.desc())
        .limit(1)
        .lateral("newest")
    )
    return select(
        documents.c.id,
        documents.c.name,
        documents.c.created_at,
        collections.c.name.label("collection"),
        newest.c.number,
        newest.c.id.label("version"),
        newest.c.state,
        newest.c.size,
        newest.c.sha256,
        newest.c.run_id,
        newest.c.indexed_at,
        newest.c.media_type,
        newest.c.title,
        newest.c.characters,
        newest.c.chunk_count,
        runs.c.status,
        runs.c.error,
    ).select_from(
        documents.join(collections, collections.c.id == documents.c.collection_id)
        .join(newest, true())
        .outerjoin(runs, runs.c.id == newest.c.run_id)
    )


def read_document(row: Mapping[Any, Any] | Record) -> Document:
    """Read a row of `newest_versions`."""
    status = _status(row["state"], row["status"])
    error = row["error"]
    if status is IndexingStatus.CANCELLED:
        error = error or "its indexing was cancelled"
    return Document(
        id=row["id"],
        name=row["name"],
        collection=row["collection"],
        version=row["number"],
        version_id=row["version"],
        status=status,
        size=row["size"],
        sha256=row["sha256"],
        run=row["run_id"],
        created_at=row["created_at"],
        indexed_at=row["indexed_at"],
        media_type=row["media_type"],
        title=row["title"],
        characters=row["characters"],
        chunks=row["chunk_count"],
        error=error if status in (IndexingStatus.FAILED, IndexingStatus.CANCELLED) else None,
    )


def read_collection(
    row: Mapping[Any, Any] | Record, *, documents: int = 0, chunks: int = 0
) -> Collection:
    """Read a row of the table, with counts that were taken beside it."""
    return Collection(
        id=row["id"],
        name=row["name"],
        physical=row["physical"],
        model=EmbeddingModel.model_validate(row["model"]),
        created_at=row["created_at"],
        documents=documents,
        chunks=chunks,
    )


def no_collection(name: str) -> NoReturn:
    """Say that there is no such collection."""
    raise NotFound(f"there is no collection {name}")


def missing_document(collection: str, document: UUID) -> NoReturn:
    """Say that a collection has no such document."""
    raise NotFound(f"there is no document {document} in the collection {collection}")


async def check_collection(connection: AsyncConnection, name: str) -> None:
    """Raise `NotFound` where there is no such collection."""
    found = await connection.scalar(select(collections.c.id).where(collections.c.name == name))
    if found is None:
        no_collection(name)


async def no_document(connection: AsyncConnection, collection: str, document: UUID) -> NoReturn:
    """Say that there is no such document, or not even the collection."""
    await check_collection(connection, collection)
    missing_document(collection, document)


def _status(state: str, run: str | None) -> IndexingStatus:
    if state in ("indexed", "superseded"):
        return IndexingStatus.INDEXED
    if run == RunStatus.CANCELLED:
        return IndexingStatus.CANCELLED
    if state == "failed" or run in (None, RunStatus.FAILED):
        return IndexingStatus.FAILED
    return IndexingStatus.PENDING if run == RunStatus.PENDING else IndexingStatus.INDEXING

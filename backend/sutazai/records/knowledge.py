"""The record of knowledge on PostgreSQL: collections, documents, and where chunks stand."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record
from sqlalchemy import ARRAY, Integer, Text, Uuid, any_, bindparam, func, or_, select, union
from sqlalchemy.dialects.postgresql import insert

from sutazai.core.knowledge.model import Collection, Document
from sutazai.core.knowledge.ports import (
    ChunkPlace,
    CollectionPlaces,
    RebuildTransaction,
    SearchScope,
    StoredText,
    UploadTransaction,
)
from sutazai.records.database import Database
from sutazai.records.documents import (
    missing_document,
    newest_versions,
    no_collection,
    no_document,
    read_collection,
    read_document,
)
from sutazai.records.reading import Reading
from sutazai.records.rebuilds import open_rebuilding
from sutazai.records.removals import removing_collection, removing_document
from sutazai.records.tables import chunks, collections, documents, leftovers, versions
from sutazai.records.uploads import open_upload
from sutazai_contracts.errors import AlreadyExists, NotFound, QuotaReached
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.knowledge import DocumentRef, EmbeddingModel

_DOCUMENT_COUNT = (
    select(func.count())
    .select_from(documents)
    .where(documents.c.collection_id == collections.c.id)
    .scalar_subquery()
)
_CHUNK_COUNT = (
    select(func.coalesce(func.sum(versions.c.chunk_count), 0))
    .select_from(documents.join(versions, versions.c.document_id == documents.c.id))
    .where(documents.c.collection_id == collections.c.id, versions.c.state == "indexed")
    .scalar_subquery()
)
_COLLECTIONS = select(collections, _DOCUMENT_COUNT.label("documents"), _CHUNK_COUNT.label("chunks"))
# Unfinished, failed or replaced versions, and those of documents that were removed.
_HIDDEN = union(
    select(versions.c.id).where(
        versions.c.collection_id == collections.c.id,
        versions.c.state != "indexed",
        ~versions.c.swept,
    ),
    select(leftovers.c.version_id).where(
        leftovers.c.physical == collections.c.physical, leftovers.c.version_id.is_not(None)
    ),
)
_PLACES = Reading(
    select(
        chunks.c.id,
        chunks.c.start_offset,
        chunks.c.end_offset,
        chunks.c.heading_path,
        documents.c.id.label("document"),
        documents.c.name,
    )
    .join(versions, versions.c.id == chunks.c.version_id)
    .join(documents, documents.c.id == versions.c.document_id)
    .where(
        versions.c.state == "indexed", chunks.c.id == any_(bindparam("wanted", type_=ARRAY(Uuid)))
    )
)
_AFTER = bindparam("after", type_=Text)
_LIMIT = bindparam("limit", type_=Integer)
_COLLECTION_PAGE = Reading(
    _COLLECTIONS.where(or_(_AFTER.is_(None), collections.c.name > _AFTER))
    .order_by(collections.c.name)
    .limit(_LIMIT)
)
_COLLECTION = Reading(_COLLECTIONS.where(collections.c.name == bindparam("name", type_=Text)))
_IN_COLLECTION = newest_versions().where(collections.c.name == bindparam("collection", type_=Text))
_DOCUMENT_PAGE = Reading(
    _IN_COLLECTION.where(or_(_AFTER.is_(None), documents.c.name > _AFTER))
    .order_by(documents.c.name)
    .limit(_LIMIT)
)
_DOCUMENT = Reading(_IN_COLLECTION.where(documents.c.id == bindparam("document", type_=Uuid)))
_SCOPE = Reading(
    select(
        collections.c.id,
        collections.c.physical,
        collections.c.model,
        func.array(_HIDDEN.scalar_subquery(), type_=ARRAY(Uuid)).label("hidden"),
    ).where(collections.c.name == bindparam("name", type_=Text))
)


_ALL_PLACES = """
SELECT c.tenant_id, c.name, c.physical, b.id, b.physical
FROM collections c LEFT JOIN rebuilds b ON b.collection_id = c.id ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class SqlKnowledge:
    """Collections and documents in PostgreSQL."""

    database: Database

    async def create_collection(
        self,
        tenant: UUID,
        name: str,
        physical: UUID,
        model: EmbeddingModel,
        prepare: Callable[[], Awaitable[None]],
        most: int,
    ) -> Collection:
        """Write a collection; `prepare` runs before the commit and, failing, undoes it."""
        collection = {"id": new_id(), "tenant_id": tenant, "name": name, "physical": physical}
        statement = (
            insert(collections)
            .values(**collection, model=model.model_dump(mode="json"))
            .on_conflict_do_nothing(index_elements=["tenant_id", "name"])
            .returning(*collections.c)
        )
        async with self.database.tenant(tenant) as connection:
            # Two that are created at once must not both be the last that may be.
            lock = func.hashtextextended(f"sutazai.collections.{tenant}", 0)
            await connection.execute(select(func.pg_advisory_xact_lock(lock)))
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                raise AlreadyExists(f"there is a collection {name} already", field="name")
            counted = await connection.execute(select(func.count()).select_from(collections))
            if counted.scalar_one() > most:
                raise QuotaReached(
                    f"there are {most} collections, as many as there may be "
                    "(SUTAZAI_KNOWLEDGE_MAX_COLLECTIONS): delete one first"
                )
            await prepare()
        return read_collection(row._mapping)

    async def collections(self, tenant: UUID, limit: int, after: str | None) -> list[Collection]:
        """List collections by name, those that follow the name `after`."""
        rows = await _COLLECTION_PAGE.rows(self.database.lone(tenant), limit=limit, after=after)
        return [_counted(row) for row in rows]

    async def collection(self, tenant: UUID, name: str) -> Collection:
        """Read a collection with its counts."""
        row = await _COLLECTION.row(self.database.lone(tenant), name=name)
        return _counted(row or no_collection(name))

    async def all_places(self) -> list[CollectionPlaces]:
        """Tell of every collection, of all tenants, where its points are."""
        return [CollectionPlaces(*row) for row in await self.database.look(_ALL_PLACES)]

    def removing_collection(
        self, tenant: UUID, name: str
    ) -> AbstractAsyncContextManager[Sequence[UUID]]:
        """Hold a collection so that no run starts on it, and remove it on leaving."""
        return removing_collection(self.database, tenant, name)

    def upload(
        self, tenant: UUID, collection: str, name: str
    ) -> AbstractAsyncContextManager[UploadTransaction]:
        """Begin an upload; commit on leaving, roll back on an error."""
        return open_upload(self.database, tenant, collection, name)

    def rebuilding(
        self, tenant: UUID, collection: str
    ) -> AbstractAsyncContextManager[RebuildTransaction]:
        """Hold a collection to begin its rebuild; commit on leaving, roll back on an error."""
        return open_rebuilding(self.database, tenant, collection)

    async def documents(
        self, tenant: UUID, collection: str, limit: int, after: str | None
    ) -> list[Document]:
        """List documents by name, those that follow the name `after`."""
        lone = self.database.lone(tenant)
        rows = await _DOCUMENT_PAGE.rows(lone, collection=collection, limit=limit, after=after)
        if not rows and not await _COLLECTION.rows(lone, name=collection):
            no_collection(collection)
        return [read_document(row) for row in rows]

    async def document(self, tenant: UUID, collection: str, document: UUID) -> Document:
        """Read a document with its newest version."""
        lone = self.database.lone(tenant)
        row = await _DOCUMENT.row(lone, collection=collection, document=document)
        if row is None and not await _COLLECTION.rows(lone, name=collection):
            no_collection(collection)
        return read_document(row or missing_document(collection, document))

    def removing_document(
        self, tenant: UUID, collection: str, document: UUID
    ) -> AbstractAsyncContextManager[Sequence[UUID]]:
        """Hold a document so that no version is added, and remove it on leaving."""
        return removing_document(self.database, tenant, collection, document)

    async def stored_text(self, tenant: UUID, collection: str, document: UUID) -> StoredText:
        """Look up the text of the version that is indexed."""
        indexed = (versions.c.document_id == documents.c.id) & (versions.c.state == "indexed")
        statement = (
            select(documents.c.name, versions.c.text_sha256, versions.c.characters)
            .join(collections, collections.c.id == documents.c.collection_id)
            .outerjoin(versions, indexed)
            .where(collections.c.name == collection, documents.c.id == document)
        )
        async with self.database.tenant(tenant) as connection:
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                await no_document(connection, collection, document)
        if row.text_sha256 is None:
            raise NotFound(f"{row.name} is not indexed, so it has no text yet")
        return StoredText(DocumentRef(id=document, name=row.name), row.text_sha256, row.characters)

    async def scope(self, tenant: UUID, collection: str) -> SearchScope:
        """Look up what a search in a collection touches."""
        row = await _SCOPE.row(self.database.lone(tenant), name=collection)
        row = row or no_collection(collection)
        model = EmbeddingModel.model_validate(row["model"])
        return SearchScope(row["id"], row["physical"], model, tuple(row["hidden"]))

    async def places(self, tenant: UUID, wanted: Sequence[UUID]) -> Mapping[UUID, ChunkPlace]:
        """Look up chunks; those that can't be found any more, or not yet, are left out."""
        rows = await _PLACES.rows(self.database.lone(tenant), wanted=list(wanted))
        return {row["id"]: _place(row) for row in rows}


def _counted(row: Record) -> Collection:
    return read_collection(row, documents=row["documents"], chunks=row["chunks"])


def _place(row: Record) -> ChunkPlace:
    return ChunkPlace(
        document=DocumentRef(id=row["document"], name=row["name"]),
        heading_path=tuple(row["heading_path"]),
        start=row["start_offset"],
        end=row["end_offset"],
    )

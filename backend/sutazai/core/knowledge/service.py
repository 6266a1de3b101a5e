"""Knowledge: collections of documents, uploads that are indexed by runs, search."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from dataclasses import dataclass
from typing import Protocol, TypeGuard, TypeVar
from uuid import UUID

from sutazai.core.graph.port import AskedGraph
from sutazai.core.knowledge.content import Content, taken_in
from sutazai.core.knowledge.excerpts import bounds, excerpt
from sutazai.core.knowledge.model import (
    Collection,
    Document,
    IndexingStatus,
    SearchHit,
    TextSlice,
    Upload,
)
from sutazai.core.knowledge.names import check_collection_name, check_file_name
from sutazai.core.knowledge.ports import KnowledgeRecords, UploadTransaction
from sutazai.core.knowledge.rebuilding import Rebuild, Rebuilding, refuse_other_model
from sutazai.core.knowledge.search import Search
from sutazai.core.pages import Page, decode_cursor, encode_cursor
from sutazai.core.runs.ports import Submission
from sutazai.core.runs.service import NewRun, Runs
from sutazai_contracts.errors import AlreadyExists, NotFound
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.knowledge import DocumentSource
from sutazai_kit.embeddings.port import Embeddings
from sutazai_kit.files.port import Files
from sutazai_kit.vectors.port import Vectors

CancelRun = Callable[[UUID, UUID, str], Awaitable[object]]

_CURRENT = {IndexingStatus.PENDING, IndexingStatus.INDEXING, IndexingStatus.INDEXED}


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Named = TypeVar("Named", bound=_Named)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Keep and search what a tenant knows.

    Args:
        records: which collections and documents there are.
        files: the bytes of documents.
        vectors: the points of collections.
        embeddings: the model that new collections are embedded by.
        runs: composes the runs that index.
        cancel_run: cancels a run of a tenant, by its id and for a reason.
        graph: what joins the chunks of a collection.
        on_leftovers: called after a commit that left something to the sweeper.
        max_collections: how many collections a tenant may have.
    """

    records: KnowledgeRecords
    files: Files
    vectors: Vectors
    embeddings: Embeddings
    runs: Runs
    cancel_run: CancelRun
    graph: AskedGraph
    on_leftovers: Callable[[], None] = lambda: None
    max_collections: int = 500

    # -- collections ------------------------------------------------------------------------------

    async def create_collection(self, tenant: UUID, name: str) -> Collection:
        """Make an empty collection, for vectors of the model in use.

        Raises:
            InvalidInput: no collection may have this name.
            AlreadyExists: there is one of this name.
            QuotaReached: there are as many as there may be.
        """
        check_collection_name(name)
        model, physical = self.embeddings.model, new_id()

        async def prepare() -> None:
            # A crash before the commit leaves an empty place that nobody knows of, no more.
            await self.vectors.create(physical, model.dimension)

        return await self.records.create_collection(
            tenant, name, physical, model, prepare, self.max_collections
        )

    async def ensure_collection(self, tenant: UUID, name: str) -> Collection:
        """Give a collection, made now if it is not there."""
        try:
            return await self.records.collection(tenant, name)
        except NotFound:
            pass
        try:
            return await self.create_collection(tenant, name)
        except AlreadyExists:
            return await self.records.collection(tenant, name)

    async def collections(
        self, tenant: UUID, limit: int, cursor: str | None = None
    ) -> Page[Collection]:
        """List collections by name."""
        found = await self.records.collections(tenant, limit + 1, _after(cursor))
        return _page(found, limit)

    async def collection(self, tenant: UUID, name: str) -> Collection:
        """Read a collection; `NotFound` where this tenant has none of this name."""
        return await self.records.collection(tenant, name)

    async def delete_collection(self, tenant: UUID, name: str) -> None:
        """Cancel what runs on a collection and remove it with all in it."""
        async with self.records.removing_collection(tenant, name) as unfinished:
            for run in unfinished:
                await self.cancel_run(tenant, run, f"the collection {name} was deleted")
        self.on_leftovers()

    async def rebuild(self, tenant: UUID, name: str) -> Rebuild:
        """Start the run that embeds a collection anew, or give the one that does so already.

        What is found stays what it is until the run has ended well.

        Raises:
            NotFound: this tenant has no such collection.
        """
        rebuilding = Rebuilding(
            self.records, self.files, self.vectors, self.embeddings, self.runs, self.cancel_run
        )
        return await rebuilding.begin(tenant, name)

    async def embed_anew(self, tenant: UUID, name: str) -> UUID:
        """Start the run that embeds a collection whose points are not there, and give it.

        Nothing is found in it until that run has ended.

        Raises:
            NotFound: this tenant has no such collection.
        """
        collection = await self.records.collection(tenant, name)
        # The run first: where this ends in between, what is missing is made by the run's end.
        rebuild = await self.rebuild(tenant, name)
        await self.vectors.create(collection.physical, collection.model.dimension)
        return rebuild.run

    async def mend(self, there: Set[UUID]) -> int:
        """Embed anew each collection, of all tenants, whose points are not in the vector store.

        So it is after a restore, and when that store was lost. Call it before agents work.

        Args:
            there: the collections that the vector store has.

        Returns:
            How many collections are embedded anew.
        """
        mended = 0
        for places in await self.records.all_places():
            if places.rebuild is not None and places.target not in there:
                reason = "what it had embedded is not there any more"
                await self.cancel_run(places.tenant, places.rebuild, reason)
            if places.physical not in there:
                await self.embed_anew(places.tenant, places.name)
                mended += 1
        return mended

    # -- documents --------------------------------------------------------------------------------

    async def upload(
        self, tenant: UUID, collection: str, file_name: str, parts: AsyncIterator[bytes]
    ) -> Upload:
        """Take in a document, and start a run that indexes it unless the same is there already.

        Bytes that are refused are not stored.

        Raises:
            InvalidInput: the file's name is none, or there is nothing in it.
            UnreadableDocument: it is no text; says what it looks like.
            NotFound: this tenant has no such collection.
            ModelMismatch: the collection was embedded by another model.
        """
        check_file_name(file_name)
        async with (
            taken_in(file_name, parts) as content,
            self.records.upload(tenant, collection, file_name) as tx,
        ):
            if _is_current(tx.newest, content.sha256):
                return Upload(tx.newest, created=False)
            refuse_other_model(collection, tx.model, self.embeddings.model)
            source = _source(tx, file_name, content)
            submission = self._indexing(tenant, tx.collection, source)
            # Inside the transaction, under which no file is swept: known bytes stay known.
            await self.files.put(tenant, content.parts())
            document = await tx.add(source, submission)
        self.runs.submitted([document.run])
        return Upload(document, created=True)

    def _indexing(self, tenant: UUID, collection: Collection, source: DocumentSource) -> Submission:
        new = NewRun(
            workflow="index",
            goal=f"Index {source.name}",
            collection=collection.id,
            collection_name=collection.name,
            input={"document": source.model_dump(mode="json")},
        )
        return self.runs.compose(tenant, new)

    async def documents(
        self, tenant: UUID, collection: str, limit: int, cursor: str | None = None
    ) -> Page[Document]:
        """List the documents of a collection by name."""
        found = await self.records.documents(tenant, collection, limit + 1, _after(cursor))
        return _page(found, limit)

    async def document(self, tenant: UUID, collection: str, document: UUID) -> Document:
        """Read a document with its newest version; `NotFound` where there is none such."""
        return await self.records.document(tenant, collection, document)

    async def delete_document(self, tenant: UUID, collection: str, document: UUID) -> None:
        """Cancel the run that indexes a document and remove it with all its versions."""
        async with self.records.removing_document(tenant, collection, document) as unfinished:
            for run in unfinished:
                await self.cancel_run(tenant, run, "the document was deleted")
        self.on_leftovers()

    async def text(
        self, tenant: UUID, collection: str, document: UUID, start: int = 0, end: int | None = None
    ) -> TextSlice:
        """Give a part of the text that is searched, `start:end` in code points.

        Raises:
            NotFound: there is no such document, or it is not indexed yet.
            InvalidInput: names the bound that is out of range.
        """
        stored = await self.records.stored_text(tenant, collection, document)
        start, end = bounds(start, end, stored.characters)
        text = await excerpt(self.files.open(tenant, stored.sha256), start, end)
        return TextSlice(stored.document, start, end, stored.characters, text)

    # -- search -----------------------------------------------------------------------------------

    async def search(
        self,
        tenant: UUID,
        query: str,
        collection: str,
        limit: int = 10,
        *,
        by_graph: bool = False,
    ) -> list[SearchHit]:
        """Find the best `limit` chunks of a collection, best first.

        `by_graph`: whether chunks that are joined to the best ones by the graph are among them.

        Raises:
            InvalidInput: the query is blank or too long, or the limit out of range.
            NotFound: this tenant has no such collection.
            ModelMismatch: the collection was embedded by another model.
            GraphUnavailable: the graph is wanted and can't be asked.
        """
        search = Search(self.records, self.vectors, self.embeddings, self.graph)
        return await search.find(tenant, query, collection, limit, by_graph=by_graph)


def _is_current(newest: Document | None, sha256: str) -> TypeGuard[Document]:
    return newest is not None and newest.sha256 == sha256 and newest.status in _CURRENT


def _source(tx: UploadTransaction, name: str, content: Content) -> DocumentSource:
    return DocumentSource(
        document=tx.document,
        version=new_id(),
        number=tx.newest.version + 1 if tx.newest is not None else 1,
        name=name,
        sha256=content.sha256,
        size=content.size,
    )


def _after(cursor: str | None) -> str | None:
    return decode_cursor(cursor) if cursor is not None else None


def _page(found: Sequence[Named], limit: int) -> Page[Named]:
    items = found[:limit]
    return Page(items, encode_cursor(items[-1].name) if len(found) > limit else None)

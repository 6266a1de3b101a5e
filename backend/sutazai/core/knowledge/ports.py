"""What knowledge needs of its record: collections, documents, chunks; and what is left over."""

from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from collections.abc import Collection as IdCollection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sutazai.core.knowledge.model import Collection, Document
from sutazai.core.runs.ports import Submission
from sutazai_contracts.knowledge import (
    DocumentRef,
    DocumentSource,
    EmbeddingModel,
    RebuildVersion,
)


@dataclass(frozen=True, slots=True)
class SearchScope:
    """What a search in a collection touches; points of the hidden versions are not to be found."""

    collection: UUID
    physical: UUID
    model: EmbeddingModel
    hidden_versions: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """Where a chunk stands in a document that can be found now."""

    document: DocumentRef
    heading_path: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class StoredText:
    """The text of a document's indexed version: its address, and its length in code points."""

    document: DocumentRef
    sha256: str
    characters: int


@dataclass(frozen=True, slots=True)
class CollectionPlaces:
    """Where the points of a collection are, and where those of its rebuild, if there is one."""

    tenant: UUID
    name: str
    physical: UUID
    rebuild: UUID | None
    target: UUID | None


@dataclass(frozen=True, slots=True)
class RebuildUnderWay:
    """A rebuild that has not ended: its run, and the model that it embeds by."""

    run: UUID
    model: EmbeddingModel


class RebuildTransaction(Protocol):
    """A collection held while its rebuild is begun: nothing of it is published meanwhile."""

    @property
    def collection(self) -> Collection:
        """Give the collection, without its counts."""

    @property
    def under_way(self) -> RebuildUnderWay | None:
        """Give the rebuild that has not ended; None: there is none."""

    async def versions(self) -> Sequence[RebuildVersion]:
        """List what is found now, by the documents' names."""

    async def start(
        self,
        physical: UUID,
        model: EmbeddingModel,
        manifest: str,
        listed: IdCollection[UUID],
        submission: Submission,
    ) -> None:
        """Write a rebuild and its run.

        Args:
            physical: where the run writes points.
            model: what it embeds by.
            manifest: the file that lists what it embeds; kept while it runs.
            listed: the versions that are in that file.
            submission: the run.
        """


class UploadTransaction(Protocol):
    """An upload under the lock of its document: other uploads of that name wait.

    While it is open no file of the tenant is swept.
    """

    @property
    def collection(self) -> Collection:
        """Give the collection, without its counts."""

    @property
    def model(self) -> EmbeddingModel:
        """Give the model new points are made by: that of a rebuild where one is under way."""

    @property
    def document(self) -> UUID:
        """Give the document's id, made now where its name is new."""

    @property
    def newest(self) -> Document | None:
        """Give the document with its newest version; none where its name is new."""

    async def add(self, source: DocumentSource, submission: Submission) -> Document:
        """Write a version and the run that indexes it, and give the document as it is then."""


class KnowledgeRecords(Protocol):
    """Collections and documents of one tenant.

    All raise `DatabaseUnavailable` where the database does not answer, and `NotFound`, in words,
    for a collection or a document that this tenant does not have.
    """

    async def create_collection(
        self,
        tenant: UUID,
        name: str,
        physical: UUID,
        model: EmbeddingModel,
        prepare: Callable[[], Awaitable[None]],
        most: int,
    ) -> Collection:
        """Write a collection; `prepare` runs before the commit and, failing, undoes it.

        Raises:
            AlreadyExists: this tenant has one of that name; `prepare` is not called then.
            QuotaReached: this tenant has `most` already; `prepare` is not called then.
        """

    async def collections(self, tenant: UUID, limit: int, after: str | None) -> list[Collection]:
        """List collections by name, those that follow the name `after`."""

    async def collection(self, tenant: UUID, name: str) -> Collection:
        """Read a collection with its counts."""

    async def all_places(self) -> list[CollectionPlaces]:
        """Tell of every collection, of all tenants, where its points are."""

    def removing_collection(
        self, tenant: UUID, name: str
    ) -> AbstractAsyncContextManager[Sequence[UUID]]:
        """Hold a collection so that no run starts on it; on leaving it is removed with all in it.

        Its points and files are left to the sweeper. Gives the unfinished runs on it, to be
        cancelled while it is held.
        """

    def upload(
        self, tenant: UUID, collection: str, name: str
    ) -> AbstractAsyncContextManager[UploadTransaction]:
        """Begin an upload; commit on leaving, roll back on an error."""

    def rebuilding(
        self, tenant: UUID, collection: str
    ) -> AbstractAsyncContextManager[RebuildTransaction]:
        """Hold a collection to begin its rebuild; commit on leaving, roll back on an error."""

    async def documents(
        self, tenant: UUID, collection: str, limit: int, after: str | None
    ) -> list[Document]:
        """List documents by name, those that follow the name `after`."""

    async def document(self, tenant: UUID, collection: str, document: UUID) -> Document:
        """Read a document with its newest version."""

    def removing_document(
        self, tenant: UUID, collection: str, document: UUID
    ) -> AbstractAsyncContextManager[Sequence[UUID]]:
        """Hold a document so that no version is added; on leaving it is removed with all of them.

        Its points and files are left to the sweeper. Gives the unfinished runs that index it, to be
        cancelled while it is held.
        """

    async def stored_text(self, tenant: UUID, collection: str, document: UUID) -> StoredText:
        """Look up the text of the version that is indexed; `NotFound` while there is none."""

    async def scope(self, tenant: UUID, collection: str) -> SearchScope:
        """Look up what a search in a collection touches."""

    async def places(self, tenant: UUID, wanted: Sequence[UUID]) -> Mapping[UUID, ChunkPlace]:
        """Look up chunks; those that can't be found any more, or not yet, are left out."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """What lies outside PostgreSQL and belongs to nothing any more.

    `version` names points of the physical collection, and of `also`, to which that is being
    rebuilt; without one the whole of it goes.
    """

    id: UUID
    tenant: UUID
    physical: UUID
    version: UUID | None
    also: UUID | None = None


class LeftoverRecords(Protocol):
    """What is to be swept, of all tenants.

    All raise `DatabaseUnavailable` where the database does not answer. Each step may come again
    after a crash: what it removes outside may be gone already.
    """

    async def due(self, limit: int, passed_over: Set[UUID]) -> list[Leftover]:
        """List what is due, oldest first."""

    def removing_points(self, leftover: Leftover) -> AbstractAsyncContextManager[bool]:
        """Hold a leftover while its points are removed, and keep on leaving that they are gone.

        A failed version is marked swept then; a superseded one is forgotten, and its files are
        left over. Gives false where nothing is to be removed now.
        """

    def removing_files(
        self, leftover: Leftover, limit: int
    ) -> AbstractAsyncContextManager[Sequence[str] | None]:
        """Hold files nobody refers to while they are removed; on leaving they are done with.

        Nobody comes to refer to them meanwhile. Gives `None` when the leftover is done with, and
        when it has to wait, as a version on its way to being indexed might turn out to share them.
        """

    async def unreferred(self, tenant: UUID, files: Sequence[str]) -> list[str]:
        """Tell which of a tenant's files no version refers to now; it holds nothing.

        None are told of a tenant that this database knows nothing of: they may be another's.
        """

    def removing_orphans(
        self, tenant: UUID, files: Sequence[str]
    ) -> AbstractAsyncContextManager[Sequence[str] | None]:
        """Hold those of a tenant's files that no version refers to while they are removed.

        Nobody comes to refer to them meanwhile. Gives `None` when they have to wait, as a version
        on its way to being indexed might turn out to refer to them.
        """

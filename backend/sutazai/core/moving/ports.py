"""What moving needs of the records: all of a tenant read at one moment, and written at once."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sutazai.core.identity.audit import Entry
from sutazai_contracts.knowledge import EmbeddingModel


@dataclass(frozen=True, slots=True)
class Object:
    """One object of a tenant: the file it is, and that file's text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class FileRef:
    """Bytes that objects refer to: the file they are in an export, and their content address."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Imported:
    """A collection that was imported, and where its points belong: that is not there yet."""

    name: str
    physical: UUID
    model: EmbeddingModel


class Reading(Protocol):
    """A tenant as it was at one moment. No file of it is swept while this is open."""

    @property
    def tenant_name(self) -> str:
        """Give the tenant's name."""

    @property
    def left_out(self) -> Mapping[str, int]:
        """Count what is there and is not given, by what it is in words."""

    async def count(self) -> int:
        """Count the objects."""

    def objects(self) -> AsyncIterator[Object]:
        """Stream every object."""

    async def files(self) -> Sequence[FileRef]:
        """List every file that they refer to, by name."""


class Writing(Protocol):
    """An import: all of it is committed on leaving, or nothing on an error."""

    async def add(self, name: str, text: str) -> None:
        """Write an object.

        Raises:
            InvalidInput: it does not fit; names the file.
            AlreadyExists: this installation holds something of that id.
        """

    async def files(self) -> Sequence[FileRef]:
        """List every file that was referred to, once all objects are written.

        Raises:
            InvalidInput: something was written that no export holds, such as a run under way.
        """

    async def collections(self) -> Sequence[Imported]:
        """List the collections that were written."""

    async def note(self, entry: Entry) -> None:
        """Add to the audit log that this was imported; last, since others wait to add to it."""


class MovingRecords(Protocol):
    """All of one tenant, table by table. All raise `DatabaseUnavailable` where it is away."""

    @property
    def version(self) -> str:
        """Give the version of the schema."""

    @property
    def folders(self) -> Sequence[str]:
        """Name the folders of objects, in the order in which they have to be written."""

    async def is_admin(self, tenant: UUID, user: UUID) -> bool:
        """Tell whether a user administers a tenant."""

    def exporting(self, tenant: UUID, user: UUID) -> AbstractAsyncContextManager[Reading]:
        """Read a tenant as it is now, and of what belongs to one user that of `user` alone."""

    def importing(self, tenant: UUID, user: UUID) -> AbstractAsyncContextManager[Writing]:
        """Write into a tenant that holds nothing yet; `user` gets what belonged to one.

        Raises:
            Conflict: it does hold something; says what.
        """

"""Files: bytes by their content address, apart for every tenant."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class StoredFile:
    """What was stored: its SHA-256 in lower-case hex, and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class StoredAt:
    """What lies in the store: whose, its SHA-256, and the seconds since it was last put."""

    tenant: UUID
    sha256: str
    age_s: float


class TaskFiles(Protocol):
    """Store and give back bytes, as agents do. A file that `put` returned survives a crash.

    Raises `NotFound` for an unknown address, `FilesUnavailable` where the store fails.
    """

    async def put(self, tenant: UUID, parts: AsyncIterator[bytes]) -> StoredFile:
        """Store a stream; the same bytes again give the same address, and only their age changes.

        Their age begins anew: who was given an address may rely on it for a while.
        """

    def open(self, tenant: UUID, sha256: str) -> AsyncIterator[bytes]:
        """Stream a file in parts."""

    async def read(self, tenant: UUID, sha256: str) -> bytes:
        """Give a whole file."""


class Files(TaskFiles, Protocol):
    """Also remove and list them, as core does."""

    async def delete(self, tenant: UUID, sha256: str) -> None:
        """Remove a file; one that is not there is no error."""

    async def exists(self, tenant: UUID, sha256: str) -> bool:
        """Tell whether a file is there."""

    def addresses(self) -> AsyncIterator[StoredAt]:
        """Stream what lies in the store, of all tenants and in no order, in constant memory.

        What is put or deleted meanwhile may be in it or not; all else is in it once.
        """

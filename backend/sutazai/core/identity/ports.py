"""What identity needs of its record."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sutazai.core.identity.model import Account, Caller


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A tenant about to be written, with its administrator and their key; secrets as digests."""

    id: UUID
    name: str
    user: UUID
    email: str
    password_hash: str
    api_key: UUID
    api_key_prefix: str
    api_key_digest: bytes


class IdentityRecords(Protocol):
    """Tenants, users and keys. All raise `DatabaseUnavailable` where the database is away."""

    async def find_key(self, digest: bytes) -> Caller | None:
        """Look up a key that holds, of any tenant, by the SHA-256 of it."""

    async def find_account(self, email: str) -> Account | None:
        """Look up a user, of any tenant, by their address in lower case."""

    async def tenants(self) -> list[UUID]:
        """List every tenant, oldest first."""

    async def create_first(self, tenant: NewTenant, keep: Callable[[], Awaitable[None]]) -> bool:
        """Write the first tenant; `keep` runs before the commit and, failing, undoes it.

        Returns:
            False where there is a tenant already; `keep` is not called then.
        """

"""What identity needs of its record. All raise `DatabaseUnavailable` where the database is away."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from sutazai.core.identity.audit import Entry
from sutazai.core.identity.model import Account, ApiKey, FoundKey, Member, Membership
from sutazai.core.identity.rights import Role, Scope


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


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user about to be written; `one_time_until` where somebody else made the password."""

    id: UUID
    email: str
    password_hash: str
    role: Role
    one_time_until: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """An API key about to be written; of its secret the SHA-256 alone is kept."""

    id: UUID
    name: str
    prefix: str
    digest: bytes
    scopes: tuple[Scope, ...]
    expires_at: datetime | None


class IdentityRecords(Protocol):
    """Tenants, users and keys, looked up before the tenant is known; and the first start."""

    async def find_key(self, digest: bytes) -> FoundKey | None:
        """Look up a key, of any tenant, by the SHA-256 of it; none of who may not get in."""

    async def touch_key(self, tenant: UUID, key: UUID, day: date) -> None:
        """Write down on which day a key was used last."""

    async def find_account(self, email: str) -> Account | None:
        """Look up a user, of any tenant, by their address in lower case."""

    async def memberships(self, user: UUID) -> list[Membership]:
        """List what a user is in which tenants, oldest first."""

    async def tenants(self) -> list[UUID]:
        """List every tenant, oldest first."""

    async def create_first(self, tenant: NewTenant, keep: Callable[[], Awaitable[None]]) -> bool:
        """Write the first tenant; `keep` runs before the commit and, failing, undoes it.

        Returns:
            False where there is a tenant already; `keep` is not called then.
        """


class UserRecords(Protocol):
    """The users of a tenant. What changes something writes its audit entry in the same commit."""

    async def members(self, tenant: UUID, limit: int, after: str | None) -> list[Member]:
        """List users by address, those that follow the address `after`."""

    async def member(self, tenant: UUID, user: UUID) -> Member:
        """Give a user.

        Raises:
            NotFound: there is none of that id in this tenant.
        """

    async def create(self, tenant: UUID, user: NewUser, entry: Entry) -> None:
        """Write a user and their membership.

        Raises:
            AlreadyExists: the address is somebody's.
        """

    async def admit(self, tenant: UUID, user: UUID, role: Role, entry: Entry) -> None:
        """Make somebody who is known a member.

        Raises:
            AlreadyExists: they are one.
        """

    async def change(
        self,
        tenant: UUID,
        user: UUID,
        role: Role | None,
        disabled: bool | None,
        entry: Entry,
    ) -> None:
        """Change what a user is; None: that stays.

        Raises:
            NotFound: there is none of that id in this tenant.
            Conflict: nobody would be left who looks after the tenant.
        """

    async def remove(self, tenant: UUID, user: UUID, entry: Entry) -> None:
        """End a membership, with keys and logins; the account goes with the last one.

        Raises:
            NotFound: there is none of that id in this tenant.
            Conflict: nobody would be left who looks after the tenant.
        """

    async def set_password(
        self,
        home: UUID,
        user: UUID,
        password_hash: str,
        one_time_until: datetime | None,
        *,
        tenant: UUID,
        entry: Entry,
    ) -> None:
        """Change a password; `tenant` is where the entry belongs, `home` where the account does."""


class KeyRecords(Protocol):
    """API keys of a tenant. What changes something writes its entry in the same commit."""

    async def keys(
        self, tenant: UUID, user: UUID | None, now: datetime, limit: int, after: UUID | None
    ) -> list[ApiKey]:
        """List keys that hold, of a user or of all, newest first, those that are older."""

    async def create_key(self, tenant: UUID, user: UUID, key: NewKey, entry: Entry) -> ApiKey:
        """Write a key."""

    async def revoke_key(self, tenant: UUID, user: UUID | None, key: UUID, entry: Entry) -> None:
        """Revoke a key, of a user or of any.

        Raises:
            NotFound: no key of that id holds.
        """


class TenantRecords(Protocol):
    """Tenants beside the first."""

    async def create_tenant(self, tenant: UUID, name: str, admin: UUID, entry: Entry) -> Membership:
        """Write a tenant whose administrator is a user who is known; the entry begins its log.

        Raises:
            AlreadyExists: there is one of that name.
        """

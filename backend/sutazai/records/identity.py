"""The record of identity on PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import asyncpg
from asyncpg import Record

from sutazai.core.identity.model import Account, FoundKey, Membership
from sutazai.core.identity.ports import NewTenant
from sutazai.core.identity.rights import Role, Scope
from sutazai.records.database import AWAY, Database
from sutazai.records.merging import Merging
from sutazai_contracts.errors import DatabaseUnavailable

# A function that may look at the keys of all tenants; the asking role may not.
# Digests come in hexadecimal digits: what a list of bytes is, each connection would ask first.
_FIND_KEYS = """
SELECT found.*, wanted.digest
FROM unnest($1::text[]) AS wanted (digest), find_api_key(decode(wanted.digest, 'hex')) AS found
"""
_FIND_USER = "SELECT * FROM find_user($1)"
_MEMBERSHIPS = "SELECT * FROM memberships_of($1)"
_TOUCH = "UPDATE api_keys SET last_used_on = $2 WHERE id = $1"
_TENANTS = "SELECT id FROM sutazai.tenants ORDER BY id"
_ALONE = "SELECT pg_advisory_xact_lock(hashtext('sutazai.first_start'))"
_TENANT = "INSERT INTO sutazai.tenants (id, name) VALUES ($1, $2)"
_USER = """
INSERT INTO sutazai.users (id, tenant_id, email, password_hash) VALUES ($1, $2, $3, $4)
"""
_MEMBER = "INSERT INTO sutazai.memberships (user_id, tenant_id, role) VALUES ($1, $2, 'admin')"
_KEY = """
INSERT INTO sutazai.api_keys (id, tenant_id, user_id, name, prefix, digest, scopes)
VALUES ($1, $2, $3, 'first start', $4, $5, '{read,write,admin}')
"""


@dataclass(frozen=True, slots=True)
class SqlIdentity:
    """Tenants, users and keys in PostgreSQL.

    The first tenant is made by the owner of the schema (`owner_url`; empty where this process may
    not), on a connection of its own. Tenants are listed by the workers' role, keys looked up by the
    application's.
    """

    database: Database
    owner_url: str
    _finding: Merging[bytes, FoundKey | None] = field(init=False)

    def __post_init__(self) -> None:
        """Merge look-ups of keys that wait at the same time: every request begins with one."""
        object.__setattr__(self, "_finding", Merging(self._find_keys, on_idle=lambda: None))

    async def find_key(self, digest: bytes) -> FoundKey | None:
        """Look up a key, of any tenant, by the SHA-256 of it; none of who may not get in.

        The statement is sent after this was called, so that a key that was revoked before is not
        found.
        """
        return await self._finding.do(digest)

    async def _find_keys(self, digests: Sequence[bytes]) -> list[FoundKey | None]:
        try:
            rows = await self.database.app.fetch(_FIND_KEYS, [one.hex() for one in set(digests)])
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        found = {bytes.fromhex(row["digest"]): _found_key(row) for row in rows}
        return [found.get(digest) for digest in digests]

    async def touch_key(self, tenant: UUID, key: UUID, day: date) -> None:
        """Write down on which day a key was used last."""
        await self.database.lone(tenant).fetch(_TOUCH, key, day)

    async def find_account(self, email: str) -> Account | None:
        """Look up a user, of any tenant, by their address in lower case."""
        try:
            row = await self.database.app.fetchrow(_FIND_USER, email)
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        if row is None:
            return None
        return Account(
            user=row["id"],
            tenant=row["tenant_id"],
            home=row["home_id"],
            password_hash=row["password_hash"],
            one_time_until=row["one_time_until"],
        )

    async def memberships(self, user: UUID) -> list[Membership]:
        """List what a user is in which tenants, oldest first."""
        try:
            rows = await self.database.app.fetch(_MEMBERSHIPS, user)
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        return [
            Membership(
                tenant=row["tenant_id"],
                name=row["name"],
                role=Role(row["role"]),
                disabled=row["disabled"],
                created_at=row["created_at"],
            )
            for row in rows
        ]

    async def tenants(self) -> list[UUID]:
        """List every tenant, oldest first."""
        async with self.database.work() as connection:
            return [row["id"] for row in await connection.fetch(_TENANTS)]

    async def create_first(self, tenant: NewTenant, keep: Callable[[], Awaitable[None]]) -> bool:
        """Write the first tenant; `keep` runs before the commit and, failing, undoes it."""
        async with self._owner() as connection, connection.transaction():
            # Two starts against one server would otherwise both be the first.
            await connection.execute(_ALONE)
            if await connection.fetch(_TENANTS):
                return False
            await connection.execute(_TENANT, tenant.id, tenant.name)
            await connection.execute(
                _USER, tenant.user, tenant.id, tenant.email, tenant.password_hash
            )
            await connection.execute(_MEMBER, tenant.user, tenant.id)
            await connection.execute(
                _KEY,
                tenant.api_key,
                tenant.id,
                tenant.user,
                tenant.api_key_prefix,
                tenant.api_key_digest,
            )
            await keep()
        return True

    @asynccontextmanager
    async def _owner(self) -> AsyncIterator[asyncpg.Connection]:
        try:
            connection = await asyncpg.connect(self.owner_url, timeout=10)
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        try:
            yield connection
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        finally:
            await connection.close()


def _found_key(row: Record) -> FoundKey:
    return FoundKey(
        id=row["id"],
        tenant=row["tenant_id"],
        user=row["user_id"],
        role=Role(row["role"]),
        scopes=tuple(map(Scope, row["scopes"])),
        expires_at=row["expires_at"],
        last_used_on=row["last_used_on"],
    )

"""The record of identity on PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from sutazai.core.identity.model import Account, Caller
from sutazai.core.identity.ports import NewTenant
from sutazai.records.database import AWAY, Database
from sutazai_contracts.errors import DatabaseUnavailable

# A function that may look at the keys of all tenants; the asking role may not.
_FIND_KEY = "SELECT id, tenant_id, user_id FROM find_api_key($1)"
_FIND_USER = "SELECT id, tenant_id, password_hash FROM find_user($1)"
_TENANTS = "SELECT id FROM sutazai.tenants ORDER BY id"
_ALONE = "SELECT pg_advisory_xact_lock(hashtext('sutazai.first_start'))"
_TENANT = "INSERT INTO sutazai.tenants (id, name) VALUES ($1, $2)"
_USER = """
INSERT INTO sutazai.users (id, tenant_id, email, password_hash, role)
VALUES ($1, $2, $3, $4, 'admin')
"""
_KEY = """
INSERT INTO sutazai.api_keys (id, tenant_id, user_id, name, prefix, digest)
VALUES ($1, $2, $3, 'first start', $4, $5)
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

    async def find_key(self, digest: bytes) -> Caller | None:
        """Look up a key that holds, of any tenant, by the SHA-256 of it."""
        try:
            row = await self.database.app.fetchrow(_FIND_KEY, digest)
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        if row is None:
            return None
        return Caller(tenant=row["tenant_id"], user=row["user_id"], shown=row["id"])

    async def find_account(self, email: str) -> Account | None:
        """Look up a user, of any tenant, by their address in lower case."""
        try:
            row = await self.database.app.fetchrow(_FIND_USER, email)
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        if row is None:
            return None
        return Account(user=row["id"], tenant=row["tenant_id"], password_hash=row["password_hash"])

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

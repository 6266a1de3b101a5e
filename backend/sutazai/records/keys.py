"""API keys of a tenant in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from sutazai.core.identity.audit import Entry
from sutazai.core.identity.model import ApiKey
from sutazai.core.identity.ports import NewKey
from sutazai.core.identity.rights import Scope
from sutazai.records.audit import add_entry
from sutazai.records.database import Database
from sutazai_contracts.errors import NotFound

_KEYS = """
SELECT k.id, k.name, k.prefix, k.scopes, k.user_id, u.email, k.created_at, k.expires_at,
       k.last_used_on
FROM api_keys k JOIN users u ON u.id = k.user_id
"""
# UUIDv7s in their order are in that of their making.
_PAGE = f"""
{_KEYS}
WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $1)
    AND ($2::uuid IS NULL OR k.user_id = $2) AND ($3::uuid IS NULL OR k.id < $3)
ORDER BY k.id DESC LIMIT $4
"""
_ONE = f"{_KEYS} WHERE k.id = $1"
_CREATE = """
INSERT INTO api_keys (id, tenant_id, user_id, name, prefix, digest, scopes, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_REVOKE = """
UPDATE api_keys SET revoked_at = now()
WHERE id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR user_id = $2) RETURNING id
"""


@dataclass(frozen=True, slots=True)
class SqlKeys:
    """Keep API keys in PostgreSQL."""

    database: Database

    async def keys(
        self, tenant: UUID, user: UUID | None, now: datetime, limit: int, after: UUID | None
    ) -> list[ApiKey]:
        """List keys that hold, of a user or of all, newest first, those that are older."""
        rows = await self.database.lone(tenant).fetch(_PAGE, now, user, after, limit)
        return [_key(row) for row in rows]

    async def create_key(self, tenant: UUID, user: UUID, key: NewKey, entry: Entry) -> ApiKey:
        """Write a key."""
        async with self.database.hot(tenant) as connection:
            await connection.execute(
                _CREATE,
                key.id,
                tenant,
                user,
                key.name,
                key.prefix,
                key.digest,
                [scope.value for scope in key.scopes],
                key.expires_at,
            )
            await add_entry(connection, tenant, entry)
            row = await connection.fetchrow(_ONE, key.id)
        if row is None:
            raise NotFound("the user of this key is gone")
        return _key(row)

    async def revoke_key(self, tenant: UUID, user: UUID | None, key: UUID, entry: Entry) -> None:
        """Revoke a key, of a user or of any."""
        async with self.database.hot(tenant) as connection:
            if await connection.fetchval(_REVOKE, key, user) is None:
                raise NotFound("there is no key of this id that holds")
            await add_entry(connection, tenant, entry)


def _key(row: Record) -> ApiKey:
    return ApiKey(
        id=row["id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=tuple(map(Scope, row["scopes"])),
        user=row["user_id"],
        email=row["email"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used_on=row["last_used_on"],
    )

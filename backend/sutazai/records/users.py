"""The users of a tenant in PostgreSQL: accounts, and who is a member."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from asyncpg import Record

from sutazai.core.identity.audit import Entry
from sutazai.core.identity.model import Member, Membership
from sutazai.core.identity.ports import NewUser
from sutazai.core.identity.rights import Role
from sutazai.records.audit import add_entry
from sutazai.records.database import Connection, Database
from sutazai_contracts.errors import AlreadyExists, Conflict, NotFound

_MEMBERS = """
SELECT u.id, u.tenant_id, u.email, u.one_time_until, m.role, m.disabled_at, m.created_at,
       m.last_login_on
FROM memberships m JOIN users u ON u.id = m.user_id
"""
_PAGE = f"{_MEMBERS} WHERE $2::text IS NULL OR u.email > $2 ORDER BY u.email LIMIT $1"
_ONE = f"{_MEMBERS} WHERE m.user_id = $1"
_USER = """
INSERT INTO users (id, tenant_id, email, password_hash, one_time_until)
VALUES ($1, $2, $3, $4, $5)
"""
_MEMBER = "INSERT INTO memberships (user_id, tenant_id, role) VALUES ($1, $2, $3)"
# In one order, so that two who change each other's role do not wait for one another.
_ADMINS = """
SELECT user_id FROM memberships WHERE role = 'admin' AND disabled_at IS NULL
ORDER BY user_id FOR UPDATE
"""
_CHANGE = """
UPDATE memberships SET role = coalesce($2, role), disabled_at =
    CASE WHEN $3::boolean IS NULL THEN disabled_at
         WHEN $3 THEN coalesce(disabled_at, now()) END
WHERE user_id = $1 RETURNING user_id
"""
_REMOVE = "DELETE FROM memberships WHERE user_id = $1 RETURNING user_id"
_HOME = "SELECT tenant_id FROM users WHERE id = $1"
_LEFT = "SELECT count(*) FROM memberships_of($1)"
_TENANT = "SELECT set_config('sutazai.tenant', $1, true)"
_FORGET = "DELETE FROM users WHERE id = $1"
_PASSWORD = "UPDATE users SET password_hash = $2, one_time_until = $3 WHERE id = $1"  # noqa: S105
_NEW_TENANT = "INSERT INTO tenants (id, name) VALUES ($1, $2)"
_MADE = """
SELECT m.role, m.created_at, t.name FROM memberships m JOIN tenants t ON t.id = m.tenant_id
WHERE m.user_id = $1
"""
_NOBODY = "there is no user of this id here"
_LAST = "nobody would be left who looks after this tenant: make somebody else admin first"


@dataclass(frozen=True, slots=True)
class SqlUsers:
    """Keep the users of tenants, and make tenants, in PostgreSQL."""

    database: Database

    async def members(self, tenant: UUID, limit: int, after: str | None) -> list[Member]:
        """List users by address, those that follow the address `after`."""
        rows = await self.database.lone(tenant).fetch(_PAGE, limit, after)
        return [_member(row) for row in rows]

    async def member(self, tenant: UUID, user: UUID) -> Member:
        """Give a user."""
        row = await self.database.lone(tenant).fetchrow(_ONE, user)
        if row is None:
            raise NotFound(_NOBODY)
        return _member(row)

    async def create(self, tenant: UUID, user: NewUser, entry: Entry) -> None:
        """Write a user and their membership."""
        try:
            async with self.database.hot(tenant) as connection:
                await connection.execute(
                    _USER, user.id, tenant, user.email, user.password_hash, user.one_time_until
                )
                await connection.execute(_MEMBER, user.id, tenant, user.role.value)
                await add_entry(connection, tenant, entry)
        except asyncpg.UniqueViolationError as exc:
            raise AlreadyExists("somebody has that address already", field="email") from exc

    async def admit(self, tenant: UUID, user: UUID, role: Role, entry: Entry) -> None:
        """Make somebody who is known a member."""
        try:
            async with self.database.hot(tenant) as connection:
                await connection.execute(_MEMBER, user, tenant, role.value)
                await add_entry(connection, tenant, entry)
        except (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError) as exc:
            raise AlreadyExists("they are a member already", field="email") from exc

    async def change(
        self,
        tenant: UUID,
        user: UUID,
        role: Role | None,
        disabled: bool | None,
        entry: Entry,
    ) -> None:
        """Change what a user is; None: that stays."""
        async with self.database.hot(tenant) as connection:
            if disabled or role not in (None, Role.ADMIN):
                await _keep_an_admin(connection, user)
            value = None if role is None else role.value
            if await connection.fetchval(_CHANGE, user, value, disabled) is None:
                raise NotFound(_NOBODY)
            await add_entry(connection, tenant, entry)

    async def remove(self, tenant: UUID, user: UUID, entry: Entry) -> None:
        """End a membership, with keys and logins; the account goes with the last one."""
        async with self.database.hot(tenant) as connection:
            await _keep_an_admin(connection, user)
            home = await connection.fetchval(_HOME, user)
            if await connection.fetchval(_REMOVE, user) is None:
                raise NotFound(_NOBODY)
            await add_entry(connection, tenant, entry)
            if await connection.fetchval(_LEFT, user) == 0:
                await connection.execute(_TENANT, str(home))
                await connection.execute(_FORGET, user)

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
        async with self.database.hot(tenant) as connection:
            await add_entry(connection, tenant, entry)
            await connection.execute(_TENANT, str(home))
            await connection.execute(_PASSWORD, user, password_hash, one_time_until)

    async def create_tenant(self, tenant: UUID, name: str, admin: UUID, entry: Entry) -> Membership:
        """Write a tenant whose administrator is a user who is known; the entry begins its log."""
        try:
            async with self.database.hot(tenant) as connection:
                await connection.execute(_NEW_TENANT, tenant, name)
                await connection.execute(_MEMBER, admin, tenant, Role.ADMIN.value)
                await add_entry(connection, tenant, entry)
                row = await connection.fetchrow(_MADE, admin)
        except asyncpg.UniqueViolationError as exc:
            raise AlreadyExists(f"there is a tenant {name} already", field="name") from exc
        if row is None:
            raise NotFound(_NOBODY)
        return Membership(tenant, row["name"], Role(row["role"]), False, row["created_at"])


async def _keep_an_admin(connection: Connection, user: UUID) -> None:
    """Refuse what would take the last administrator away; nobody else changes them meanwhile."""
    admins = [row["user_id"] for row in await connection.fetch(_ADMINS)]
    if admins == [user]:
        raise Conflict(_LAST)


def _member(row: Record) -> Member:
    return Member(
        id=row["id"],
        email=row["email"],
        role=Role(row["role"]),
        disabled=row["disabled_at"] is not None,
        one_time_password=row["one_time_until"] is not None,
        created_at=row["created_at"],
        last_login_on=row["last_login_on"],
        home=row["tenant_id"],
    )

"""Sessions in PostgreSQL: they outlive a restart, and every process of core knows them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from sutazai.core.identity.rights import Role
from sutazai.core.identity.sessions.port import NewSession, Refresh, Session, SessionRef
from sutazai.records.database import AWAY, Connection, Database
from sutazai_contracts.errors import DatabaseUnavailable, Unauthenticated
from sutazai_contracts.identifiers import new_id

# Functions that may look at the sessions of all tenants; the asking role may not.
_FIND = "SELECT * FROM find_session($1)"
_GET = "SELECT * FROM get_session($1)"
_FIND_REFRESH = "SELECT * FROM find_refresh($1)"
_OF_USER = "SELECT * FROM sessions_of($1)"
_FORGET = "DELETE FROM sessions WHERE user_id = $1 AND (ends_at <= $2 OR idle_until <= $2)"
_CREATE = """
INSERT INTO sessions (id, tenant_id, user_id, digest, idle_until, ends_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_SEEN = "UPDATE memberships SET last_login_on = $2 WHERE user_id = $1"
_EXTEND = "UPDATE sessions SET idle_until = $2 WHERE id = $1"
_REVOKE = "DELETE FROM sessions WHERE id = $1 RETURNING digest"
_TENANT = "SELECT set_config('sutazai.tenant', $1, true)"
_USE = "UPDATE refresh_tokens SET used_at = $2 WHERE id = $1 AND used_at IS NULL RETURNING id"
_NEXT = """
INSERT INTO refresh_tokens (id, tenant_id, session_id, digest, created_at)
VALUES ($1, $2, $3, $4, $5)
"""


@dataclass(frozen=True, slots=True)
class SqlSessions:
    """Keep logins in PostgreSQL; a look-up is one statement of the application's role."""

    database: Database

    async def create(self, session: NewSession, now: datetime) -> None:
        """Write a login; those of its user that have ended are forgotten."""
        async with self.database.hot(session.tenant) as connection:
            await connection.execute(_FORGET, session.user, now)
            await _create(connection, session, session.digest, now)

    async def find(self, digest: bytes, now: datetime) -> Session | None:
        """Look up a login, of any tenant, by the SHA-256 of its secret."""
        row = await self._look_up(_FIND, digest)
        return _holding(row, now)

    async def get(self, session: UUID, now: datetime) -> Session | None:
        """Look up a login, of any tenant, by its id."""
        row = await self._look_up(_GET, session)
        return _holding(row, now)

    async def extend(self, session: Session, idle_until: datetime) -> None:
        """Let a login hold until then if it is not used; one that was revoked stays so."""
        await self.database.lone(session.tenant).fetch(_EXTEND, session.id, idle_until)

    async def revoke(self, session: Session | SessionRef) -> None:
        """End a login at once."""
        await self.database.lone(session.tenant).fetch(_REVOKE, session.id)

    async def replace(self, session: Session, new: NewSession, now: datetime) -> None:
        """End a login and begin another of the same user, in one commit."""
        async with self.database.hot(session.tenant) as connection:
            ended = await connection.fetchrow(_REVOKE, session.id)
            if ended is None:
                raise Unauthenticated("the session has ended; log in again")
            await connection.execute(_TENANT, str(new.tenant))
            digest = ended["digest"] if new.refresh is None else None
            await _create(connection, new, digest, now)

    async def of_user(self, user: UUID) -> list[SessionRef]:
        """List the logins of a user in all tenants, oldest first, ended ones too."""
        try:
            rows = await self.database.app.fetch(_OF_USER, user)
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        return [SessionRef(row["id"], row["tenant_id"], row["ends_at"]) for row in rows]

    async def find_refresh(self, digest: bytes, now: datetime) -> Refresh | None:
        """Look up a refresh token, of any tenant, by the SHA-256 of it; a used one is found too."""
        row = await self._look_up(_FIND_REFRESH, digest)
        session = _holding(row, now)
        if row is None or session is None:
            return None
        return Refresh(row["token_id"], row["used"], session)

    async def renew(
        self, refresh: Refresh, digest: bytes, idle_until: datetime, now: datetime
    ) -> bool:
        """Use a refresh token: the next one is known by `digest`, and its login holds on."""
        session = refresh.session
        async with self.database.hot(session.tenant) as connection:
            # Of two at once the second waits here, and then finds it used.
            if await connection.fetchval(_USE, refresh.id, now) is None:
                return False
            await connection.execute(_NEXT, new_id(), session.tenant, session.id, digest, now)
            await connection.execute(_EXTEND, session.id, idle_until)
        return True

    async def _look_up(self, statement: str, wanted: object) -> Record | None:
        try:
            return await self.database.app.fetchrow(statement, wanted)
        except AWAY as exc:
            raise DatabaseUnavailable from exc


async def _create(
    connection: Connection, session: NewSession, digest: bytes | None, now: datetime
) -> None:
    await connection.execute(
        _CREATE,
        session.id,
        session.tenant,
        session.user,
        digest,
        session.idle_until,
        session.ends_at,
        now,
    )
    await connection.execute(_SEEN, session.user, now.date())
    if session.refresh is not None:
        await connection.execute(_NEXT, new_id(), session.tenant, session.id, session.refresh, now)


def _holding(row: Record | None, now: datetime) -> Session | None:
    if row is None:
        return None
    found = Session(
        id=row["id"],
        tenant=row["tenant_id"],
        tenant_name=row["tenant_name"],
        user=row["user_id"],
        email=row["email"],
        role=Role(row["role"]),
        idle_until=row["idle_until"],
        ends_at=row["ends_at"],
        must_change=row["must_change"],
        renews=row["renews"],
    )
    return found if found.holds(now) else None

"""Sessions in PostgreSQL: they outlive a restart, and every process of core knows them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sutazai.core.identity.sessions.port import NewSession, Session
from sutazai.records.database import AWAY, Database
from sutazai_contracts.errors import DatabaseUnavailable

# Functions that may look at the sessions of all tenants; the asking role may not.
_FIND = "SELECT * FROM find_session($1)"
_GET = "SELECT * FROM get_session($1)"
_FORGET = "DELETE FROM sessions WHERE user_id = $1 AND (ends_at <= $2 OR idle_until <= $2)"
_CREATE = """
INSERT INTO sessions (id, tenant_id, user_id, digest, idle_until, ends_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_EXTEND = "UPDATE sessions SET idle_until = $2 WHERE id = $1"
_REVOKE = "DELETE FROM sessions WHERE id = $1"


@dataclass(frozen=True, slots=True)
class SqlSessions:
    """Keep logins in PostgreSQL; a look-up is one statement of the application's role."""

    database: Database

    async def create(self, session: NewSession, now: datetime) -> None:
        """Write a login; those of its user that have ended are forgotten."""
        async with self.database.hot(session.tenant) as connection:
            await connection.execute(_FORGET, session.user, now)
            await connection.execute(
                _CREATE,
                session.id,
                session.tenant,
                session.user,
                session.digest,
                session.idle_until,
                session.ends_at,
                now,
            )

    async def find(self, digest: bytes, now: datetime) -> Session | None:
        """Look up a login, of any tenant, by the SHA-256 of its secret."""
        return await self._look_up(_FIND, digest, now)

    async def get(self, session: UUID, now: datetime) -> Session | None:
        """Look up a login, of any tenant, by its id."""
        return await self._look_up(_GET, session, now)

    async def extend(self, session: Session, idle_until: datetime) -> None:
        """Let a login hold until then if it is not used; one that was revoked stays so."""
        async with self.database.hot(session.tenant) as connection:
            await connection.execute(_EXTEND, session.id, idle_until)

    async def revoke(self, session: Session) -> None:
        """End a login at once."""
        async with self.database.hot(session.tenant) as connection:
            await connection.execute(_REVOKE, session.id)

    async def _look_up(self, statement: str, wanted: object, now: datetime) -> Session | None:
        try:
            row = await self.database.app.fetchrow(statement, wanted)
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        if row is None:
            return None
        found = Session(
            id=row["id"],
            tenant=row["tenant_id"],
            tenant_name=row["tenant_name"],
            user=row["user_id"],
            email=row["email"],
            role=row["role"],
            idle_until=row["idle_until"],
            ends_at=row["ends_at"],
        )
        return found if found.holds(now) else None

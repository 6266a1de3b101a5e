"""Sessions with Redis before their record, for the look-up that each request makes."""

import json
from datetime import datetime
from uuid import UUID

from redis.asyncio import Redis

from sutazai.adapters.redis_client import RedisLink, RedisLost
from sutazai.core.identity.rights import Role
from sutazai.core.identity.sessions.port import (
    NewSession,
    Refresh,
    Session,
    SessionRef,
    Sessions,
)

PREFIX = "sutazai:session:"
# How long a session is taken from Redis before the record is asked again.
KEPT_S = 60
# Longer than a look-up of the record takes: one that began before a session was revoked must not
# put it back.
REVOKED_S = 2 * KEPT_S
_REVOKED = b"revoked"


class RedisSessions:
    """Keep logins in their record, and those in use in Redis as well.

    The record is asked where Redis does not know a session, or does not answer. What is revoked
    while Redis is lost is refused here from then on, and told to Redis when it is back.
    """

    def __init__(self, link: RedisLink, record: Sessions) -> None:
        """Take the way to Redis, and the record."""
        self._link, self._record = link, record
        self._untold: dict[UUID, datetime] = {}

    async def create(self, session: NewSession, now: datetime) -> None:
        """Write a login; those of its user that have ended are forgotten."""
        await self._record.create(session, now)

    async def find(self, digest: bytes, now: datetime) -> Session | None:
        """Look up a login, of any tenant, by the SHA-256 of its secret: the record knows."""
        return await self._record.find(digest, now)

    async def get(self, session: UUID, now: datetime) -> Session | None:
        """Look up a login, of any tenant, by its id."""
        if session in self._untold:
            await self._tell(now)
            return None
        try:
            kept = await self._link.ask(lambda client: client.get(_key(session)))
        except RedisLost:
            return await self._record.get(session, now)
        if kept == _REVOKED:
            return None
        if kept is not None and (known := _read(kept)).holds(now):
            return known
        found = await self._record.get(session, now)
        if found is not None:
            await self._keep(found)
        return found

    async def extend(self, session: Session, idle_until: datetime) -> None:
        """Let a login hold until then if it is not used; one that was revoked stays so."""
        await self._record.extend(session, idle_until)
        # The copy that is kept ends earlier, and then the record is asked: nothing is wrong by it.

    async def revoke(self, session: Session | SessionRef) -> None:
        """End a login at once, for everyone who shows it."""
        await self._record.revoke(session)
        await self._ended(session)

    async def replace(self, session: Session, new: NewSession, now: datetime) -> None:
        """End a login and begin another of the same user, in one commit."""
        await self._record.replace(session, new, now)
        await self._ended(session)

    async def of_user(self, user: UUID) -> list[SessionRef]:
        """List the logins of a user in all tenants: the record knows."""
        return await self._record.of_user(user)

    async def find_refresh(self, digest: bytes, now: datetime) -> Refresh | None:
        """Look up a refresh token, of any tenant, by the SHA-256 of it: the record knows."""
        return await self._record.find_refresh(digest, now)

    async def renew(
        self, refresh: Refresh, digest: bytes, idle_until: datetime, now: datetime
    ) -> bool:
        """Use a refresh token; the copy of its login ends earlier, as in `extend`."""
        return await self._record.renew(refresh, digest, idle_until, now)

    async def _ended(self, session: Session | SessionRef) -> None:
        self._untold[session.id] = session.ends_at
        await self._tell(None)

    async def _keep(self, session: Session) -> None:
        text = json.dumps(_written(session))

        async def keep(client: Redis) -> None:
            # Not over what says that it was revoked meanwhile.
            await client.set(_key(session.id), text, ex=KEPT_S, nx=True)

        try:
            await self._link.ask(keep)
        except RedisLost:
            return

    async def _tell(self, now: datetime | None) -> None:
        """Tell Redis what was revoked; what it may not keep any more need not be told."""
        if now is not None:
            self._untold = {one: ends for one, ends in self._untold.items() if ends > now}
        untold = list(self._untold)

        async def tell(client: Redis) -> None:
            async with client.pipeline(transaction=False) as pipeline:
                for session in untold:
                    # A pipeline queues it, and is itself what comes back.
                    _ = pipeline.set(_key(session), _REVOKED, ex=REVOKED_S)
                await pipeline.execute()

        try:
            if untold:
                await self._link.ask(tell)
        except RedisLost:
            return
        for session in untold:
            self._untold.pop(session, None)


def _key(session: UUID) -> str:
    return f"{PREFIX}{session}"


def _written(session: Session) -> dict[str, str | bool]:
    return {
        "must_change": session.must_change,
        "renews": session.renews,
        "id": str(session.id),
        "tenant": str(session.tenant),
        "tenant_name": session.tenant_name,
        "user": str(session.user),
        "email": session.email,
        "role": session.role,
        "idle_until": session.idle_until.isoformat(),
        "ends_at": session.ends_at.isoformat(),
    }


def _read(kept: bytes | str) -> Session:
    said = json.loads(kept)
    return Session(
        id=UUID(said["id"]),
        tenant=UUID(said["tenant"]),
        tenant_name=said["tenant_name"],
        user=UUID(said["user"]),
        email=said["email"],
        role=Role(said["role"]),
        idle_until=datetime.fromisoformat(said["idle_until"]),
        ends_at=datetime.fromisoformat(said["ends_at"]),
        # One that an older core kept says neither.
        must_change=said.get("must_change", False),
        renews=said.get("renews", False),
    )

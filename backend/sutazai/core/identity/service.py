"""Identity: who shows a key, and what the first start makes."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from argon2 import PasswordHasher

from sutazai.core.identity.model import Caller, FirstCredentials
from sutazai.core.identity.passwords import make_password
from sutazai.core.identity.ports import IdentityRecords, NewTenant
from sutazai.core.identity.rights import of_key
from sutazai_contracts.errors import Unauthenticated
from sutazai_contracts.identifiers import new_id

ADMIN = "admin@sutazai.local"
# 256 random bits as 43 characters: too many to guess, so a plain digest of it is kept.
KEY_PREFIX = "sk_"
_KEY = re.compile(rf"{KEY_PREFIX}[A-Za-z0-9_-]{{43}}")
_KEY_BYTES = 32
_SHOWN = 7


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key with its secret, and what is kept and shown of it."""

    secret: str
    prefix: str
    digest: bytes


def make_key() -> MadeKey:
    """Make a key."""
    secret = f"{KEY_PREFIX}{secrets.token_urlsafe(_KEY_BYTES)}"
    return MadeKey(secret, secret[:_SHOWN], _digest(secret))


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Identity:
    """Know who asks.

    Args:
        records: whose keys there are.
        now: the clock.
    """

    records: IdentityRecords
    now: Callable[[], datetime] = _now

    async def authenticate(self, key: str, address: str = "") -> Caller:
        """Tell whose key this is, and what it is good for.

        One statement; the first use on a day takes another, which writes the day down.

        Raises:
            Unauthenticated: it is nobody's, was revoked, is past its time, or is of somebody who
                may not get in any more.
        """
        if not _KEY.fullmatch(key):
            raise Unauthenticated
        found, now = await self.records.find_key(_digest(key)), self.now()
        if found is None or (found.expires_at is not None and found.expires_at <= now):
            raise Unauthenticated
        if found.last_used_on is None or found.last_used_on < now.date():
            await self.records.touch_key(found.tenant, found.id, now.date())
        grants = of_key(found.role, found.scopes)
        return Caller(found.tenant, found.user, found.id, grants, address)

    async def tenants(self) -> list[UUID]:
        """List every tenant, oldest first."""
        return await self.records.tenants()

    async def first_start(
        self, keep: Callable[[FirstCredentials], None], tenant_name: str = "default"
    ) -> FirstCredentials | None:
        """Make the first tenant with its administrator and a key; nothing where there is one.

        Args:
            keep: writes the credentials down for good, in a thread. It is called before the
                commit, so that no tenant exists whose key nobody has; what it wrote earlier, for
                a start that did not come to its commit, is void and to be replaced.
            tenant_name: name of the tenant.
        """
        if await self.records.tenants():
            return None
        key = make_key()
        first = FirstCredentials(
            tenant=new_id(), email=ADMIN, password=make_password(), api_key=key.secret
        )
        tenant = NewTenant(
            id=first.tenant,
            name=tenant_name,
            user=new_id(),
            email=first.email,
            password_hash=await asyncio.to_thread(PasswordHasher().hash, first.password),
            api_key=new_id(),
            api_key_prefix=key.prefix,
            api_key_digest=key.digest,
        )
        made = await self.records.create_first(tenant, lambda: asyncio.to_thread(keep, first))
        return first if made else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()

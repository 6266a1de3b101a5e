"""Identity: who shows a key, and what the first start makes."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from argon2 import PasswordHasher

from sutazai.core.identity.model import Caller, FirstCredentials
from sutazai.core.identity.ports import IdentityRecords, NewTenant
from sutazai_contracts.errors import Unauthenticated
from sutazai_contracts.identifiers import new_id

ADMIN = "admin@sutazai.local"
# 256 random bits as 43 characters: too many to guess, so a plain digest of it is kept.
KEY_PREFIX = "sk_"
_KEY = re.compile(rf"{KEY_PREFIX}[A-Za-z0-9_-]{{43}}")
_KEY_BYTES = 32
_SHOWN = 7
_PASSWORD_BYTES = 18


@dataclass(frozen=True, slots=True)
class Identity:
    """Know who asks."""

    records: IdentityRecords

    async def authenticate(self, key: str) -> Caller:
        """Tell whose key this is.

        Raises:
            Unauthenticated: it is nobody's, or was revoked.
        """
        if not _KEY.fullmatch(key):
            raise Unauthenticated
        caller = await self.records.find_key(_digest(key))
        if caller is None:
            raise Unauthenticated
        return caller

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
        first = FirstCredentials(
            tenant=new_id(),
            email=ADMIN,
            password=secrets.token_urlsafe(_PASSWORD_BYTES),
            api_key=f"{KEY_PREFIX}{secrets.token_urlsafe(_KEY_BYTES)}",
        )
        tenant = NewTenant(
            id=first.tenant,
            name=tenant_name,
            user=new_id(),
            email=first.email,
            password_hash=await asyncio.to_thread(PasswordHasher().hash, first.password),
            api_key=new_id(),
            api_key_prefix=first.api_key[:_SHOWN],
            api_key_digest=_digest(first.api_key),
        )
        made = await self.records.create_first(tenant, lambda: asyncio.to_thread(keep, first))
        return first if made else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()

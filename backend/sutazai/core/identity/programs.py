"""Logins of programs: a password gives tokens, and a refresh token the next ones, once.

The names are those of RFC 6749 (§5.1, §6) and RFC 7009. It is no OAuth: RFC 9700 §2.4 keeps its
password grant from clients of third parties, and there are none here. What it says of refresh
tokens (§4.14.2: each is used once, and one that comes again ends the grant) is what is done.
"""

from dataclasses import dataclass
from uuid import UUID

from sutazai.core.identity.audit import Event
from sutazai.core.identity.login import (
    ENDED,
    WRONG,
    Access,
    Login,
    digest_of,
    is_secret,
    new_secret,
)
from sutazai.core.identity.sessions.port import Refresh
from sutazai_contracts.errors import Unauthenticated


@dataclass(frozen=True, slots=True)
class ProgramLogins:
    """Let programs in and out that act for a person."""

    login: Login

    async def begin(self, email: str, password: str, tenant: UUID | None, address: str) -> Access:
        """Begin a session; `tenant`: which of theirs, None: the one that a login leads to.

        Raises:
            RateLimited: too many tries; says when the next one is taken.
            Unauthenticated: no such user, not their password, or not their tenant.
        """
        login = self.login
        account, secret = await login.check(email, password, address), new_secret()
        wanted = tenant or account.tenant
        if wanted != account.tenant:
            theirs = await login.records.memberships(account.user)
            if not any(one.tenant == wanted and not one.disabled for one in theirs):
                raise Unauthenticated(WRONG)
        new = login.new_session(wanted, account.user, refresh=digest_of(secret))
        await login.sessions.create(new, login.now())
        session = await login.sessions.get(new.id, login.now())
        if session is None:
            raise Unauthenticated(WRONG)
        await login.came(session, address)
        return login.access(session, secret)

    async def refresh(self, token: str, address: str) -> Access:
        """Give the next tokens for a refresh token; one that was used before ends its session.

        Raises:
            Unauthenticated: it is none, was used, or its session has ended.
        """
        login, secret, now = self.login, new_secret(), self.login.now()
        found = await self._find(token)
        if found is None:
            raise Unauthenticated(ENDED)
        idle_until = now + login.lifetime.idle
        # Whoever has used it, thief or owner, the other one holds it now too.
        if found.used or not await login.sessions.renew(found, digest_of(secret), idle_until, now):
            await self._reused(found, address)
            raise Unauthenticated("the refresh token was used before; log in again")
        return login.access(found.session, secret)

    async def end(self, token: str, address: str) -> None:
        """End the session of a refresh token; what is none is let pass (RFC 7009 §2.2)."""
        found = await self._find(token)
        if found is not None:
            await self.login.end_session(found.session, address)

    async def _find(self, token: str) -> Refresh | None:
        if not is_secret(token):
            return None
        return await self.login.sessions.find_refresh(digest_of(token), self.login.now())

    async def _reused(self, found: Refresh, address: str) -> None:
        login, session = self.login, found.session
        await login.sessions.revoke(session)
        entry = login.audit.entry(
            Event.REFRESH_REUSED, actor=None, address=address, subject=str(session.user)
        )
        await login.audit.append(session.tenant, entry)

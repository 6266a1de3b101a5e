"""Login: a password begins a session, a session gives access tokens, until it ends."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sutazai.core.identity.model import Caller
from sutazai.core.identity.passwords import Passwords
from sutazai.core.identity.ports import IdentityRecords
from sutazai.core.identity.sessions.port import NewSession, Session, Sessions
from sutazai.core.identity.tokens import Claims, Tokens
from sutazai.core.limits.port import Limits, Rate
from sutazai_contracts.errors import RateLimited, Unauthenticated
from sutazai_contracts.identifiers import new_id

# 256 random bits as 43 characters: too many to guess, so a plain digest of it is kept.
_SECRET_BYTES = 32
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
WRONG = "the e-mail address or the password is wrong"
_ENDED = "the session has ended; log in again"
# Tries of one account from one address: whoever goes on waits longer and longer.
_PAIR = (Rate(5, 5.0), Rate(15, 60.0), Rate(40, 900.0))
# Of one account from anywhere, and from one address at any accounts.
_ACCOUNT = (Rate(50, 30.0), Rate(300, 900.0))
_ADDRESS = (Rate(50, 5.0), Rate(500, 300.0))
# A session is used every few minutes; what it gains by that is written now and then.
_EXTEND_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session holds unused, and at most."""

    idle: timedelta = timedelta(hours=12)
    longest: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Access:
    """An access token, good for some seconds, and whose it is."""

    token: str
    expires_in: int
    session: Session


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Login:
    """Let users in and out.

    Args:
        records: who the users are.
        sessions: who is logged in.
        limits: how often one may try.
        tokens: signs access tokens.
        lifetime: of sessions.
        now: the clock.
    """

    records: IdentityRecords
    sessions: Sessions
    limits: Limits
    tokens: Tokens
    lifetime: Lifetime = Lifetime()
    now: Callable[[], datetime] = _now
    passwords: Passwords = field(default_factory=Passwords)

    async def begin(self, email: str, password: str, address: str) -> tuple[str, Session]:
        """Begin a session; gives the secret by which it is known, shown this once.

        Args:
            email: in any case, with any space around it.
            password: as it was typed.
            address: where the try comes from.

        Raises:
            RateLimited: too many tries; says when the next one is taken.
            Unauthenticated: no such user, or not their password; it does not say which.
        """
        email = email.strip().lower()
        tried = _tries(email, address)
        for key, rate in tried:
            decision = await self.limits.take(key, rate)
            if not decision.allowed:
                raise RateLimited(
                    "too many tries to log in; wait a little before the next one",
                    retry_after_s=decision.retry_after_s,
                )
        account = None if "\x00" in email else await self.records.find_account(email)
        password_hash = account.password_hash if account is not None else None
        if not await self.passwords.check(password, password_hash) or account is None:
            raise Unauthenticated(WRONG)
        # Those of the address stay: else a user of it could have a guess at others for nothing.
        for key, _ in tried[: len(_PAIR)]:
            await self.limits.forget(key)
        return await self._begin(account.tenant, account.user)

    async def _begin(self, tenant: UUID, user: UUID) -> tuple[str, Session]:
        now, secret = self.now(), secrets.token_urlsafe(_SECRET_BYTES)
        new = NewSession(
            id=new_id(),
            tenant=tenant,
            user=user,
            digest=_digest(secret),
            idle_until=now + self.lifetime.idle,
            ends_at=now + self.lifetime.longest,
        )
        await self.sessions.create(new, now)
        return secret, await self._find(secret)

    async def exchange(self, secret: str) -> Access:
        """Give an access token for a session's secret; the session counts as used.

        Raises:
            Unauthenticated: there is no such session, or it has ended.
        """
        session, now = await self._find(secret), self.now()
        idle_until = now + self.lifetime.idle
        if idle_until - session.idle_until > min(_EXTEND_AFTER, self.lifetime.idle / 10):
            await self.sessions.extend(session, idle_until)
        claims = Claims(session=session.id, user=session.user, tenant=session.tenant)
        return Access(self.tokens.sign(claims, now), self.tokens.access_s, session)

    async def authenticate(self, token: str) -> Caller:
        """Tell whose access token this is.

        Raises:
            Unauthenticated: it is none, is past its time, or its session has ended.
        """
        now = self.now()
        claims = self.tokens.read(token, now)
        session = await self.sessions.get(claims.session, now)
        if session is None or (session.user, session.tenant) != (claims.user, claims.tenant):
            raise Unauthenticated(_ENDED)
        return Caller(tenant=session.tenant, user=session.user, shown=session.id)

    async def end(self, secret: str) -> None:
        """End a session, known by its secret; one that has ended is let pass."""
        if _SECRET.fullmatch(secret):
            session = await self.sessions.find(_digest(secret), self.now())
            if session is not None:
                await self.sessions.revoke(session)

    async def end_of(self, caller: Caller) -> None:
        """End the session that a caller's access token is of; where it is none, nothing happens."""
        session = await self.sessions.get(caller.shown, self.now())
        if session is not None:
            await self.sessions.revoke(session)

    async def _find(self, secret: str) -> Session:
        if not _SECRET.fullmatch(secret):
            raise Unauthenticated(_ENDED)
        session = await self.sessions.find(_digest(secret), self.now())
        if session is None:
            raise Unauthenticated(_ENDED)
        return session


def _tries(email: str, address: str) -> list[tuple[str, Rate]]:
    """Give what one try is counted by; addresses of people are no names of keys."""
    account = hashlib.sha256(email.encode("utf-8", "replace")).hexdigest()[:32]
    named = ((f"{account}:{address}", _PAIR), (account, _ACCOUNT), (address, _ADDRESS))
    return [
        (f"login:{key}:{stage}", rate) for key, rates in named for stage, rate in enumerate(rates)
    ]


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

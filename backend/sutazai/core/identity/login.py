"""Login: a password begins a session, a session gives access tokens, until it ends."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sutazai.core.identity.audit import Audit, Event
from sutazai.core.identity.model import Account, Caller
from sutazai.core.identity.passwords import Passwords
from sutazai.core.identity.ports import IdentityRecords
from sutazai.core.identity.rights import of_login
from sutazai.core.identity.sessions.port import NewSession, Session, Sessions
from sutazai.core.identity.tokens import Claims, Tokens
from sutazai.core.limits.port import Limits, Rate
from sutazai_contracts.errors import RateLimited, Unauthenticated
from sutazai_contracts.identifiers import new_id

# 256 random bits as 43 characters: too many to guess, so a plain digest of it is kept.
_SECRET_BYTES = 32
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
WRONG = "the e-mail address or the password is wrong"
ENDED = "the session has ended; log in again"
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
    """An access token, good for some seconds, and whose it is.

    `refresh_token` is what a program gets the next one by.
    """

    token: str
    expires_in: int
    session: Session
    refresh_token: str | None = None


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
        audit: is told who came and went.
        lifetime: of sessions.
        now: the clock.
    """

    records: IdentityRecords
    sessions: Sessions
    limits: Limits
    tokens: Tokens
    audit: Audit
    lifetime: Lifetime = Lifetime()
    now: Callable[[], datetime] = _now
    passwords: Passwords = field(default_factory=Passwords)

    async def begin(self, email: str, password: str, address: str) -> tuple[str, Session]:
        """Begin a browser's session; gives the secret by which it is known, shown this once.

        Args:
            email: in any case, with any space around it.
            password: as it was typed.
            address: where the try comes from.

        Raises:
            RateLimited: too many tries; says when the next one is taken.
            Unauthenticated: no such user, or not their password; it does not say which.
        """
        account, secret = await self.check(email, password, address), new_secret()
        new = self.new_session(account.tenant, account.user, digest=digest_of(secret))
        await self.sessions.create(new, self.now())
        session = await self._find(secret)
        await self.came(session, address)
        return secret, session

    async def check(self, email: str, password: str, address: str) -> Account:
        """Tell whose address and password these are; too many tries are slowed.

        Raises:
            RateLimited: too many tries; says when the next one is taken.
            Unauthenticated: no such user, or not their password; it does not say which.
        """
        email = email.strip().lower()
        tried = await self.slow_down(email, address)
        account = None if "\x00" in email else await self.records.find_account(email)
        password_hash = account.password_hash if account is not None else None
        right = await self.passwords.check(password, password_hash)
        if not right or account is None or self._spent(account):
            await self._failed(account, address)
            raise Unauthenticated(WRONG)
        # Those of the address stay: else a user of it could have a guess at others for nothing.
        for key, _ in tried[: len(_PAIR)]:
            await self.limits.forget(key)
        return account

    async def slow_down(self, email: str, address: str) -> list[tuple[str, Rate]]:
        """Count a try of a password; gives what it was counted by.

        Raises:
            RateLimited: there were too many; says when the next one is taken.
        """
        tried = _tries(email, address)
        for key, rate in tried:
            decision = await self.limits.take(key, rate)
            if not decision.allowed:
                raise RateLimited(
                    "too many tries to log in; wait a little before the next one",
                    retry_after_s=decision.retry_after_s,
                )
        return tried

    def _spent(self, account: Account) -> bool:
        return account.one_time_until is not None and account.one_time_until <= self.now()

    async def _failed(self, account: Account | None, address: str) -> None:
        """Write a failure down, also one of nobody's: it has to take as long as somebody's.

        What is nobody's stands in the log of the first tenant, without what was typed: that might
        be a password.
        """
        tenant = account.tenant if account is not None else await self._first_tenant()
        subject = None if account is None else str(account.user)
        entry = self.audit.entry(Event.LOGIN_FAILED, actor=None, address=address, subject=subject)
        if tenant is not None:
            await self.audit.append(tenant, entry)

    async def _first_tenant(self) -> UUID | None:
        return next(iter(await self.records.tenants()), None)

    def new_session(
        self,
        tenant: UUID,
        user: UUID,
        *,
        digest: bytes | None = None,
        refresh: bytes | None = None,
        ends_at: datetime | None = None,
    ) -> NewSession:
        """Make a session that begins now; `ends_at` where it goes on for another one."""
        now = self.now()
        return NewSession(
            id=new_id(),
            tenant=tenant,
            user=user,
            digest=digest,
            idle_until=now + self.lifetime.idle,
            ends_at=ends_at or now + self.lifetime.longest,
            refresh=refresh,
        )

    async def came(self, session: Session, address: str) -> None:
        """Write down that somebody logged in."""
        by = "token" if session.renews else "form"
        entry = self.audit.entry(
            Event.LOGIN_OK, actor=session.user, address=address, subject=str(session.user), by=by
        )
        await self.audit.append(session.tenant, entry)

    async def exchange(self, secret: str) -> Access:
        """Give an access token for a session's secret; the session counts as used.

        Raises:
            Unauthenticated: there is no such session, or it has ended.
        """
        session, now = await self._find(secret), self.now()
        idle_until = now + self.lifetime.idle
        if idle_until - session.idle_until > min(_EXTEND_AFTER, self.lifetime.idle / 10):
            await self.sessions.extend(session, idle_until)
        return self.access(session)

    def access(self, session: Session, refresh_token: str | None = None) -> Access:
        """Make an access token of a session."""
        claims = Claims(session=session.id, user=session.user, tenant=session.tenant)
        token = self.tokens.sign(claims, self.now())
        return Access(token, self.tokens.access_s, session, refresh_token)

    async def authenticate(self, token: str, address: str = "") -> Caller:
        """Tell whose access token this is, and what they may do.

        Raises:
            Unauthenticated: it is none, is past its time, or its session has ended.
        """
        now = self.now()
        claims = self.tokens.read(token, now)
        session = await self.sessions.get(claims.session, now)
        if session is None or (session.user, session.tenant) != (claims.user, claims.tenant):
            raise Unauthenticated(ENDED)
        must_change = session.must_change
        grants = of_login(session.role, must_change=must_change)
        return Caller(
            session.tenant, session.user, session.id, grants, address, must_change=must_change
        )

    async def end(self, secret: str, address: str) -> None:
        """End a session, known by its secret; one that has ended is let pass."""
        if is_secret(secret):
            session = await self.sessions.find(digest_of(secret), self.now())
            await self.end_session(session, address)

    async def end_of(self, caller: Caller) -> None:
        """End the session that a caller's access token is of; where it is none, nothing happens."""
        session = await self.sessions.get(caller.shown, self.now())
        await self.end_session(session, caller.address)

    async def end_session(self, session: Session | None, address: str) -> None:
        """End a session, if there is one, and write it down."""
        if session is not None:
            await self.sessions.revoke(session)
            entry = self.audit.entry(
                Event.LOGOUT, actor=session.user, address=address, subject=str(session.user)
            )
            await self.audit.append(session.tenant, entry)

    async def end_all(
        self, user: UUID, *, tenant: UUID | None = None, but: UUID | None = None
    ) -> int:
        """End the sessions of a user, in a tenant or in all, but for one; gives how many."""
        ending = [
            one
            for one in await self.sessions.of_user(user)
            if one.id != but and tenant in (None, one.tenant)
        ]
        for one in ending:
            await self.sessions.revoke(one)
        return len(ending)

    async def _find(self, secret: str) -> Session:
        if not is_secret(secret):
            raise Unauthenticated(ENDED)
        session = await self.sessions.find(digest_of(secret), self.now())
        if session is None:
            raise Unauthenticated(ENDED)
        return session


def new_secret() -> str:
    """Make a secret that nobody guesses."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def is_secret(text: str) -> bool:
    """Tell whether a text has the form of such a secret."""
    return _SECRET.fullmatch(text) is not None


def digest_of(secret: str) -> bytes:
    """Give the SHA-256 of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def _tries(email: str, address: str) -> list[tuple[str, Rate]]:
    """Give what one try is counted by; addresses of people are no names of keys."""
    account = hashlib.sha256(email.encode("utf-8", "replace")).hexdigest()[:32]
    named = ((f"{account}:{address}", _PAIR), (account, _ACCOUNT), (address, _ADDRESS))
    return [
        (f"login:{key}:{stage}", rate) for key, rates in named for stage, rate in enumerate(rates)
    ]

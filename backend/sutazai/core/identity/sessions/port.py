"""Logins that hold: each is known by a secret that its owner alone has, and by an id."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sutazai.core.identity.rights import Role


@dataclass(frozen=True, slots=True)
class Session:
    """A login that holds: whose it is, and until when.

    It ends at `idle_until` unless it is used before, and at `ends_at` however much it is used.
    `must_change`: the password was a one-time one. `renews`: a program's, by refresh tokens; the
    others are browsers', by their cookie.
    """

    id: UUID
    tenant: UUID
    tenant_name: str
    user: UUID
    email: str
    role: Role
    idle_until: datetime
    ends_at: datetime
    must_change: bool = False
    renews: bool = False

    def holds(self, now: datetime) -> bool:
        """Tell whether it has not ended yet."""
        return now < self.idle_until and now < self.ends_at


@dataclass(frozen=True, slots=True)
class NewSession:
    """A login about to be written; of its secret the SHA-256 alone is kept.

    It is known by `digest`, that of a cookie, or by `refresh`, that of its first refresh token.
    """

    id: UUID
    tenant: UUID
    user: UUID
    digest: bytes | None
    idle_until: datetime
    ends_at: datetime
    refresh: bytes | None = None


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token, whether it was used before, and the login that it renews."""

    id: UUID
    used: bool
    session: Session


@dataclass(frozen=True, slots=True)
class SessionRef:
    """As much of a login as it takes to end it."""

    id: UUID
    tenant: UUID
    ends_at: datetime


class Sessions(Protocol):
    """Keep logins. All raise `DatabaseUnavailable` where their record does not answer.

    What was revoked, or has ended by the time that is given, is never found. A login of who is no
    member of its tenant any more, or may not get in, is not found either; by its id it may be for
    a minute longer, so whoever takes rights away revokes too.
    """

    async def create(self, session: NewSession, now: datetime) -> None:
        """Write a login; those of its user that have ended are forgotten."""

    async def find(self, digest: bytes, now: datetime) -> Session | None:
        """Look up a login, of any tenant, by the SHA-256 of its secret."""

    async def get(self, session: UUID, now: datetime) -> Session | None:
        """Look up a login, of any tenant, by its id: the way of each request, so it is cheap."""

    async def extend(self, session: Session, idle_until: datetime) -> None:
        """Let a login hold until then if it is not used; one that was revoked stays so."""

    async def revoke(self, session: Session | SessionRef) -> None:
        """End a login at once, for everyone who shows it; one that has ended is let pass."""

    async def replace(self, session: Session, new: NewSession, now: datetime) -> None:
        """End a login and begin another of the same user, in one commit.

        A `new` without a refresh token takes over the cookie's secret.

        Raises:
            Unauthenticated: it has ended already; nothing begins then.
        """

    async def of_user(self, user: UUID) -> list[SessionRef]:
        """List the logins of a user in all tenants, oldest first, ended ones too."""

    async def find_refresh(self, digest: bytes, now: datetime) -> Refresh | None:
        """Look up a refresh token, of any tenant, by the SHA-256 of it; a used one is found too."""

    async def renew(
        self, refresh: Refresh, digest: bytes, idle_until: datetime, now: datetime
    ) -> bool:
        """Use a refresh token: the next one is known by `digest`, and its login holds on.

        Returns:
            False where it was used before; nothing is changed then.
        """

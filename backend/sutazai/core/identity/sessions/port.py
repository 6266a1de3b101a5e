"""Logins that hold: each is known by a secret that only the browser has, and by an id."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Session:
    """A login that holds: whose it is, and until when.

    It ends at `idle_until` unless it is used before, and at `ends_at` however much it is used.
    """

    id: UUID
    tenant: UUID
    tenant_name: str
    user: UUID
    email: str
    role: str
    idle_until: datetime
    ends_at: datetime

    def holds(self, now: datetime) -> bool:
        """Tell whether it has not ended yet."""
        return now < self.idle_until and now < self.ends_at


@dataclass(frozen=True, slots=True)
class NewSession:
    """A login about to be written; of its secret the SHA-256 alone is kept."""

    id: UUID
    tenant: UUID
    user: UUID
    digest: bytes
    idle_until: datetime
    ends_at: datetime


class Sessions(Protocol):
    """Keep logins. All raise `DatabaseUnavailable` where their record does not answer.

    What was revoked, or has ended by the time that is given, is never found.
    """

    async def create(self, session: NewSession, now: datetime) -> None:
        """Write a login; those of its user that have ended are forgotten."""

    async def find(self, digest: bytes, now: datetime) -> Session | None:
        """Look up a login, of any tenant, by the SHA-256 of its secret."""

    async def get(self, session: UUID, now: datetime) -> Session | None:
        """Look up a login, of any tenant, by its id: the way of each request, so it is cheap."""

    async def extend(self, session: Session, idle_until: datetime) -> None:
        """Let a login hold until then if it is not used; one that was revoked stays so."""

    async def revoke(self, session: Session) -> None:
        """End a login at once, for everyone who shows it; one that has ended is let pass."""

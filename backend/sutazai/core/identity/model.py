"""Who asks: a tenant, and what was shown: an API key, or an access token of a session."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sutazai.core.identity.rights import Need, Role, Scope
from sutazai_contracts.errors import Forbidden, PasswordChangeDue


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request is from, and what they may do.

    `shown` is the API key's id, or that of the login's session; `address` is where it comes from.
    """

    tenant: UUID
    user: UUID
    shown: UUID
    grants: frozenset[Need] = frozenset()
    address: str = ""
    must_change: bool = False

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Give the scopes this caller has."""
        return tuple(scope for scope in Scope if Need(scope) in self.grants)

    def allow(self, need: Need) -> None:
        """Let pass who may do what needs this.

        Raises:
            PasswordChangeDue: they would have to change their password before.
            Forbidden: they may not.
        """
        if need in self.grants:
            return
        if self.must_change:
            raise PasswordChangeDue
        raise Forbidden(_LACKS[need].format(need=need))


_SCOPE = "this needs the right `{need}`, which neither your role nor your key gives"
_LACKS = {
    Need.ANY: "this is for those who are known here",
    Need.READ: _SCOPE,
    Need.WRITE: _SCOPE,
    Need.ADMIN: _SCOPE,
    Need.ACCOUNT: "this is for people who logged in, and for keys with the right `admin`",
    Need.LOGIN: "this is for people who logged in; no key will do",
}


@dataclass(frozen=True, slots=True)
class FoundKey:
    """An API key as it was looked up: whose it is, how far it goes and until when."""

    id: UUID
    tenant: UUID
    user: UUID
    role: Role
    scopes: tuple[Scope, ...]
    expires_at: datetime | None
    last_used_on: date | None


@dataclass(frozen=True, slots=True)
class Account:
    """A user as a login needs to know them.

    `tenant` is the one a login leads to; `home` the one that the account was made in.
    `one_time_until` says until when the password holds that somebody else made.
    """

    user: UUID
    tenant: UUID
    home: UUID
    password_hash: str
    one_time_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """What a user is in one of their tenants."""

    tenant: UUID
    name: str
    role: Role
    disabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A user as those see them who look after a tenant."""

    id: UUID
    email: str
    role: Role
    disabled: bool
    one_time_password: bool
    created_at: datetime
    last_login_on: date | None
    home: UUID


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key that holds, without its secret."""

    id: UUID
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    user: UUID
    email: str
    created_at: datetime
    expires_at: datetime | None
    last_used_on: date | None


@dataclass(frozen=True, slots=True)
class FirstCredentials:
    """What the first start made; the key and the password are shown once, in a file."""

    tenant: UUID
    email: str
    password: str
    api_key: str

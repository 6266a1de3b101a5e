"""Who asks: a tenant, and what was shown: an API key, or an access token of a session."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request is from; `shown` is the API key's id, or that of the login's session."""

    tenant: UUID
    user: UUID
    shown: UUID


@dataclass(frozen=True, slots=True)
class Account:
    """A user as a login needs to know them."""

    user: UUID
    tenant: UUID
    password_hash: str


@dataclass(frozen=True, slots=True)
class FirstCredentials:
    """What the first start made; the key and the password are shown once, in a file."""

    tenant: UUID
    email: str
    password: str
    api_key: str

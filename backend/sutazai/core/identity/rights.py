"""Rights: what roles and scopes allow, and what an operation may need."""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """What somebody is in a tenant."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class Scope(StrEnum):
    """What a key may be good for; each stands for itself, none holds another."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Need(StrEnum):
    """What an operation needs of who asks for it.

    ANY: to be known. READ, WRITE, ADMIN: the scope. ACCOUNT, for what is one's own: a login of any
    role, or a key that may do all that is an administrator's. LOGIN: a login, so no key.
    """

    ANY = "any"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    ACCOUNT = "account"
    LOGIN = "login"


SCOPES: dict[Role, frozenset[Scope]] = {
    Role.ADMIN: frozenset(Scope),
    Role.MEMBER: frozenset({Scope.READ, Scope.WRITE}),
    Role.VIEWER: frozenset({Scope.READ}),
}


def of_login(role: Role, *, must_change: bool) -> frozenset[Need]:
    """Give what a login is good for.

    Args:
        role: of who logged in.
        must_change: whether they did with a one-time password, which opens nothing but the change.
    """
    if must_change:
        return frozenset({Need.ANY, Need.LOGIN})
    return frozenset({Need.ANY, Need.LOGIN, Need.ACCOUNT, *map(Need, SCOPES[role])})


def of_key(role: Role, scopes: Iterable[Scope]) -> frozenset[Need]:
    """Give what a key is good for: never more than whose it is may do now."""
    allowed = SCOPES[role] & frozenset(scopes)
    account = {Need.ACCOUNT} if Scope.ADMIN in allowed else set()
    return frozenset({Need.ANY, *account, *map(Need, allowed)})

"""Identity put together: who gets in, and those who look after that."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sutazai.core.identity.audit import Audit
from sutazai.core.identity.guesses import Guesses
from sutazai.core.identity.keys import Keys
from sutazai.core.identity.login import Lifetime, Login
from sutazai.core.identity.people import People
from sutazai.core.identity.profile import Profile
from sutazai.core.identity.programs import ProgramLogins
from sutazai.core.identity.sessions.port import Sessions
from sutazai.core.identity.tokens import Tokens
from sutazai.core.identity.users import Users
from sutazai.core.limits.port import Limits
from sutazai.records.audit import SqlAudit
from sutazai.records.database import Database
from sutazai.records.identity import SqlIdentity
from sutazai.records.keys import SqlKeys
from sutazai.records.users import SqlUsers
from sutazai.settings import Settings


def wire_login(
    settings: Settings,
    database: Database,
    sessions: Sessions,
    limits: Limits,
    token_secret: bytes,
) -> Login:
    """Put the login together; `token_secret` signs access tokens, the same in all processes."""
    return Login(
        records=SqlIdentity(database, ""),
        sessions=sessions,
        limits=limits,
        tokens=Tokens(token_secret),
        audit=Audit(SqlAudit(database), settings.login.audit_addresses),
        lifetime=Lifetime(settings.login.idle, settings.login.longest),
    )


def wire_people(
    login: Login, database: Database, furnish: Callable[[UUID], Awaitable[None]]
) -> People:
    """Put together what looks after people; `furnish` gives a new tenant what each one has."""
    users = SqlUsers(database)
    return People(
        users=Users(users, login),
        keys=Keys(SqlKeys(database), login.audit, login.now),
        profile=Profile(login, users, users, furnish),
        programs=ProgramLogins(login),
        audit=login.audit,
        guesses=Guesses(login.limits),
    )

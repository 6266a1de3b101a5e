"""What people do about their own account: password, logins, the tenants they are in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from sutazai.core.identity.audit import Event
from sutazai.core.identity.login import ENDED, Access, Login, digest_of, new_secret
from sutazai.core.identity.model import Caller, Membership
from sutazai.core.identity.passwords import check_new
from sutazai.core.identity.ports import TenantRecords, UserRecords
from sutazai.core.identity.rights import Role
from sutazai.core.identity.sessions.port import Session
from sutazai_contracts.errors import InvalidInput, NotFound, Unauthenticated
from sutazai_contracts.identifiers import new_id


@dataclass(frozen=True, slots=True)
class Known:
    """Who somebody is in the tenant that they work in."""

    email: str
    role: Role
    tenant_name: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Let people look after their own account.

    Args:
        login: knows who they are.
        users: keeps their password.
        tenants: keeps the tenants they make.
        furnish: gives a new tenant what every tenant has.
    """

    login: Login
    users: UserRecords
    tenants: TenantRecords
    furnish: Callable[[UUID], Awaitable[None]]

    async def session(self, caller: Caller) -> Session:
        """Give the login that a caller's access token is of.

        Raises:
            Unauthenticated: it has ended.
        """
        session = await self.login.sessions.get(caller.shown, self.login.now())
        if session is None:
            raise Unauthenticated(ENDED)
        return session

    async def who(self, caller: Caller) -> Known:
        """Tell who the caller is, by a login or by a key.

        Raises:
            Unauthenticated: they are no member here any more.
        """
        session = await self.login.sessions.get(caller.shown, self.login.now())
        if session is not None:
            return Known(session.email, session.role, session.tenant_name)
        member = await self.users.member(caller.tenant, caller.user)
        for one in await self.login.records.memberships(caller.user):
            if one.tenant == caller.tenant:
                return Known(member.email, one.role, one.name)
        raise Unauthenticated

    async def change_password(self, caller: Caller, old: str, new: str) -> Access:
        """Change the caller's own password; every other login ends, this one gets a new token.

        Raises:
            InvalidInput: the old one is wrong, or the new one too careless; names the field.
            RateLimited: too many tries; says when the next one is taken.
        """
        session, login = await self.session(caller), self.login
        try:
            account = await login.check(session.email, old, caller.address)
        except Unauthenticated as exc:
            raise InvalidInput("is not your password", field="old_password") from exc
        check_new(new, session.email, "new_password")
        if new == old:
            raise InvalidInput("is the password you have", field="new_password")
        hashed = await login.passwords.hash(new)
        entry = login.audit.by(caller, Event.PASSWORD_CHANGED, str(caller.user))
        await self.users.set_password(
            account.home, caller.user, hashed, None, tenant=caller.tenant, entry=entry
        )
        access = await self._replace(session, caller.tenant)
        await login.end_all(caller.user, but=access.session.id)
        return access

    async def switch(self, caller: Caller, tenant: UUID) -> Access:
        """Let a login go on in another tenant of the caller's; tokens made before end at once.

        Raises:
            NotFound: they are in no such tenant.
        """
        session = await self.session(caller)
        theirs = await self.login.records.memberships(caller.user)
        if not any(one.tenant == tenant and not one.disabled for one in theirs):
            raise NotFound("you are in no tenant of this id")
        return await self._replace(session, tenant)

    async def _replace(self, session: Session, tenant: UUID) -> Access:
        login = self.login
        secret = new_secret() if session.renews else None
        new = login.new_session(
            tenant,
            session.user,
            refresh=None if secret is None else digest_of(secret),
            ends_at=session.ends_at,
        )
        await login.sessions.replace(session, new, login.now())
        begun = await login.sessions.get(new.id, login.now())
        if begun is None:
            raise Unauthenticated(ENDED)
        return login.access(begun, secret)

    async def log_out_everywhere(self, caller: Caller) -> None:
        """End every login of the caller, in every tenant."""
        ended = await self.login.end_all(caller.user)
        entry = self.login.audit.by(caller, Event.LOGOUT_EVERYWHERE, str(caller.user), logins=ended)
        await self.login.audit.append(caller.tenant, entry)

    async def memberships(self, caller: Caller) -> list[Membership]:
        """List the tenants that the caller may work in, oldest first."""
        theirs = await self.login.records.memberships(caller.user)
        return [one for one in theirs if not one.disabled]

    async def make_tenant(self, caller: Caller, name: str) -> Membership:
        """Make a tenant; the caller is its administrator.

        Raises:
            AlreadyExists: there is one of that name.
        """
        tenant = new_id()
        entry = self.login.audit.by(caller, Event.TENANT_MADE, str(tenant))
        made = await self.tenants.create_tenant(tenant, name, caller.user, entry)
        await self.furnish(tenant)
        return made

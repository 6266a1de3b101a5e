"""The users of a tenant, as its administrators look after them."""

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sutazai.core.identity.audit import Detail, Event
from sutazai.core.identity.login import Login
from sutazai.core.identity.model import Caller, Member
from sutazai.core.identity.passwords import check_new, make_password
from sutazai.core.identity.ports import NewUser, UserRecords
from sutazai.core.identity.rights import Role
from sutazai.core.pages import Page, decode_cursor, encode_cursor
from sutazai_contracts.errors import AlreadyExists, Forbidden, InvalidInput
from sutazai_contracts.identifiers import new_id

# What mail servers take as an address is wider; what people have is this (RFC 5321 §4.5.3.1).
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")
_LONGEST_EMAIL = 254
# How long a password holds that somebody else made.
ONE_TIME = timedelta(days=7)
_THERE = "somebody has that address already"


@dataclass(frozen=True, slots=True)
class MadeUser:
    """A user who was made, with the password that is shown this once; None: there is none."""

    user: Member
    password: str | None


@dataclass(frozen=True, slots=True)
class Users:
    """Look after the users of a tenant.

    Args:
        records: where they stand.
        login: knows and ends their logins.
    """

    records: UserRecords
    login: Login

    async def page(self, caller: Caller, limit: int, cursor: str | None) -> Page[Member]:
        """List users by address."""
        after = None if cursor is None else decode_cursor(cursor)
        found = await self.records.members(caller.tenant, limit + 1, after)
        more, shown = len(found) > limit, found[:limit]
        return Page(shown, encode_cursor(shown[-1].email) if more else None)

    async def get(self, caller: Caller, user: UUID) -> Member:
        """Give a user; `NotFound` where this tenant has none of this id."""
        return await self.records.member(caller.tenant, user)

    async def create(
        self, caller: Caller, email: str, role: Role, password: str | None
    ) -> MadeUser:
        """Make a user, with a one-time password where none is chosen.

        Somebody of a tenant that the caller looks after too becomes a member of this one as they
        are, and keeps their password.

        Raises:
            InvalidInput: the address is none, or the password too careless.
            AlreadyExists: the address is somebody's of here, or of whom the caller does not look
                after.
        """
        email = email.strip().lower()
        if len(email) > _LONGEST_EMAIL or not _EMAIL.fullmatch(email):
            raise InvalidInput("is no e-mail address", field="email")
        if password is not None:
            check_new(password, email, "password")
        known = await self.login.records.find_account(email)
        if known is not None:
            await self._admit(caller, known.user, known.home, role)
            return MadeUser(await self.get(caller, known.user), None)
        chosen = password or make_password()
        now = self.login.now()
        new = NewUser(
            id=new_id(),
            email=email,
            password_hash=await self.login.passwords.hash(chosen),
            role=role,
            one_time_until=now + ONE_TIME if password is None else None,
        )
        entry = self.login.audit.by(caller, Event.USER_MADE, str(new.id), role=role.value)
        await self.records.create(caller.tenant, new, entry)
        made = await self.get(caller, new.id)
        return MadeUser(made, chosen if password is None else None)

    async def _admit(self, caller: Caller, user: UUID, home: UUID, role: Role) -> None:
        if home == caller.tenant or home not in await self._looks_after(caller):
            raise AlreadyExists(_THERE, field="email")
        entry = self.login.audit.by(caller, Event.USER_MADE, str(user), role=role.value, known=True)
        await self.records.admit(caller.tenant, user, role, entry)

    async def change(
        self, caller: Caller, user: UUID, role: Role | None, disabled: bool | None
    ) -> Member:
        """Change what a user is here; their logins here end, and keys go as far as the new role.

        Raises:
            NotFound: this tenant has none of this id.
            Conflict: nobody would be left who looks after it.
        """
        details: dict[str, Detail] = {}
        if role is not None:
            details["role"] = role.value
        if disabled is not None:
            details["disabled"] = disabled
        entry = self.login.audit.by(caller, Event.USER_CHANGED, str(user), **details)
        await self.records.change(caller.tenant, user, role, disabled, entry)
        await self.login.end_all(user, tenant=caller.tenant)
        return await self.get(caller, user)

    async def reset_password(self, caller: Caller, user: UUID) -> MadeUser:
        """Give a user a new one-time password, shown this once; their logins end.

        Raises:
            NotFound: this tenant has none of this id.
            Forbidden: it would open a tenant that the caller does not look after.
        """
        member = await self.get(caller, user)
        theirs = {one.tenant for one in await self.login.records.memberships(user)}
        if not theirs <= await self._looks_after(caller):
            raise Forbidden(
                "they are in a tenant that you do not look after: they change it themselves"
            )
        password = make_password()
        hashed, until = await self.login.passwords.hash(password), self.login.now() + ONE_TIME
        entry = self.login.audit.by(caller, Event.PASSWORD_RESET, str(user))
        await self.records.set_password(
            member.home, user, hashed, until, tenant=caller.tenant, entry=entry
        )
        await self.login.end_all(user)
        return MadeUser(await self.get(caller, user), password)

    async def remove(self, caller: Caller, user: UUID) -> None:
        """Remove a user from this tenant, with their keys and logins; the rest stays.

        Raises:
            NotFound: this tenant has none of this id.
            Conflict: nobody would be left who looks after it.
        """
        # What is told to the caches has to be known before it is gone.
        ending = [
            one for one in await self.login.sessions.of_user(user) if one.tenant == caller.tenant
        ]
        entry = self.login.audit.by(caller, Event.USER_REMOVED, str(user))
        await self.records.remove(caller.tenant, user, entry)
        for session in ending:
            await self.login.sessions.revoke(session)

    async def _looks_after(self, caller: Caller) -> set[UUID]:
        return {
            one.tenant
            for one in await self.login.records.memberships(caller.user)
            if one.role is Role.ADMIN and not one.disabled
        }

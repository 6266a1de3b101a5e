"""API keys: made with the rights they need, shown once, revoked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sutazai.core.identity.audit import Audit, Event
from sutazai.core.identity.model import ApiKey, Caller
from sutazai.core.identity.ports import KeyRecords, NewKey
from sutazai.core.identity.rights import Need, Scope
from sutazai.core.identity.service import make_key
from sutazai.core.pages import Page, decode_cursor, encode_cursor
from sutazai_contracts.errors import Forbidden, InvalidInput
from sutazai_contracts.identifiers import new_id


@dataclass(frozen=True, slots=True)
class Keys:
    """Look after API keys: everyone after their own, an administrator after all.

    Args:
        records: where they stand.
        audit: is told what was made and revoked.
        now: the clock.
    """

    records: KeyRecords
    audit: Audit
    now: Callable[[], datetime]

    async def page(
        self, caller: Caller, limit: int, cursor: str | None, *, everybodys: bool
    ) -> Page[ApiKey]:
        """List keys that hold, newest first: the caller's, or everybody's.

        Raises:
            Forbidden: everybody's are for administrators.
        """
        if everybodys:
            caller.allow(Need.ADMIN)
        whose = None if everybodys else caller.user
        after = None if cursor is None else _id(decode_cursor(cursor))
        found = await self.records.keys(caller.tenant, whose, self.now(), limit + 1, after)
        more, shown = len(found) > limit, found[:limit]
        return Page(shown, encode_cursor(str(shown[-1].id)) if more else None)

    async def create(
        self, caller: Caller, name: str, scopes: frozenset[Scope], days: int | None
    ) -> tuple[ApiKey, str]:
        """Make a key of the caller's; gives it with its secret, which is shown this once.

        Raises:
            Forbidden: a right is asked for that the caller does not have.
        """
        if missing := sorted(scopes - set(caller.scopes)):
            raise Forbidden(f"you can't give what you don't have: {', '.join(missing)}")
        made, now = make_key(), self.now()
        new = NewKey(
            id=new_id(),
            name=name,
            prefix=made.prefix,
            digest=made.digest,
            scopes=tuple(scope for scope in Scope if scope in scopes),
            expires_at=None if days is None else now + timedelta(days=days),
        )
        entry = self.audit.by(
            caller,
            Event.KEY_MADE,
            str(new.id),
            scopes=[scope.value for scope in new.scopes],
            days=days,
        )
        key = await self.records.create_key(caller.tenant, caller.user, new, entry)
        return key, made.secret

    async def revoke(self, caller: Caller, key: UUID) -> None:
        """Revoke a key: the caller's own, or by an administrator anybody's of the tenant.

        Raises:
            NotFound: no such key of theirs holds.
        """
        whose = None if Need.ADMIN in caller.grants else caller.user
        entry = self.audit.by(caller, Event.KEY_REVOKED, str(key))
        await self.records.revoke_key(caller.tenant, whose, key, entry)


def _id(position: str) -> UUID:
    try:
        return UUID(position)
    except ValueError as exc:
        raise InvalidInput("this cursor was not given by this list", field="cursor") from exc

"""The audit log: who got in, or took data out; chained so that no entry changes unseen."""

import hashlib
import ipaddress
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, Protocol
from uuid import UUID

from sutazai.core.identity.model import Caller
from sutazai.core.pages import Page, decode_cursor, encode_cursor
from sutazai_contracts.errors import InvalidInput

# What the hash before the first entry's is taken to be.
START = bytes(32)
Detail = str | int | bool | None | list[str]
Addresses = Literal["coarse", "full", "none"]
# Of an address this much is kept: a provider's customers, or a site, and no single person.
_IPV4_KEPT, _IPV6_KEPT = 24, 48


class Event(StrEnum):
    """What may happen."""

    LOGIN_OK = "login.ok"
    LOGIN_FAILED = "login.failed"
    LOGOUT = "logout"
    LOGOUT_EVERYWHERE = "logout.everywhere"
    REFRESH_REUSED = "refresh.reused"
    KEY_MADE = "key.made"
    KEY_REVOKED = "key.revoked"
    USER_MADE = "user.made"
    USER_CHANGED = "user.changed"
    USER_REMOVED = "user.removed"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105
    PASSWORD_RESET = "password.reset"  # noqa: S105
    TENANT_MADE = "tenant.made"
    DATA_EXPORTED = "data.exported"
    DATA_IMPORTED = "data.imported"


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened: who did it, to what, and from where; no names, no addresses of persons."""

    at: datetime
    event: str
    actor: UUID | None
    subject: str | None
    address: str | None
    details: Mapping[str, Detail]


@dataclass(frozen=True, slots=True)
class Chained:
    """An entry of a tenant's log, with its place in the chain."""

    tenant: UUID
    seq: int
    entry: Entry
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a chain holds: up to where, and what is wrong at the first place where it does not.

    `head` is the last hash that holds: noted elsewhere it shows later whether the end was cut off.
    """

    ok: bool
    entries: int
    head: bytes
    broken_at: int | None = None
    reason: str | None = None


class AuditRecords(Protocol):
    """The log's record: it adds and reads. All raise `DatabaseUnavailable` where it is away."""

    async def append(self, tenant: UUID, entry: Entry) -> None:
        """Add an entry, chained to the last one."""

    async def page(
        self, tenant: UUID, limit: int, before: int | None, event: Event | None
    ) -> list[Chained]:
        """List entries, newest first, those before a number, of one event or of all."""

    def oldest_first(self, tenant: UUID) -> AsyncIterator[Chained]:
        """Give all entries in order, as they are kept."""


def chain(tenant: UUID, seq: int, entry: Entry, previous: bytes) -> bytes:
    """Give the SHA-256 (FIPS 180-4) over the hash before and the entry's canonical JSON.

    A chain of hashes as Haber and Stornetta's (1991): each entry fixes all that came before it.
    Canonical is RFC 8785 (JCS) for what entries hold, strings, integers, booleans and lists of
    them: names sorted, no white space, UTF-8.
    """
    content = {
        "tenant": str(tenant),
        "seq": seq,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "event": entry.event,
        "actor": None if entry.actor is None else str(entry.actor),
        "subject": entry.subject,
        "address": entry.address,
        "details": entry.details,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + text.encode("utf-8", "surrogatepass")).digest()


@dataclass(slots=True)
class Verifier:
    """Follow a chain entry by entry; the first that does not fit ends it."""

    tenant: UUID
    entries: int = 0
    head: bytes = START

    def wrong(self, found: Chained) -> str | None:
        """Take the next entry; gives what is wrong with it, or None."""
        if found.seq != self.entries + 1:
            return f"entry {self.entries + 1} is missing: {found.seq} comes in its place"
        if found.previous != self.head:
            return "it does not follow from the entry before it"
        if chain(self.tenant, found.seq, found.entry, found.previous) != found.hash:
            return "what it says was changed"
        self.entries, self.head = found.seq, found.hash
        return None


def verify(tenant: UUID, entries: Iterable[Chained]) -> Verdict:
    """Tell whether entries, oldest first, are a whole chain."""
    follower = Verifier(tenant)
    for found in entries:
        if (reason := follower.wrong(found)) is not None:
            return Verdict(False, follower.entries, follower.head, found.seq, reason)
    return Verdict(True, follower.entries, follower.head)


def shown_address(address: str, kept: Addresses) -> str | None:
    """Give what is kept of an address; of what is none, nothing."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if kept == "none":
        return None
    if kept == "full":
        return str(parsed)
    bits = _IPV4_KEPT if parsed.version == 4 else _IPV6_KEPT
    return str(ipaddress.ip_network(f"{parsed}/{bits}", strict=False))


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Audit:
    """Keep and read the audit log.

    Args:
        records: where it stands.
        addresses: how much of a client's address is kept.
        now: the clock.
    """

    records: AuditRecords
    addresses: Addresses = "coarse"
    now: Callable[[], datetime] = field(default=_now)

    def entry(
        self,
        event: Event,
        *,
        actor: UUID | None,
        address: str,
        subject: str | None = None,
        **details: Detail,
    ) -> Entry:
        """Make an entry of what happens now."""
        kept = shown_address(address, self.addresses)
        return Entry(self.now(), event, actor, subject, kept, details)

    def by(self, caller: Caller, event: Event, subject: str | None, **details: Detail) -> Entry:
        """Make an entry of what a caller does now."""
        return self.entry(
            event, actor=caller.user, address=caller.address, subject=subject, **details
        )

    async def append(self, tenant: UUID, entry: Entry) -> None:
        """Write an entry down."""
        await self.records.append(tenant, entry)

    async def page(
        self, tenant: UUID, limit: int, cursor: str | None, event: Event | None
    ) -> Page[Chained]:
        """List entries, newest first.

        Raises:
            InvalidInput: the cursor is none of this list.
        """
        before = None if cursor is None else _number(decode_cursor(cursor))
        found = await self.records.page(tenant, limit + 1, before, event)
        shown = found[:limit]
        more = len(found) > limit
        return Page(shown, encode_cursor(str(shown[-1].seq)) if more else None)

    async def verify(self, tenant: UUID) -> Verdict:
        """Tell whether a tenant's whole log is as it was written."""
        follower = Verifier(tenant)
        async for found in self.records.oldest_first(tenant):
            if (reason := follower.wrong(found)) is not None:
                return Verdict(False, follower.entries, follower.head, found.seq, reason)
        return Verdict(True, follower.entries, follower.head)


def _number(position: str) -> int:
    if position.isascii() and position.isdigit() and len(position) < 19:
        return int(position)
    raise InvalidInput("this cursor was not given by this list", field="cursor")

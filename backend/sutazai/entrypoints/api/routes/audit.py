"""The audit log: read and verified by those who look after the tenant."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field

from sutazai.core.identity.audit import Chained, Event
from sutazai.core.identity.rights import Need
from sutazai.entrypoints.api.dependencies import (
    CallerOf,
    PageQuery,
    PlatformOf,
    keyed_router,
    needs,
)
from sutazai.entrypoints.api.shapes import Given, Listing

router = keyed_router("/api/v1/audit", "people")


class EntryShape(Given):
    """Something that happened, with its place in the chain."""

    seq: int
    at: datetime
    event: str
    actor: UUID | None = Field(description="The user who did it; null: it is not known who.")
    subject: str | None = Field(description="The id of what it was done to.")
    address: str | None = Field(
        description="Where from, as much as SUTAZAI_AUDIT_ADDRESSES keeps of it."
    )
    details: Any
    previous: str = Field(description="The hash of the entry before, in hex.")
    hash: str = Field(description="SHA-256 over `previous` and the entry, in hex.")


class VerdictShape(Given):
    """Whether the log is as it was written."""

    ok: bool
    entries: int = Field(description="How many of them hold.")
    head: str = Field(
        description="The hash of the last one that holds: note it elsewhere, and you will see "
        "whether the end was cut off."
    )
    broken_at: int | None = Field(description="The first that does not hold.")
    reason: str | None


class AuditQuery(PageQuery):
    """A page of what happened, of one kind or of all."""

    event: Event | None = None


@router.get(
    "",
    dependencies=[needs(Need.ADMIN)],
    summary="Read the audit log, newest first",
    response_description="A page of entries.",
)
async def read_audit(
    platform: PlatformOf, caller: CallerOf, page: Annotated[AuditQuery, Query()]
) -> Listing[EntryShape]:
    """List logins and failures, changes of users, keys and tenants, exports and imports."""
    found = await platform.people.audit.page(caller.tenant, page.limit, page.cursor, page.event)
    return Listing(items=[_shape(one) for one in found.items], next=found.next)


@router.get(
    "/verification",
    dependencies=[needs(Need.ADMIN)],
    summary="Verify the audit log",
    response_description="What came of it.",
)
async def verify_audit(platform: PlatformOf, caller: CallerOf) -> VerdictShape:
    """Follow the whole chain of hashes; what was changed, removed or moved is found."""
    verdict = await platform.people.audit.verify(caller.tenant)
    return VerdictShape(
        ok=verdict.ok,
        entries=verdict.entries,
        head=verdict.head.hex(),
        broken_at=verdict.broken_at,
        reason=verdict.reason,
    )


def _shape(found: Chained) -> EntryShape:
    entry = found.entry
    return EntryShape(
        seq=found.seq,
        at=entry.at,
        event=entry.event,
        actor=entry.actor,
        subject=entry.subject,
        address=entry.address,
        details=entry.details,
        previous=found.previous.hex(),
        hash=found.hash.hex(),
    )

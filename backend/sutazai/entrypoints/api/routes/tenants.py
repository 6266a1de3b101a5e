"""Tenants: those one works in, and new ones."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import ConfigDict, Field, StringConstraints

from sutazai.core.identity.model import Membership
from sutazai.core.identity.rights import Need, Role
from sutazai.entrypoints.api.dependencies import CallerOf, PlatformOf, keyed_router, needs
from sutazai.entrypoints.api.openapi import problems
from sutazai.entrypoints.api.shapes import Given, Listing, Taken, Words

router = keyed_router("/api/v1/tenants", "people")


class TenantShape(Given):
    """A tenant, and what one is in it."""

    id: UUID
    name: str
    role: Role
    current: bool = Field(description="Whether this request is of it.")
    created_at: datetime = Field(description="When one became a member.")


class NewTenantBody(Taken):
    """A tenant to make."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Research"}]})

    name: Annotated[Words, StringConstraints(max_length=100)]


@router.get(
    "",
    dependencies=[needs(Need.ACCOUNT)],
    summary="List one's tenants",
    response_description="All of them.",
)
async def list_tenants(platform: PlatformOf, caller: CallerOf) -> Listing[TenantShape]:
    """List the tenants that one is a member of, oldest membership first."""
    theirs = await platform.people.profile.memberships(caller)
    return Listing(items=[_shape(one, caller.tenant) for one in theirs])


@router.post(
    "",
    dependencies=[needs(Need.ADMIN)],
    status_code=201,
    summary="Make a tenant",
    responses=problems(409, 413, _409="There is one of that name."),
    response_description="The tenant.",
)
async def create_tenant(
    body: NewTenantBody, platform: PlatformOf, caller: CallerOf, response: Response
) -> TenantShape:
    """Make a tenant; you look after it. `POST /api/v1/session/tenant` leads there."""
    made = await platform.people.profile.make_tenant(caller, body.name.strip())
    response.headers["Cache-Control"] = "no-store"
    return _shape(made, caller.tenant)


def _shape(membership: Membership, current: UUID) -> TenantShape:
    return TenantShape(
        id=membership.tenant,
        name=membership.name,
        role=membership.role,
        current=membership.tenant == current,
        created_at=membership.created_at,
    )

"""API keys: made with the rights they need, shown once, listed by prefix, revoked."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from sutazai.core.identity.rights import Need, Scope
from sutazai.entrypoints.api.dependencies import (
    CallerOf,
    PageQuery,
    PlatformOf,
    keyed_router,
    needs,
)
from sutazai.entrypoints.api.openapi import location, problems
from sutazai.entrypoints.api.shapes import Given, Listing, Taken, Words

router = keyed_router("/api/v1/keys", "people")
_NEW: JsonDict = {"name": "nightly import", "scopes": ["read", "write"], "expires_in_days": 90}


class KeyShape(Given):
    """An API key that holds, without its secret."""

    id: UUID
    name: str
    prefix: str = Field(description="How it begins.")
    scopes: tuple[Scope, ...]
    user: UUID = Field(description="Whose it is: it does no more than they may.")
    email: str
    created_at: datetime
    expires_at: datetime | None
    last_used_on: date | None = Field(description="To the day, by UTC.")


class NewKeyBody(Taken):
    """A key to make."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEW]})

    name: Annotated[Words, StringConstraints(max_length=100)]
    scopes: frozenset[Annotated[Scope, Field(strict=False)]] = Field(min_length=1, strict=False)
    expires_in_days: int | None = Field(
        default=None, ge=1, le=3650, description="Null: it holds until it is revoked."
    )


class MadeKeyShape(Given):
    """A key and its secret, which is shown this once."""

    key: KeyShape
    secret: str = Field(description="To be sent as `Authorization: Bearer …`.")


class KeysQuery(PageQuery):
    """A page of one's own keys, or of everybody's."""

    all: bool = Field(default=False, description="Everybody's of the tenant: for administrators.")


@router.get(
    "",
    dependencies=[needs(Need.ACCOUNT)],
    summary="List API keys",
    response_description="A page of keys.",
)
async def list_keys(
    platform: PlatformOf, caller: CallerOf, page: Annotated[KeysQuery, Query()]
) -> Listing[KeyShape]:
    """List keys that hold, newest first."""
    keys = platform.people.keys
    found = await keys.page(caller, page.limit, page.cursor, everybodys=page.all)
    return Listing[KeyShape].model_validate(found)


@router.post(
    "",
    dependencies=[needs(Need.ACCOUNT)],
    status_code=201,
    summary="Make an API key",
    responses=problems(413) | location(201, "key"),
    response_description="The key with its secret.",
)
async def create_key(
    body: NewKeyBody, platform: PlatformOf, caller: CallerOf, response: Response
) -> MadeKeyShape:
    """Make a key for oneself; it can't do what its maker can't, now or later."""
    key, secret = await platform.people.keys.create(
        caller, body.name, body.scopes, body.expires_in_days
    )
    response.headers["Location"] = f"/api/v1/keys/{key.id}"
    response.headers["Cache-Control"] = "no-store"
    return MadeKeyShape(key=KeyShape.model_validate(key), secret=secret)


@router.delete(
    "/{key}",
    dependencies=[needs(Need.ACCOUNT)],
    summary="Revoke an API key",
    status_code=204,
    responses=problems(404),
    response_description="It holds no more.",
)
async def revoke_key(key: UUID, platform: PlatformOf, caller: CallerOf) -> None:
    """Revoke a key at once: one's own, or as an administrator anybody's of the tenant."""
    await platform.people.keys.revoke(caller, key)

"""Sessions as programs use them: who is logged in, access tokens, other tenants, the end."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from sutazai.core.identity.login import Access
from sutazai.core.identity.rights import SCOPES, Need
from sutazai.entrypoints.api.dependencies import (
    CallerOf,
    PlatformOf,
    address_of,
    keyed_router,
    needs,
)
from sutazai.entrypoints.api.openapi import problems
from sutazai.entrypoints.api.shapes import AccessShape, Taken, UserShape
from sutazai_contracts.errors import Unauthenticated

router = APIRouter(
    prefix="/api/v1/session", tags=["session"], responses=problems(401, 413, 422, 429, 503)
)
keyed = keyed_router("/api/v1", "session")
_EXAMPLE = "8Jt1Zp0mY3cVbW6uQ9sKxH2dLrNfTgEaPo5iXyUwR7k"
_TENANT = "0199c0de-7a7a-7000-8000-000000000001"
_CHANGE: JsonDict = {
    "old_password": "correct horse battery",
    "new_password": "staple of another kind",
}


class SessionSecret(Taken):
    """What a browser holds of its session."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"session": _EXAMPLE}]})

    session: str = Field(
        min_length=1, max_length=200, description="Value of the cookie `sutazai_session`."
    )


class OtherTenant(Taken):
    """The tenant to go on in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tenant": _TENANT}]})

    tenant: UUID = Field(strict=False, description="One of those that `GET /api/v1/tenants` lists.")


class NewPassword(Taken):
    """The password there is, and the one that takes its place."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHANGE]})

    old_password: str = Field(max_length=1024)
    new_password: str = Field(max_length=1024, description="12 characters or more.")


def access_shape(access: Access, response: Response) -> AccessShape:
    """Give tokens as the API does, and see that nobody keeps the answer."""
    response.headers["Cache-Control"] = "no-store"
    session = access.session
    scopes = () if session.must_change else SCOPES[session.role]
    user = UserShape(
        id=session.user,
        email=session.email,
        role=session.role,
        tenant=session.tenant,
        tenant_name=session.tenant_name,
        scopes=tuple(sorted(scopes)),
        must_change_password=session.must_change,
    )
    return AccessShape(
        access_token=access.token,
        expires_in=access.expires_in,
        refresh_token=access.refresh_token,
        user=user,
    )


@router.post(
    "/token",
    summary="Exchange a session for an access token",
    response_description="The token and whose it is.",
)
async def create_token(
    body: SessionSecret, request: Request, platform: PlatformOf, response: Response
) -> AccessShape:
    """Give a short-lived access token, which every operation takes as it takes an API key.

    For servers that a browser's request reached with the cookie of a login, such as the dashboard.
    It counts as use of the session. A token stops working with its session, before its time if
    need be.
    """
    guesses, address = platform.people.guesses, address_of(request)
    guesses.turn_away(address, body.session)
    try:
        access = await platform.login.exchange(body.session)
    except Unauthenticated:
        await guesses.wrong(address, body.session)
        raise
    guesses.good(body.session)
    return access_shape(access, response)


@keyed.get(
    "/session",
    dependencies=[needs(Need.ANY)],
    summary="Who asks, and what they may do",
    response_description="Who it is.",
)
async def read_session(platform: PlatformOf, caller: CallerOf) -> UserShape:
    """Give the user whose access token or API key is shown, their tenant, role and rights."""
    known = await platform.people.profile.who(caller)
    return UserShape(
        id=caller.user,
        email=known.email,
        role=known.role,
        tenant=caller.tenant,
        tenant_name=known.tenant_name,
        scopes=tuple(sorted(caller.scopes)),
        must_change_password=caller.must_change,
    )


@keyed.delete(
    "/session",
    dependencies=[needs(Need.ANY)],
    summary="End the session",
    status_code=204,
    response_description="It ended.",
)
async def end_session(platform: PlatformOf, caller: CallerOf) -> None:
    """End the session that the access token is of, everywhere and at once.

    An API key is of no session: shown here, it changes nothing.
    """
    await platform.login.end_of(caller)


@keyed.delete(
    "/sessions",
    dependencies=[needs(Need.ACCOUNT)],
    summary="Log out everywhere",
    status_code=204,
    response_description="All sessions ended.",
)
async def end_sessions(platform: PlatformOf, caller: CallerOf) -> None:
    """End every session of this user at once: browsers' and programs', in all their tenants."""
    await platform.people.profile.log_out_everywhere(caller)


@keyed.post(
    "/session/tenant",
    dependencies=[needs(Need.LOGIN)],
    summary="Go on in another tenant",
    responses=problems(404, 413, _404="You are in no tenant of this id."),
    response_description="Tokens of the session in that tenant.",
)
async def switch_tenant(
    body: OtherTenant, platform: PlatformOf, caller: CallerOf, response: Response
) -> AccessShape:
    """Let this login go on in another of one's tenants; tokens made before end at once.

    The cookie of a browser stays good. A program gets its next refresh token here.
    """
    return access_shape(await platform.people.profile.switch(caller, body.tenant), response)


@keyed.post(
    "/password",
    dependencies=[needs(Need.LOGIN)],
    summary="Change one's password",
    responses=problems(413),
    response_description="Tokens of this session, which goes on.",
)
async def change_password(
    body: NewPassword, platform: PlatformOf, caller: CallerOf, response: Response
) -> AccessShape:
    """Change the password of whoever asks; all their other sessions end, and tokens made before."""
    profile = platform.people.profile
    access = await profile.change_password(caller, body.old_password, body.new_password)
    return access_shape(access, response)

"""Sessions as programs use them: an access token for a session's secret, and the end of one."""

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from sutazai.entrypoints.api.dependencies import CallerOf, PlatformOf, keyed_router
from sutazai.entrypoints.api.openapi import problems
from sutazai.entrypoints.api.shapes import AccessShape, Taken, UserShape

router = APIRouter(
    prefix="/api/v1/session", tags=["session"], responses=problems(401, 413, 422, 503)
)
keyed = keyed_router("/api/v1/session", "session")
_EXAMPLE = "8Jt1Zp0mY3cVbW6uQ9sKxH2dLrNfTgEaPo5iXyUwR7k"


class SessionSecret(Taken):
    """What a browser holds of its session."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"session": _EXAMPLE}]})

    session: str = Field(
        min_length=1, max_length=200, description="Value of the cookie `sutazai_session`."
    )


@router.post(
    "/token",
    summary="Exchange a session for an access token",
    response_description="The token and whose it is.",
)
async def create_token(
    body: SessionSecret, platform: PlatformOf, response: Response
) -> AccessShape:
    """Give a short-lived access token, which every operation takes as it takes an API key.

    For servers that a browser's request reached with the cookie of a login, such as the dashboard.
    It counts as use of the session. A token stops working with its session, before its time if
    need be.
    """
    access = await platform.login.exchange(body.session)
    response.headers["Cache-Control"] = "no-store"
    session = access.session
    user = UserShape(
        id=session.user,
        email=session.email,
        role=session.role,
        tenant=session.tenant,
        tenant_name=session.tenant_name,
    )
    return AccessShape(access_token=access.token, expires_in=access.expires_in, user=user)


@keyed.delete("", summary="End the session", status_code=204, response_description="It ended.")
async def end_session(platform: PlatformOf, caller: CallerOf) -> None:
    """End the session that the access token is of, everywhere and at once.

    An API key is of no session: shown here, it changes nothing.
    """
    await platform.login.end_of(caller)

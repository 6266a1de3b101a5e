"""Login of programs: a password for tokens, a refresh token for the next ones, the end."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from sutazai.entrypoints.api.dependencies import PlatformOf, address_of
from sutazai.entrypoints.api.openapi import problems
from sutazai.entrypoints.api.routes.sessions import access_shape
from sutazai.entrypoints.api.shapes import AccessShape, Taken
from sutazai_contracts.errors import Unauthenticated

router = APIRouter(
    prefix="/api/v1/auth", tags=["session"], responses=problems(401, 413, 422, 429, 503)
)
_LOGIN: JsonDict = {"email": "admin@sutazai.local", "password": "correct horse battery"}
_TOKEN: JsonDict = {"refresh_token": "8Jt1Zp0mY3cVbW6uQ9sKxH2dLrNfTgEaPo5iXyUwR7k"}


class PasswordLogin(Taken):
    """Who wants in."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LOGIN]})

    email: str = Field(min_length=1, max_length=254)
    password: str = Field(max_length=1024)
    tenant: UUID | None = Field(
        default=None, strict=False, description="One of theirs; null: the one they began in."
    )


class RefreshToken(Taken):
    """A refresh token."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TOKEN]})

    refresh_token: str = Field(min_length=1, max_length=200)


@router.post(
    "/token",
    summary="Log in as a program",
    response_description="An access token, and a refresh token for the next ones.",
)
async def log_in(
    body: PasswordLogin, request: Request, platform: PlatformOf, response: Response
) -> AccessShape:
    """Give tokens for an e-mail address and a password, as the form gives a browser its cookie.

    Whoever tries too often waits, and longer each time, as at the form.
    """
    programs, address = platform.people.programs, address_of(request)
    access = await programs.begin(body.email, body.password, body.tenant, address)
    return access_shape(access, response)


@router.post(
    "/refresh",
    summary="Get the next tokens",
    response_description="An access token, and the next refresh token.",
)
async def refresh_tokens(
    body: RefreshToken, request: Request, platform: PlatformOf, response: Response
) -> AccessShape:
    """Give the next access and refresh token for a refresh token, which is good for this once.

    One that was used before ends the whole session: somebody has it who should not.
    """
    guesses, address = platform.people.guesses, address_of(request)
    guesses.turn_away(address, body.refresh_token)
    try:
        access = await platform.people.programs.refresh(body.refresh_token, address)
    except Unauthenticated:
        await guesses.wrong(address, body.refresh_token)
        raise
    if access.refresh_token is not None:
        guesses.good(access.refresh_token)
    return access_shape(access, response)


@router.post(
    "/logout",
    summary="Log a program out",
    status_code=204,
    response_description="The session has ended, or there was none.",
)
async def log_out(body: RefreshToken, request: Request, platform: PlatformOf) -> None:
    """End the session of a refresh token; what is none is let pass."""
    await platform.people.programs.end(body.refresh_token, address_of(request))

"""Users of a tenant: made, changed, removed, by those who look after it."""

from datetime import date, datetime
from uuid import UUID

from fastapi import Response
from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from sutazai.core.identity.rights import Need, Role
from sutazai.core.identity.users import MadeUser
from sutazai.entrypoints.api.dependencies import (
    CallerOf,
    PageOf,
    PlatformOf,
    keyed_router,
    needs,
)
from sutazai.entrypoints.api.openapi import location, problems
from sutazai.entrypoints.api.shapes import Given, Listing, Taken

router = keyed_router("/api/v1/users", "people")
_NEW: JsonDict = {"email": "ada@example.org", "role": "member"}
_LAST = "Nobody would be left who looks after the tenant."


class MemberShape(Given):
    """A user of the tenant."""

    id: UUID
    email: str
    role: Role
    disabled: bool = Field(description="Whether they may not get in here.")
    one_time_password: bool = Field(description="Whether they have not chosen a password yet.")
    created_at: datetime = Field(description="When they became a member.")
    last_login_on: date | None


class NewUserBody(Taken):
    """A user to make."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEW]})

    email: str = Field(min_length=3, max_length=254)
    role: Role = Field(strict=False)
    password: str | None = Field(
        default=None,
        max_length=1024,
        description="12 characters or more; null: a one-time password is made.",
    )


class UserChange(Taken):
    """What to change of a user; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "viewer"}]})

    role: Role | None = Field(default=None, strict=False)
    disabled: bool | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "UserChange":
        if self.role is None and self.disabled is None:
            raise ValueError("names nothing to change: `role` or `disabled`")
        return self


class MadeUserShape(Given):
    """A user, and a password that is shown this once."""

    user: MemberShape
    password: str | None = Field(
        description="Good for 7 days and for choosing another one; null: none was made."
    )


@router.get(
    "",
    dependencies=[needs(Need.ADMIN)],
    summary="List the users",
    response_description="A page of users.",
)
async def list_users(platform: PlatformOf, caller: CallerOf, page: PageOf) -> Listing[MemberShape]:
    """List the users of the tenant by address."""
    found = await platform.people.users.page(caller, page.limit, page.cursor)
    return Listing[MemberShape].model_validate(found)


@router.post(
    "",
    dependencies=[needs(Need.ADMIN)],
    status_code=201,
    summary="Make a user",
    responses=problems(409, 413, _409="Somebody has that address.") | location(201, "user"),
    response_description="The user, and their one-time password.",
)
async def create_user(
    body: NewUserBody, platform: PlatformOf, caller: CallerOf, response: Response
) -> MadeUserShape:
    """Make a user of this tenant, with a password that is chosen or made.

    Somebody of another tenant whom you look after there becomes a member here, and keeps their
    password.
    """
    made = await platform.people.users.create(caller, body.email, body.role, body.password)
    response.headers["Location"] = f"/api/v1/users/{made.user.id}"
    return _made(made, response)


@router.get(
    "/{user}",
    dependencies=[needs(Need.ADMIN)],
    summary="Read a user",
    responses=problems(404),
    response_description="The user.",
)
async def get_user(user: UUID, platform: PlatformOf, caller: CallerOf) -> MemberShape:
    """Read a user of the tenant."""
    return MemberShape.model_validate(await platform.people.users.get(caller, user))


@router.patch(
    "/{user}",
    dependencies=[needs(Need.ADMIN)],
    summary="Change a user",
    responses=problems(404, 409, 413, _409=_LAST),
    response_description="The user as they are now.",
)
async def change_user(
    user: UUID, body: UserChange, platform: PlatformOf, caller: CallerOf
) -> MemberShape:
    """Change a user's role, or whether they may get in; their sessions in this tenant end."""
    users = platform.people.users
    return MemberShape.model_validate(await users.change(caller, user, body.role, body.disabled))


@router.post(
    "/{user}/password",
    dependencies=[needs(Need.ADMIN)],
    summary="Give a user a one-time password",
    responses=problems(404, 413),
    response_description="The user, and the password.",
)
async def reset_password(
    user: UUID, platform: PlatformOf, caller: CallerOf, response: Response
) -> MadeUserShape:
    """Make a one-time password in the place of a user's, and end their sessions.

    403 where they are also in a tenant that you do not look after.
    """
    return _made(await platform.people.users.reset_password(caller, user), response)


@router.delete(
    "/{user}",
    dependencies=[needs(Need.ADMIN)],
    summary="Remove a user",
    status_code=204,
    responses=problems(404, 409, _409=_LAST),
    response_description="They are removed.",
)
async def remove_user(user: UUID, platform: PlatformOf, caller: CallerOf) -> None:
    """Remove a user from the tenant with their keys and sessions; what they made stays."""
    await platform.people.users.remove(caller, user)


def _made(made: MadeUser, response: Response) -> MadeUserShape:
    response.headers["Cache-Control"] = "no-store"
    return MadeUserShape.model_validate(made)

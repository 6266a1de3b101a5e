"""What routes are given: the platform, who asks, a page's bounds; and the check of query names."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from sutazai.core.identity.model import Caller
from sutazai.core.identity.service import KEY_PREFIX
from sutazai.core.platform import Platform
from sutazai.entrypoints.api.openapi import problems
from sutazai.entrypoints.api.shapes import NAME
from sutazai_contracts.errors import InvalidInput, Unauthenticated

# Dependencies are coroutines even where nothing is awaited: FastAPI runs others in threads.
_bearer = HTTPBearer(auto_error=False, description="An API key (`Bearer sk_…`) or an access token")


async def get_platform(request: Request) -> Platform:
    """Give the platform this application serves."""
    platform: Platform = request.app.state.platform
    return platform


PlatformOf = Annotated[Platform, Depends(get_platform)]


class KeyedRoute(APIRoute):
    """A route that finds out who asks, and how often, before anything of the request is read."""

    counted: ClassVar[bool] = True

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the key's check before FastAPI's own handler, which reads the body first of all."""
        handle = super().get_route_handler()

        async def check_key_first(request: Request) -> Response:
            platform = await get_platform(request)
            request.state.caller, counted_as = await _authenticate(request, platform)
            if self.counted:
                await platform.requests.take(request.state.caller.tenant, counted_as)
            return await handle(request)

        return check_key_first


class UncountedRoute(KeyedRoute):
    """A route that finds out who asks, and lets them ask as often as they like."""

    counted = False


async def _authenticate(request: Request, platform: Platform) -> tuple[Caller, UUID]:
    """Find out who asks, and as what that counts; raises `Unauthenticated` if it is not known.

    What is shown is an API key or, of a login, an access token. All logins of a user count as one:
    else whoever logs in again might ask anew.
    """
    shown = await _bearer(request)
    if shown is None:
        raise Unauthenticated
    if shown.credentials.startswith(KEY_PREFIX):
        caller = await platform.identity.authenticate(shown.credentials)
        return caller, caller.shown
    caller = await platform.login.authenticate(shown.credentials)
    return caller, caller.user


async def get_caller(request: Request, _: Annotated[object, Security(_bearer)]) -> Caller:
    """Give who asks, as `KeyedRoute` found out; the scheme stands here for OpenAPI."""
    caller: Caller = request.state.caller
    return caller


CallerOf = Annotated[Caller, Depends(get_caller)]


class PageQuery(BaseModel):
    """The bounds of a page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200, description="Most items to give.")
    cursor: str | None = Field(
        default=None, max_length=500, description="`next` of the page before."
    )


PageOf = Annotated[PageQuery, Query()]
CollectionName = Annotated[str, Path(pattern=NAME, description="Name of the collection.")]


def keyed_router(prefix: str, tag: str, *, counted: bool = True) -> APIRouter:
    """Make a router whose routes need a key; `prefix` is the whole path, as routes are known by.

    `counted`: whether what its routes are asked counts against the caller.
    """
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=KeyedRoute if counted else UncountedRoute,
        dependencies=[Depends(get_caller)],
        responses=problems(401, 422, 429, 503) if counted else problems(401, 422, 503),
    )


def query_names(openapi: dict[str, Any]) -> dict[tuple[str, str], frozenset[str]]:
    """Read from an OpenAPI document which query parameters each operation has."""
    names: dict[tuple[str, str], frozenset[str]] = {}
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            names[path, method.upper()] = frozenset(
                parameter["name"]
                for parameter in operation.get("parameters", ())
                if parameter["in"] == "query"
            )
    return names


async def refuse_unknown_query(request: Request) -> None:
    """Refuse query parameters that the operation does not have, by name.

    Raises:
        InvalidInput: names the first unknown parameter and those there are.
    """
    if not request.query_params:
        return
    known = request.app.state.query_names.get((request.scope["route"].path, request.method))
    for name in request.query_params:
        if known is not None and name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise InvalidInput(f"unknown query parameter; there are: {there}", field=name)

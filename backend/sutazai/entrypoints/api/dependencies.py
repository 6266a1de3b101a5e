"""What routes are given: the platform, who asks, a page's bounds; and the check of query names."""

from collections.abc import Callable, Coroutine, MutableMapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response, Security, params
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection
from starlette.routing import Match

from sutazai.core.identity.model import Caller
from sutazai.core.identity.rights import Need
from sutazai.core.identity.service import KEY_PREFIX
from sutazai.core.platform import Platform
from sutazai.entrypoints.api.openapi import problems
from sutazai.entrypoints.api.shapes import NAME
from sutazai_contracts.errors import InvalidInput, Unauthenticated

# Dependencies are coroutines even where nothing is awaited: FastAPI runs others in threads.
_bearer = HTTPBearer(auto_error=False)


class _Shown(HTTPBearer):
    """What a keyed route is shown, for OpenAPI: `KeyedRoute` has looked at it before."""

    async def __call__(self, request: HTTPConnection) -> None:
        """Read nothing a second time."""


_shown = _Shown(
    scheme_name="HTTPBearer", description="An API key (`Bearer sk_…`) or an access token"
)


async def get_platform(request: Request) -> Platform:
    """Give the platform that a request is for."""
    platform: Platform = request.state.platform
    return platform


PlatformOf = Annotated[Platform, Depends(get_platform)]


def address_of(request: Request) -> str:
    """Give the address that a request comes from: that of its connection."""
    return request.client.host if request.client is not None else ""


class Prefixed(APIRouter):
    """A router that is passed by where a path does not begin as all of its own do.

    FastAPI tries the routes of each router in turn, one pattern after the other.
    """

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, MutableMapping[str, Any]]:
        """Look among the routes, where one of them may be meant."""
        if not scope["path"].startswith(self.prefix.partition("{")[0]):
            return Match.NONE, {}
        return super().matches(scope)


class KeyedRoute(APIRoute):
    """A route that finds out who asks, whether they may, and how often, before all else.

    Nothing of the request is read before. What it needs stands among its dependencies, as `needs`
    makes them; one that does not say is an error when it is made.
    """

    counted: ClassVar[bool] = True

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Take what FastAPI's routes take, and find out what this one needs."""
        super().__init__(path, endpoint, **options)
        self.need = _declared(self)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the checks before FastAPI's own handler, which reads the body first of all."""
        handle = super().get_route_handler()

        async def check_first(request: Request) -> Response:
            platform = await get_platform(request)
            caller, counted_as = await _authenticate(request, platform)
            if self.counted:
                await platform.requests.take(caller.tenant, counted_as)
            # Before it is known whether they may: a refusal is logged with who it was.
            request.state.caller = caller
            caller.allow(self.need)
            return await handle(request)

        return check_first


class UncountedRoute(KeyedRoute):
    """A route that finds out who asks, and lets them ask as often as they like."""

    counted = False


def _declared(route: APIRoute) -> Need:
    scopes = [
        scope
        for one in route.dependencies
        if isinstance(one, params.Security) and one.dependency is _shown
        for scope in one.scopes or ()
    ]
    if len(scopes) != 1:
        raise TypeError(f"{route.path} has to say once what it needs: dependencies=[needs(…)]")
    return Need(scopes[0])


async def _authenticate(request: Request, platform: Platform) -> tuple[Caller, UUID]:
    """Find out who asks, and as what that counts; raises `Unauthenticated` if it is not known.

    What is shown is an API key or, of a login, an access token. All logins of a user count as one:
    else whoever logs in again might ask anew. An address that shows many wrong ones is slowed.
    """
    shown = await _bearer(request)
    if shown is None:
        raise Unauthenticated
    credential, address = shown.credentials, address_of(request)
    guesses = platform.people.guesses
    guesses.turn_away(address, credential)
    is_key = credential.startswith(KEY_PREFIX)
    try:
        if is_key:
            caller = await platform.identity.authenticate(credential, address)
        else:
            caller = await platform.login.authenticate(credential, address)
    except Unauthenticated:
        await guesses.wrong(address, credential)
        raise
    guesses.good(credential)
    return caller, caller.shown if is_key else caller.user


async def get_caller(request: Request) -> Caller:
    """Give who asks, as `KeyedRoute` found out."""
    caller: Caller = request.state.caller
    return caller


def needs(need: Need) -> params.Security:
    """Declare what a route needs of who asks: every keyed route does, once."""
    security: params.Security = Security(_shown, scopes=[need.value])
    return security


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
    """Make a router whose routes say what they need; `prefix` is the whole path.

    `counted`: whether what its routes are asked counts against the caller.
    """
    return Prefixed(
        prefix=prefix,
        tags=[tag],
        route_class=KeyedRoute if counted else UncountedRoute,
        responses=problems(401, 403, 422, 429, 503),
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
    """Refuse query parameters that the operation does not have, or that come twice, by name.

    Raises:
        InvalidInput: names the parameter, and those there are where it is unknown.
    """
    if not request.query_params:
        return
    known = request.app.state.query_names.get((request.scope["route"].path, request.method))
    for name in request.query_params:
        if known is not None and name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise InvalidInput(f"unknown query parameter; there are: {there}", field=name)
        # No operation takes a list, and readers of a query differ in which of two they take.
        if known is not None and len(request.query_params.getlist(name)) > 1:
            raise InvalidInput("is given more than once", field=name)

"""Requests of agents: who sends them is found out first, then what they say, in bounded time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sutazai.core.agents.claims import ClaimChecks
from sutazai.core.agents.tokens import AgentTokens
from sutazai.core.graph.joining import JoinedChunks
from sutazai.core.models.service import Models
from sutazai.core.tasks.ports import HeldTask
from sutazai.core.tasks.service import Tasks
from sutazai_contracts.errors import InvalidInput, TooLarge, Unauthenticated
from sutazai_contracts.internal import MAX_JSON_BYTES, PREFIX, TASK_HEADER, TOKEN_HEADER
from sutazai_contracts.tasks import AgentCard
from sutazai_kit.files.port import Files
from sutazai_kit.live.port import Live

Body = TypeVar("Body", bound=BaseModel)
_BEARER = "bearer "


@dataclass(frozen=True)
class InternalParts:
    """What the internal API serves.

    Args:
        tokens: knows the agents' tokens.
        tasks: the ledger.
        claims: checks claims that are named.
        models: core's line for models.
        files: the file store of all tenants.
        live: where frames go.
        joined: knows what joins chunks.
        announced: hears which agent a worker is.
    """

    tokens: AgentTokens
    tasks: Tasks
    claims: ClaimChecks
    models: Models
    files: Files
    live: Live
    joined: JoinedChunks
    announced: Callable[[AgentCard, str], None]


@dataclass(frozen=True)
class Bounds:
    """How much and for how long is read: bytes of a file, seconds without a byte."""

    file_bytes: int
    read_s: float


@dataclass(frozen=True, slots=True)
class Call:
    """One request whose agent is known."""

    agent: str
    parts: InternalParts
    bounds: Bounds
    request: Request

    async def read(self, model: type[Body]) -> Body:
        """Read a JSON body.

        Raises:
            InvalidInput: it does not fit the model; names the first field that does not.
            TooLarge: it has more bytes than any call needs.
        """
        body = bytearray()
        async for part in self.parts_of_body(MAX_JSON_BYTES):
            body += part
        try:
            return model.model_validate_json(bytes(body))
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "body"
            raise InvalidInput(f"{field}: {first['msg']}", field=field) from exc

    async def parts_of_body(self, limit: int) -> AsyncIterator[bytes]:
        """Stream the body; a client that stops sending is not waited for."""
        read, stream = 0, self.request.stream()
        while True:
            try:
                async with asyncio.timeout(self.bounds.read_s):
                    part = await anext(stream, None)
            except TimeoutError as exc:
                words = f"nothing of the request came for {self.bounds.read_s:g} s"
                raise HTTPException(408, words, {"Connection": "close"}) from exc
            if part is None:
                return
            read += len(part)
            if read > limit:
                raise TooLarge(f"The body has more than {limit} bytes.")
            yield part

    async def claim(self) -> HeldTask:
        """Give the task of the claim that the headers name.

        Raises:
            InvalidInput: they name none.
            Forbidden: it is another agent's.
            LeaseLost: it does not hold any more.
        """
        task, token = self._id(TASK_HEADER), self._id(TOKEN_HEADER)
        return await self.parts.claims.check(self.agent, task, token)

    def _id(self, header: str) -> UUID:
        try:
            return UUID(self.request.headers.get(header, ""))
        except ValueError as exc:
            raise InvalidInput("names no claim: it is not a UUID", field=header) from exc


Handler = Callable[[Call], Awaitable[Response]]


def route(method: str, path: str, handler: Handler) -> Route:
    """Make a route that finds out whose the token is before anything else is read."""

    async def endpoint(request: Request) -> Response:
        request.scope["route"] = made
        parts: InternalParts = request.app.state.parts
        agent = parts.tokens.agent_of(_shown(request))
        return await handler(Call(agent, parts, request.app.state.bounds, request))

    made = Route(PREFIX + path, endpoint, methods=[method])
    return made


def answer(model: BaseModel) -> Response:
    """Make the answer that a model is."""
    return Response(model.model_dump_json(), media_type="application/json")


def nothing() -> Response:
    """Make the answer that has nothing to say."""
    return Response(status_code=204)


def _shown(request: Request) -> str:
    header = request.headers.get("authorization", "")
    if header[: len(_BEARER)].lower() != _BEARER:
        raise Unauthenticated("An agent's token is needed: `Authorization: Bearer …`.")
    return header[len(_BEARER) :].strip()

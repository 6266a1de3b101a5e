"""A typed client of the HTTP API: requests, problem documents, pages, streams of events."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx2
from pydantic import ValidationError

from sutazai.entrypoints.cli.errors import ApiProblem, FieldError, Unreachable
from sutazai.entrypoints.cli.session import how_to_start
from sutazai.entrypoints.cli.shapes import (
    ApiKey,
    AuditEntry,
    AuditVerdict,
    Collection,
    Document,
    MadeKey,
    MadeMember,
    Member,
    ModelsState,
    Run,
    Shape,
    Tenant,
    TextPart,
    Tokens,
    Upload,
)
from sutazai.entrypoints.cli.sse import EventStreamParser, ServerEvent

S = TypeVar("S", bound=Shape)

PAGE = 200
TEXT_PART = 20_000  # characters of a document asked for at once
CONNECT_S = 5.0
ANSWER_S = 30.0
UPLOAD_S = 120.0
# The API pings every 15 s: three missed in a row mean that the connection is dead.
SILENCE_S = 45.0
# What is asked too often is asked again when the API says, for so long altogether.
PATIENCE_S = 30.0
SHORTEST_WAIT_S = 0.1


class ApiClient:
    """Speak to one SutazAI API with one key; use it as an asynchronous context manager.

    Every call raises `ApiProblem` where the API refuses, `Unreachable` where nothing answers. One
    that is refused because too much was asked is sent again, as often as `PATIENCE_S` allows.
    """

    def __init__(self, url: str, key: str, *, home: Path | None = None) -> None:
        """Take the address of the API, the API key, and the home folder, which errors name."""
        self.url = url
        self._home = home
        self._http = httpx2.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(ANSWER_S, connect=CONNECT_S, pool=None),
            # Nothing goes by a proxy: the API is on this machine.
            trust_env=False,
            verify=url.startswith("https:"),
        )

    async def __aenter__(self) -> Self:
        """Open the connections."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.__aexit__(kind, error, trace)

    async def collection(self, name: str) -> Collection:
        """Give one collection."""
        return self._read(Collection, await self._call("GET", f"/collections/{_part(name)}"))

    async def create_collection(self, name: str) -> Collection:
        """Make a collection."""
        return self._read(Collection, await self._call("POST", "/collections", json={"name": name}))

    async def delete_collection(self, name: str) -> None:
        """Delete a collection with all its documents."""
        await self._call("DELETE", f"/collections/{_part(name)}")

    def collections(self, limit: int | None = None) -> AsyncIterator[Collection]:
        """Give the collections, page by page; all of them without a limit."""
        return self._pages(Collection, "/collections", limit)

    def documents(self, collection: str, limit: int | None = None) -> AsyncIterator[Document]:
        """Give the documents of a collection, page by page; all of them without a limit."""
        return self._pages(Document, f"/collections/{_part(collection)}/documents", limit)

    async def upload(self, collection: str, path: Path, name: str) -> Upload:
        """Send a file, read in pieces while it is sent, as the document `name`.

        Raises `OSError` where the file can't be read.
        """
        with path.open("rb") as body:
            response = await self._call(
                "POST",
                f"/collections/{_part(collection)}/documents",
                files={"file": (name, body, "application/octet-stream")},
                timeout=httpx2.Timeout(UPLOAD_S, connect=CONNECT_S, pool=None),
            )
        return self._read(Upload, response)

    async def rebuild(self, collection: str) -> Run:
        """Embed a collection anew; give the run that does it, also where it was under way."""
        return self._read(
            Run, await self._call("POST", f"/collections/{_part(collection)}/rebuild")
        )

    async def delete_document(self, collection: str, document: UUID) -> None:
        """Delete a document."""
        await self._call("DELETE", f"/collections/{_part(collection)}/documents/{document}")

    async def document_text(
        self, collection: str, document: UUID, start: int = 0, end: int | None = None
    ) -> AsyncIterator[str]:
        """Give the stored text of a document from `start` to `end`, in code points, in parts."""
        path = f"/collections/{_part(collection)}/documents/{document}/text"
        while end is None or start < end:
            upto = start + TEXT_PART if end is None else min(end, start + TEXT_PART)
            answer = await self._call("GET", path, params={"start": start, "end": upto})
            part = self._read(TextPart, answer)
            yield part.text
            if part.end >= part.characters:
                return
            start = part.end

    async def start_run(self, goal: str, collection: str, workflow: str, key: str) -> Run:
        """Start a run; `key` is its idempotency key, so that asking again starts no second one."""
        response = await self._call(
            "POST",
            "/runs",
            json={"goal": goal, "collection": collection, "workflow": workflow},
            headers={"Idempotency-Key": key},
        )
        return self._read(Run, response)

    def runs(self, limit: int | None = None) -> AsyncIterator[Run]:
        """Give runs, newest first, page by page; all of them without a limit."""
        return self._pages(Run, "/runs", limit)

    async def models(self) -> ModelsState:
        """Give the language models that are there."""
        return self._read(ModelsState, await self._call("GET", "/models"))

    async def run(self, run: str | UUID) -> Run:
        """Give one run."""
        return self._read(Run, await self._call("GET", f"/runs/{_part(str(run))}"))

    async def cancel(self, run: str | UUID) -> Run:
        """Ask for a run to be cancelled."""
        response = await self._call("POST", f"/runs/{_part(str(run))}/cancel")
        return self._read(Run, response) if response.content else await self.run(run)

    def users(self, limit: int | None = None) -> AsyncIterator[Member]:
        """Give the users of the tenant by address, page by page."""
        return self._pages(Member, "/users", limit)

    async def create_user(self, email: str, role: str, password: str | None) -> MadeMember:
        """Make a user; without a password a one-time one is made."""
        body = {"email": email, "role": role, "password": password}
        return self._read(MadeMember, await self._call("POST", "/users", json=body))

    async def change_user(self, user: UUID, change: dict[str, object]) -> Member:
        """Change a user's role, or whether they may get in."""
        return self._read(Member, await self._call("PATCH", f"/users/{user}", json=change))

    async def reset_password(self, user: UUID) -> MadeMember:
        """Give a user a new one-time password."""
        return self._read(MadeMember, await self._call("POST", f"/users/{user}/password"))

    async def remove_user(self, user: UUID) -> None:
        """Remove a user from the tenant."""
        await self._call("DELETE", f"/users/{user}")

    def keys(self, *, everybodys: bool) -> AsyncIterator[ApiKey]:
        """Give API keys, newest first: one's own, or everybody's."""
        return self._pages(ApiKey, "/keys", None, {"all": str(everybodys).lower()})

    async def create_key(self, name: str, scopes: list[str], days: int | None) -> MadeKey:
        """Make an API key for oneself."""
        body = {"name": name, "scopes": scopes, "expires_in_days": days}
        return self._read(MadeKey, await self._call("POST", "/keys", json=body))

    async def revoke_key(self, key: UUID) -> None:
        """Revoke an API key."""
        await self._call("DELETE", f"/keys/{key}")

    async def tenants(self) -> list[Tenant]:
        """Give the tenants that one is a member of."""
        listed = self._object(await self._call("GET", "/tenants"))
        return [self._validate(Tenant, item) for item in listed.get("items", [])]

    async def create_tenant(self, name: str) -> Tenant:
        """Make a tenant that one looks after."""
        return self._read(Tenant, await self._call("POST", "/tenants", json={"name": name}))

    def audit(self, limit: int | None, event: str | None) -> AsyncIterator[AuditEntry]:
        """Give the audit log, newest first, of one event or of all."""
        return self._pages(AuditEntry, "/audit", limit, {"event": event} if event else None)

    async def verify_audit(self) -> AuditVerdict:
        """Have the whole audit log followed."""
        return self._read(AuditVerdict, await self._call("GET", "/audit/verification"))

    async def log_in(self, email: str, password: str, tenant: str | None = None) -> Tokens:
        """Log in with a password, in a tenant of one's or in the one that one began in."""
        body = {"email": email, "password": password, "tenant": tenant}
        return self._read(Tokens, await self._call("POST", "/auth/token", json=body))

    async def log_out(self, tokens: Tokens) -> None:
        """End a login."""
        body = {"refresh_token": tokens.refresh_token}
        await self._call("POST", "/auth/logout", json=body)

    async def change_password(self, old: str, new: str) -> Tokens:
        """Change one's own password; gives the tokens of the login that goes on."""
        body = {"old_password": old, "new_password": new}
        return self._read(Tokens, await self._call("POST", "/password", json=body))

    @asynccontextmanager
    async def events(
        self, run: str | UUID, after: str | None = None
    ) -> AsyncIterator[AsyncIterator[ServerEvent]]:
        """Open the stream of a run's events, those after the event id `after` if given.

        One connection; it ends, or raises `Unreachable`, when the connection does.
        """
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if after is not None:
            headers["Last-Event-ID"] = after
        timeout = httpx2.Timeout(SILENCE_S, connect=CONNECT_S, pool=None)
        path = f"/api/v1/runs/{_part(str(run))}/events"
        try:
            async with self._http.stream("GET", path, headers=headers, timeout=timeout) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise _problem(answer)
                yield _parse(answer)
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error

    async def _call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        waited = 0.0
        while True:
            try:
                response = await self._http.request(method, f"/api/v1{path}", **options)
            except httpx2.TransportError as error:
                raise self._unreachable(error) from error
            if response.is_success:
                return response
            problem = _problem(response)
            wait = max(problem.retry_after_s, SHORTEST_WAIT_S)
            if problem.status != 429 or waited + wait > PATIENCE_S:
                raise problem
            await asyncio.sleep(wait)
            waited += wait

    async def _pages(
        self, shape: type[S], path: str, limit: int | None, query: dict[str, str] | None = None
    ) -> AsyncIterator[S]:
        left, cursor = limit, None
        while left is None or left > 0:
            params: dict[str, str | int] = {"limit": PAGE if left is None else min(left, PAGE)}
            if cursor is not None:
                params["cursor"] = cursor
            page = self._object(await self._call("GET", path, params={**(query or {}), **params}))
            items = page.get("items", [])
            for item in items:
                yield self._validate(shape, item)
            left = None if left is None else left - len(items)
            cursor = page.get("next")
            if cursor is None or not items:
                return

    def _object(self, response: httpx2.Response) -> dict[str, Any]:
        try:
            content = response.json()
        except ValueError as error:
            raise self._not_ours() from error
        if not isinstance(content, dict):
            raise self._not_ours()
        return content

    def _read(self, shape: type[S], response: httpx2.Response) -> S:
        return self._validate(shape, self._object(response))

    def _validate(self, shape: type[S], content: object) -> S:
        try:
            return shape.model_validate(content)
        except ValidationError as error:
            raise self._not_ours() from error

    def _not_ours(self) -> Unreachable:
        return Unreachable(
            f"What answers at {self.url} does not speak as this version of SutazAI does.",
            remedy="See with `sutazai doctor` whether another program listens there.",
        )

    def _unreachable(self, error: httpx2.TransportError) -> Unreachable:
        where = f"{self.url} (home {self._home})" if self._home else self.url
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            happened = "does not answer"
        elif isinstance(error, httpx2.TimeoutException):
            happened = "took too long to answer"
        else:
            happened = "broke off the connection"
        return Unreachable(
            f"The platform at {where} {happened}.",
            remedy=how_to_start(self._home) if self._home else None,
        )


def _part(text: str) -> str:
    # "." and ".." are path steps even when nothing in them needs quoting.
    return (
        quote(text, safe="").replace(".", "%2E") if text.strip(".") == "" else quote(text, safe="")
    )


async def _parse(response: httpx2.Response) -> AsyncIterator[ServerEvent]:
    parser = EventStreamParser()
    async for piece in response.aiter_bytes():
        for event in parser.feed(piece):
            yield event


def _problem(response: httpx2.Response) -> ApiProblem:
    try:
        content = json.loads(response.content)
    except ValueError:
        content = None
    if not isinstance(content, Mapping):
        content = {}
    errors = [
        FieldError(str(item.get("field", "")), str(item.get("message", "")))
        for item in content.get("errors") or []
        if isinstance(item, Mapping)
    ]
    said = content.get("detail") or content.get("title")
    return ApiProblem(
        response.status_code,
        str(content.get("code", "unknown")),
        str(said or f"HTTP {response.status_code} {response.reason_phrase}".rstrip()),
        errors=tuple(errors),
        request_id=content.get("request_id") or response.headers.get("x-request-id"),
        retry_after_s=_retry_after_s(response),
    )


def _retry_after_s(response: httpx2.Response) -> float:
    # RFC 9110, section 10.2.3; the API and its gateway tell seconds, never a date.
    told = response.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdecimal() else 0.0

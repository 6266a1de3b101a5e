"""A typed client of the HTTP API: requests, problem documents, pages, streams of events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO
from uuid import UUID

import httpx2

from sutazai.entrypoints.cli.entities import Communities, Entities, Projection, Subgraph
from sutazai.entrypoints.cli.shapes import (
    Agent,
    ApiKey,
    AuditEntry,
    AuditVerdict,
    Collection,
    Conversation,
    Document,
    Hits,
    ImportResult,
    MadeKey,
    MadeMember,
    Member,
    Message,
    ModelsState,
    Posted,
    Run,
    Tenant,
    TextPart,
    Tokens,
    Upload,
)
from sutazai.entrypoints.cli.sse import EventStreamParser, ServerEvent
from sutazai.entrypoints.cli.transport import CONNECT_S, Transport, problem_of, quoted

TEXT_PART = 20_000  # characters of a document asked for at once
UPLOAD_S = 120.0
# The API pings every 15 s: three missed in a row mean that the connection is dead.
SILENCE_S = 45.0


class ApiClient(Transport):
    """Speak to one SutazAI API with one key; use it as an asynchronous context manager.

    Every call raises `ApiProblem` where the API refuses, `Unreachable` where nothing answers. One
    that is refused because too much was asked is sent again, as often as `PATIENCE_S` allows.
    """

    async def collection(self, name: str) -> Collection:
        """Give one collection."""
        return self._read(Collection, await self._call("GET", f"/collections/{quoted(name)}"))

    async def create_collection(self, name: str) -> Collection:
        """Make a collection."""
        return self._read(Collection, await self._call("POST", "/collections", json={"name": name}))

    async def delete_collection(self, name: str) -> None:
        """Delete a collection with all its documents."""
        await self._call("DELETE", f"/collections/{quoted(name)}")

    def collections(self, limit: int | None = None) -> AsyncIterator[Collection]:
        """Give the collections, page by page; all of them without a limit."""
        return self._pages(Collection, "/collections", limit)

    def documents(self, collection: str, limit: int | None = None) -> AsyncIterator[Document]:
        """Give the documents of a collection, page by page; all of them without a limit."""
        return self._pages(Document, f"/collections/{quoted(collection)}/documents", limit)

    async def upload(self, collection: str, path: Path, name: str) -> Upload:
        """Send a file, read in pieces while it is sent, as the document `name`.

        Raises `OSError` where the file can't be read.
        """
        with path.open("rb") as body:
            response = await self._call(
                "POST",
                f"/collections/{quoted(collection)}/documents",
                files={"file": (name, body, "application/octet-stream")},
                timeout=httpx2.Timeout(UPLOAD_S, connect=CONNECT_S, pool=None),
            )
        return self._read(Upload, response)

    async def rebuild(self, collection: str) -> Run:
        """Embed a collection anew; give the run that does it, also where it was under way."""
        return self._read(
            Run, await self._call("POST", f"/collections/{quoted(collection)}/rebuild")
        )

    async def delete_document(self, collection: str, document: UUID) -> None:
        """Delete a document."""
        await self._call("DELETE", f"/collections/{quoted(collection)}/documents/{document}")

    async def document_text(
        self, collection: str, document: UUID, start: int = 0, end: int | None = None
    ) -> AsyncIterator[str]:
        """Give the stored text of a document from `start` to `end`, in code points, in parts."""
        path = f"/collections/{quoted(collection)}/documents/{document}/text"
        while end is None or start < end:
            upto = start + TEXT_PART if end is None else min(end, start + TEXT_PART)
            answer = await self._call("GET", path, params={"start": start, "end": upto})
            part = self._read(TextPart, answer)
            yield part.text
            if part.end >= part.characters:
                return
            start = part.end

    async def start_run(
        self, goal: str, collection: str, workflow: str, key: str, *, graph: bool = False
    ) -> Run:
        """Start a run; `key` is its idempotency key, so that asking again starts no second one.

        `graph`: whether the graph is asked too.
        """
        asked: dict[str, object] = {"goal": goal, "collection": collection, "workflow": workflow}
        asked |= {"graph": True} if graph else {}
        response = await self._call("POST", "/runs", json=asked, headers={"Idempotency-Key": key})
        return self._read(Run, response)

    def runs(self, limit: int | None = None) -> AsyncIterator[Run]:
        """Give runs, newest first, page by page; all of them without a limit."""
        return self._pages(Run, "/runs", limit)

    async def create_conversation(self, collection: str, title: str | None = None) -> Conversation:
        """Make a conversation; its first question names it where `title` is None."""
        body = {"collection": collection, "title": title}
        return self._read(Conversation, await self._call("POST", "/conversations", json=body))

    def conversations(self, limit: int | None = None) -> AsyncIterator[Conversation]:
        """Give conversations, last asked first, page by page; all of them without a limit."""
        return self._pages(Conversation, "/conversations", limit)

    async def conversation(self, conversation: str | UUID) -> Conversation:
        """Give one conversation."""
        path = f"/conversations/{quoted(str(conversation))}"
        return self._read(Conversation, await self._call("GET", path))

    def messages(
        self, conversation: str | UUID, limit: int | None = None
    ) -> AsyncIterator[Message]:
        """Give the messages of a conversation, newest first; all of them without a limit."""
        return self._pages(Message, f"/conversations/{quoted(str(conversation))}/messages", limit)

    async def rename_conversation(self, conversation: str | UUID, title: str) -> Conversation:
        """Give a conversation another title."""
        path = f"/conversations/{quoted(str(conversation))}"
        return self._read(Conversation, await self._call("PATCH", path, json={"title": title}))

    async def delete_conversation(self, conversation: str | UUID) -> None:
        """Remove a conversation with its messages."""
        await self._call("DELETE", f"/conversations/{quoted(str(conversation))}")

    async def post_message(
        self, conversation: str | UUID, goal: str, key: str, *, graph: bool = False
    ) -> Posted:
        """Ask in a conversation; `key` is the question's idempotency key.

        `graph`: whether the graph is asked too.
        """
        path = f"/conversations/{quoted(str(conversation))}/messages"
        headers = {"Idempotency-Key": key}
        asked: dict[str, object] = {"goal": goal} | ({"graph": True} if graph else {})
        return self._read(Posted, await self._call("POST", path, json=asked, headers=headers))

    def agents(self, limit: int | None = None) -> AsyncIterator[Agent]:
        """Give the agents by name, page by page; all of them without a limit."""
        return self._pages(Agent, "/agents", limit)

    async def search(self, query: str, collection: str, limit: int, *, graph: bool) -> Hits:
        """Find passages of a collection, best first; by what joins them too, where wanted."""
        asked: dict[str, object] = {"query": query, "collection": collection, "limit": limit}
        asked |= {"graph": True} if graph else {}
        return self._read(Hits, await self._call("POST", "/search", json=asked))

    async def entities(self, text: str, collection: str, limit: int) -> Entities:
        """Find what documents name, by how it begins."""
        given = {"text": text, "collection": collection, "limit": str(limit)}
        return self._read(Entities, await self._call("GET", "/graph/entities", params=given))

    async def neighbours(self, entity: UUID, collection: str, hops: int, limit: int) -> Subgraph:
        """Give what is joined to an entity."""
        given = {"entity": str(entity), "collection": collection}
        given |= {"hops": str(hops), "limit": str(limit)}
        return self._read(Subgraph, await self._call("GET", "/graph/neighbours", params=given))

    async def path(self, start: UUID, end: UUID, collection: str, longest: int) -> Subgraph:
        """Give a shortest way between two entities."""
        given = {"start": str(start), "end": str(end), "collection": collection}
        given |= {"longest": str(longest)}
        return self._read(Subgraph, await self._call("GET", "/graph/path", params=given))

    async def communities(self, collection: str, limit: int) -> Communities:
        """Give groups of entities that belong together."""
        given = {"collection": collection, "limit": str(limit)}
        return self._read(Communities, await self._call("GET", "/graph/communities", params=given))

    async def projection(self, collection: str, *, anew: bool = False) -> Projection:
        """Tell how far the graph of a collection is projected; `anew`: have it thrown away."""
        call = ("POST", "/graph/rebuild") if anew else ("GET", "/graph/projection")
        return self._read(Projection, await self._call(*call, params={"collection": collection}))

    async def answer_graph(self, run: str) -> Subgraph:
        """Give what the passages that a run's answer cites name and say."""
        return self._read(Subgraph, await self._call("GET", f"/graph/answers/{quoted(run)}"))

    async def models(self) -> ModelsState:
        """Give the language models that are there."""
        return self._read(ModelsState, await self._call("GET", "/models"))

    async def export(self, file: IO[bytes]) -> None:
        """Write an export of the tenant, a tar archive, into a file."""
        timeout = httpx2.Timeout(SILENCE_S, connect=CONNECT_S, pool=None)
        try:
            async with self._http.stream("GET", "/api/v1/export", timeout=timeout) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise problem_of(answer)
                async for part in answer.aiter_bytes():
                    await asyncio.to_thread(file.write, part)
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error

    async def import_export(self, parts: AsyncIterator[bytes]) -> ImportResult:
        """Send an export, a tar archive, to be imported, and wait for as long as that takes."""
        try:
            response = await self._http.post(
                "/api/v1/import",
                content=parts,
                headers={"Content-Type": "application/x-tar"},
                timeout=httpx2.Timeout(None, connect=CONNECT_S),
            )
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error
        if not response.is_success:
            raise problem_of(response)
        return self._read(ImportResult, response)

    async def run(self, run: str | UUID) -> Run:
        """Give one run."""
        return self._read(Run, await self._call("GET", f"/runs/{quoted(str(run))}"))

    async def cancel(self, run: str | UUID) -> Run:
        """Ask for a run to be cancelled."""
        response = await self._call("POST", f"/runs/{quoted(str(run))}/cancel")
        return self._read(Run, response) if response.content else await self.run(run)

    async def retry(self, run: str | UUID, key: str) -> Run:
        """Start a run that takes up another; `key` is its idempotency key."""
        headers = {"Idempotency-Key": key}
        response = await self._call("POST", f"/runs/{quoted(str(run))}/retry", headers=headers)
        return self._read(Run, response)

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
        path = f"/api/v1/runs/{quoted(str(run))}/events"
        try:
            async with self._http.stream("GET", path, headers=headers, timeout=timeout) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise problem_of(answer)
                yield _parse(answer)
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error


async def _parse(response: httpx2.Response) -> AsyncIterator[ServerEvent]:
    parser = EventStreamParser()
    async for piece in response.aiter_bytes():
        for event in parser.feed(piece):
            yield event

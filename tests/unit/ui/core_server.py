"""Core as the dashboard sees it: the real routes' answers, from a server in this process."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

SECRET, TOKEN = "the cookie's value", "the access token"
RUN = UUID("01a1fa4e-de93-7b7a-ab1b-56be74c55947")
TASK = UUID("01a1fa4e-e00a-78d0-9f36-d7f603d2bfaa")
DOCUMENT = UUID("01a1fa4d-7bce-7b77-891a-002072ac47eb")
TEXT = "Before. A lease holds ten seconds. After."
CITATION = {
    "n": 1,
    "document": {"id": str(DOCUMENT), "name": "leases.md"},
    "heading_path": ["Leases"],
    "start": 8,
    "end": 34,
    "quote": "A lease holds ten seconds.",
}
RESULT = {"answer": "Ten *seconds* [1].", "kind": "extract", "grounded": True, "confidence": 8}


def problem(status: int, code: str, detail: str) -> JSONResponse:
    body = {"status": status, "code": code, "detail": detail, "request_id": "req-7", "errors": []}
    return JSONResponse(body, status, media_type="application/problem+json")


def too_often(retry_after_s: int) -> JSONResponse:
    answer = problem(429, "rate_limited", "One caller may send 1 a second.")
    answer.headers["Retry-After"] = str(retry_after_s)
    return answer


@dataclass
class Core:
    """What core holds and how it behaves; tests change it."""

    url: str = ""
    sessions: set[str] = field(default_factory=lambda: {SECRET})
    documents: list[dict[str, Any]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    status: str = "succeeded"
    result: dict[str, Any] | None = field(default_factory=lambda: dict(RESULT))
    refusal: Response | None = None
    refuses: tuple[str, str] | None = None
    # Seconds that the next requests are refused for, each.
    too_often: list[int] = field(default_factory=list)
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    breaks: int = 0
    delay_s: float = 0.0
    silent: bool = False
    collections: tuple[str, ...] = ("default",)
    text: str = TEXT
    asked: list[tuple[str, str]] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)

    def add(self, name: str = "leases.md", status: str = "indexed", **more: Any) -> None:
        """Add a document."""
        made = {"id": str(DOCUMENT), "name": name, "status": status, "run": str(RUN), **more}
        self.documents.append(made)

    def holding(self, name: str) -> dict[str, Any]:
        """Give a collection."""
        ready = [document for document in self.documents if document["status"] == "indexed"]
        return {"name": name, "documents": len(self.documents), "chunks": 2 * len(ready)}

    def run(self) -> dict[str, Any]:
        """Give the run."""
        return {
            "id": str(RUN),
            "status": self.status,
            "goal": "How long does a lease hold?",
            "collection": "default",
            "result": self.result,
            "citations": [CITATION] if self.result else [],
            "error": None if self.result else "the writer gave up",
            "steps": [],
        }


def event(kind: str, seq: int | None = None, **data: Any) -> str:
    """Write an event as core does."""
    head = "" if seq is None else f"id: {seq}\n"
    return f"{head}event: {kind}\ndata: {json.dumps(data)}\n\n"


def said(text: str, offset: int, revision: int = 0) -> str:
    """Write a piece of live text."""
    piece: dict[str, Any] = {"task": str(TASK), "step": "write", "attempt": 1}
    return event("step.text", offset=offset, text=text, revision=revision, **piece)


def _app(core: Core) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def refuse(request: Request, call: Any) -> Response:
        core.asked.append((request.method, request.url.path))
        exchanging = request.url.path == "/api/v1/session/token"
        await asyncio.sleep(core.delay_s)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        known = token in core.tokens and core.sessions
        if core.refuses == (request.method, request.url.path):
            return problem(409, "queue_full", "The queue is full.")
        if core.too_often and not exchanging:
            return too_often(core.too_often.pop(0))
        if core.refusal is not None and not exchanging:
            return core.refusal
        if not exchanging and not known:
            return problem(401, "unauthenticated", "Log in.")
        answer: Response = await call(request)
        return answer

    _add_session(app, core)
    _add_documents(app, core)
    _add_runs(app, core)
    return app


def _add_session(app: FastAPI, core: Core) -> None:
    @app.post("/api/v1/session/token")
    async def exchange(body: dict[str, str]) -> Response:
        if body["session"] not in core.sessions:
            return problem(401, "unauthenticated", "The session is over.")
        core.tokens.add(token := f"{TOKEN} {len(core.asked)}")
        user = {"email": "ann@example.org", "role": "admin", "tenant_name": "home"}
        return JSONResponse({"access_token": token, "expires_in": 600, "user": user})

    @app.delete("/api/v1/session", status_code=204)
    async def end_session() -> None:
        core.sessions.clear()


def _add_documents(app: FastAPI, core: Core) -> None:
    @app.get("/api/v1/collections")
    async def collections(cursor: str | None = None) -> dict[str, Any]:
        at = int(cursor or 0)
        more = str(at + 1) if at + 1 < len(core.collections) else None
        items = [core.holding(name) for name in core.collections[at : at + 1]]
        return {"items": items, "next": more}

    @app.get("/api/v1/collections/default/documents")
    async def documents(limit: int) -> dict[str, Any]:
        more = "more" if len(core.documents) > limit else None
        return {"items": core.documents[:limit], "next": more}

    @app.get(f"/api/v1/collections/default/documents/{DOCUMENT}")
    async def document() -> Response:
        if not core.documents:
            return problem(404, "not_found", "There is no such document.")
        return JSONResponse(core.documents[-1])

    @app.post("/api/v1/collections/default/documents")
    async def upload(request: Request) -> Response:
        form = await request.form()
        name = str(getattr(form["file"], "filename", ""))
        if name.endswith(".zip"):
            return problem(422, "unreadable_document", "It is an archive.")
        core.uploads.append(name)
        core.add(name, "indexing")
        return JSONResponse({"document": core.documents[-1], "run": None}, 202)

    @app.get(f"/api/v1/collections/default/documents/{DOCUMENT}/text")
    async def text(start: int, end: int) -> dict[str, Any]:
        reference = {"id": str(DOCUMENT), "name": "leases.md"}
        size = len(core.text)
        part = {"document": reference, "start": start, "end": min(end, size), "characters": size}
        return {**part, "text": core.text[start:end]}


def _add_runs(app: FastAPI, core: Core) -> None:
    @app.post("/api/v1/runs")
    async def start() -> Response:
        return JSONResponse({**core.run(), "status": "pending", "result": None}, 202)

    @app.get(f"/api/v1/runs/{RUN}")
    async def read() -> dict[str, Any]:
        return core.run()

    @app.post(f"/api/v1/runs/{RUN}/cancel")
    async def cancel() -> dict[str, Any]:
        core.status, core.result = "cancelled", None
        return core.run()

    @app.get(f"/api/v1/runs/{RUN}/events")
    async def events(request: Request) -> Response:
        after = int(request.headers.get("last-event-id", 0))

        async def lines() -> AsyncIterator[str]:
            for line in core.events:
                number = line.removeprefix("id: ").split("\n")[0] if line.startswith("id") else "0"
                if number != "0" and int(number) <= after:
                    continue
                yield line
                if core.breaks and number != "0":
                    core.breaks -= 1
                    return
            while core.silent:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

        return StreamingResponse(lines(), media_type="text/event-stream")


@contextmanager
def serving(core: Core) -> Iterator[Core]:
    """Serve it in a thread until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        core.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(_app(core), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        try:
            yield core
        finally:
            server.should_exit = True
            thread.join(10)

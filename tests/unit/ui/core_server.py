"""Core as the dashboard sees it, with faults that the real one has seldom: slow, away, refusing.

The same pages are looked at over the real routes in `tests/integration/api/test_dashboard.py`.
"""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response

from tests.unit.ui.core_answers import (
    AGENT,
    COLLECTION,
    ENTITIES,
    HEALTH,
    LINKS,
    MEMBER,
    MODELS,
    RESULT,
    STEPS,
    TASK,
    TENANT,
    TEXT,
    USER,
    VERIFIED,
    document_answer,
    message_answer,
    problem,
    run_answer,
    too_often,
)
from tests.unit.ui.core_routes import add_routes

SECRET, TOKEN = "the cookie's value", "the access token"


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
    # A path that is answered late.
    slow: str = ""
    silent: bool = False
    collections: tuple[str, ...] = ("default",)
    text: str = TEXT
    asked: list[tuple[str, str]] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=lambda: deepcopy(STEPS))
    workflow: str = "answer"
    runs: int = 1
    hits: list[dict[str, Any]] = field(default_factory=list)
    entities: list[dict[str, Any]] = field(default_factory=lambda: deepcopy(ENTITIES))
    links: list[dict[str, Any]] = field(default_factory=lambda: deepcopy(LINKS))
    groups: list[dict[str, Any]] = field(default_factory=list)
    sources: int = 1
    messages: list[dict[str, Any]] = field(default_factory=list)
    talks: list[dict[str, Any]] = field(default_factory=list)
    agents: list[dict[str, Any]] = field(default_factory=lambda: [dict(AGENT)])
    models: dict[str, Any] = field(default_factory=lambda: deepcopy(MODELS))
    health: dict[str, Any] = field(default_factory=lambda: deepcopy(HEALTH))
    user: dict[str, Any] = field(default_factory=lambda: dict(USER))
    members: list[dict[str, Any]] = field(default_factory=lambda: [dict(MEMBER)])
    keys: list[dict[str, Any]] = field(default_factory=list)
    tenants: list[dict[str, Any]] = field(default_factory=lambda: [dict(TENANT)])
    audit: list[dict[str, Any]] = field(default_factory=list)
    verified: dict[str, Any] = field(default_factory=lambda: dict(VERIFIED))
    # What was sent: the method, the path and the body of each request that had one.
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    def add(self, name: str = "leases.md", status: str = "indexed", **more: Any) -> None:
        """Add a document."""
        made = document_answer(name, status) | more
        self.documents.append(made)

    def holding(self, name: str) -> dict[str, Any]:
        """Give a collection."""
        ready = [document for document in self.documents if document["status"] == "indexed"]
        count = {"documents": len(self.documents), "chunks": 2 * len(ready)}
        return COLLECTION | {"name": name} | count

    def run(self) -> dict[str, Any]:
        """Give the run."""
        made = run_answer(self.status, self.result, self.workflow)
        return made | {"steps": self.steps}

    def access(self) -> dict[str, Any]:
        """Give a new access token."""
        self.tokens.add(token := f"{TOKEN} {len(self.asked)}")
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 600,
            "refresh_token": None,
            "user": self.user,
        }

    def say(self, goal: str) -> None:
        """Keep a question, and what comes of it."""
        number = len(self.messages)
        self.messages.append(message_answer(number + 1, "user", goal))
        self.messages.append(message_answer(number + 2, "assistant", "", self.status, self.result))


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
        await asyncio.sleep(1 if request.url.path == core.slow else core.delay_s)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        known = (token in core.tokens and core.sessions) or request.url.path == "/health/ready"
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

    add_routes(app, core)
    return app


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

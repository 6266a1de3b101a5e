"""A small HTTP server that speaks the API's agreed shapes, with knobs for what may go wrong."""

import asyncio
import hashlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.unit.cli.talk_routes import Talks, missing

KEY = "sk-test-key"
BEGAN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TERMINAL = ("run.succeeded", "run.failed", "run.cancelled")


@dataclass
class Knobs:
    """What the server does besides answering well."""

    cut_after: list[int] = field(default_factory=list)  # events sent before a stream is cut, each
    too_often: list[int] = field(default_factory=list)  # seconds that requests are refused for
    busy_uploads: int = 0  # how many uploads are answered 503 first
    refused: dict[str, str] = field(default_factory=dict)  # document name → why it is a 422
    unreadable: dict[str, str] = field(default_factory=dict)  # document name → why its run fails
    hold: bool = False  # runs stay at work until they are cancelled
    upload_s: float = 0.0
    still_indexing: bool = False  # what was uploaded before is not indexed yet
    lost_answers: int = 0  # how many questions about a run end without an answer
    fail_run: str | None = None  # the reason runs fail with
    # What is told after a durable event, by its number: kinds and data of events without an id.
    live: dict[int, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    result: dict[str, Any] | None = None
    cancel_status: int = 202
    health: dict[str, Any] | None = None  # what is not ready
    stop_at: str | None = None  # document name at whose upload the server goes away


class PlatformServer:
    """Collections, documents and runs in memory, behind the routes of the API."""

    url = ""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, as a new server would."""
        self.knobs = Knobs()
        self.collections: dict[str, dict[str, Any]] = {"default": {}}
        self.runs: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self.models: dict[str, Any] = {}
        self.talks = Talks(self)
        self.keys: list[str] = []
        self.goals: list[dict[str, Any]] = []
        self.resumed_after: list[str | None] = []
        self.calls: Counter[str] = Counter()
        self.uploading = 0
        self.most_uploading = 0
        self._asked: Counter[str] = Counter()

    # -- start and stop -------------------------------------------------------------------------

    def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(self.app(), log_config=None, lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            assert time.monotonic() < deadline, "the test server did not start"
            time.sleep(0.005)

    def stop(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive()

    def app(self) -> Starlette:
        def route(path: str, method: str, call: Any) -> Route:
            async def guarded(request: Request) -> Response:
                self.calls[f"{method} {path}"] += 1
                if request.headers.get("authorization") != f"Bearer {KEY}":
                    return problem(401, "unauthenticated", "A valid API key is needed.")
                if self.knobs.too_often:
                    return refusal(self.knobs.too_often.pop(0))
                answer: Response = await call(request)
                return answer

            return Route(f"/api/v1{path}", guarded, methods=[method])

        document = "/collections/{name}/documents/{id}"
        return Starlette(
            routes=[
                Route("/health/ready", self.ready),
                route("/collections", "GET", self.list_collections),
                route("/collections", "POST", self.create_collection),
                route("/collections/{name}", "GET", self.get_collection),
                route("/collections/{name}", "DELETE", self.delete_collection),
                route("/collections/{name}/rebuild", "POST", self.rebuild),
                route("/collections/{name}/documents", "POST", self.upload),
                route("/collections/{name}/documents", "GET", self.list_documents),
                route(document, "DELETE", self.delete_document),
                route(f"{document}/text", "GET", self.text),
                route("/models", "GET", self.get_models),
                route("/conversations", "GET", self.list_conversations),
                route("/conversations", "POST", self.create_conversation),
                route("/conversations/{id}", "GET", self.one_conversation),
                route("/conversations/{id}", "PATCH", self.one_conversation),
                route("/conversations/{id}", "DELETE", self.one_conversation),
                route("/conversations/{id}/messages", "GET", self.list_messages),
                route("/conversations/{id}/messages", "POST", self.post_message),
                route("/runs", "POST", self.start_run),
                route("/runs", "GET", self.list_runs),
                route("/runs/{id}", "GET", self.get_run),
                route("/runs/{id}/events", "GET", self.stream),
                route("/runs/{id}/cancel", "POST", self.cancel),
                route("/runs/{id}/retry", "POST", self.retry),
            ]
        )

    # -- routes ---------------------------------------------------------------------------------

    async def list_conversations(self, request: Request) -> Response:
        return page(request, self.talks.newest())

    async def create_conversation(self, request: Request) -> Response:
        return self.talks.create(await request.json())

    async def one_conversation(self, request: Request) -> Response:
        return await self.talks.one(request)

    async def list_messages(self, request: Request) -> Response:
        found = self.talks.messages.get(request.path_params["id"])
        return missing() if found is None else page(request, found[::-1])

    async def post_message(self, request: Request) -> Response:
        return await self.talks.post(request)

    async def get_models(self, _: Request) -> Response:
        return JSONResponse(self.models)

    async def ready(self, _: Request) -> Response:
        if self.knobs.health is not None:
            return JSONResponse(self.knobs.health, 503)
        parts = [{"name": name, "ok": True, "detail": ""} for name in ("database", "embedder")]
        return JSONResponse({"ready": True, "profile": "embedded", "parts": parts})

    async def list_collections(self, request: Request) -> Response:
        return page(request, [self.collection(name) for name in sorted(self.collections)])

    async def create_collection(self, request: Request) -> Response:
        name = (await request.json())["name"]
        if name in self.collections:
            return problem(409, "already_exists", f"A collection “{name}” exists already.")
        if name != name.lower():
            wrong = [{"field": "name", "message": "must match [a-z0-9][a-z0-9_-]{0,62}"}]
            detail = f"name: {wrong[0]['message']}"
            return problem(422, "invalid_input", detail, errors=wrong)
        self.collections[name] = {}
        return JSONResponse(self.collection(name), 201)

    async def get_collection(self, request: Request) -> Response:
        name = request.path_params["name"]
        return JSONResponse(self.collection(name)) if name in self.collections else unknown()

    async def delete_collection(self, request: Request) -> Response:
        gone = self.collections.pop(request.path_params["name"], None)
        return unknown() if gone is None else Response(status_code=204)

    async def rebuild(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.collections:
            return unknown()
        run = self.add_run("rebuild", f"Rebuild {name}")
        run["collection"] = name
        return JSONResponse({**run, "status": "pending"}, 202)

    async def upload(self, request: Request) -> Response:
        self.uploading += 1
        self.most_uploading = max(self.most_uploading, self.uploading)
        try:
            await asyncio.sleep(self.knobs.upload_s)
            return await self._upload(request)
        finally:
            self.uploading -= 1

    async def _upload(self, request: Request) -> Response:
        async with request.form() as form:
            file: Any = form["file"]
            name, content = file.filename, await file.read()
        if name == self.knobs.stop_at:
            self._server.should_exit = self._server.force_exit = True
            return StreamingResponse(_cut())
        if self.knobs.busy_uploads > 0:
            self.knobs.busy_uploads -= 1
            return problem(503, "unavailable", "Too busy.")
        if name in self.knobs.refused:
            return problem(422, "unreadable_document", self.knobs.refused[name])
        documents = self.collections[request.path_params["name"]]
        digest = hashlib.sha256(content).hexdigest()
        known = documents.get(name)
        if known is not None and known["sha256"] == digest:
            if self.knobs.still_indexing:
                known = {**known, "status": "indexing"}
            return JSONResponse({"document": known, "run": None})
        documents[name] = {
            "id": known["id"] if known else str(uuid4()),
            "name": name,
            "status": "indexed",
            "version": known["version"] + 1 if known else 1,
            "size": len(content),
            "sha256": digest,
            "text": content.decode(errors="replace"),
            "created_at": BEGAN.isoformat(),
        }
        run = self.add_run("index", f"Index {name}")
        documents[name]["run"] = run["id"]
        if reason := self.knobs.unreadable.get(name):
            run |= {"status": "failed", "error": reason}
        return JSONResponse({"document": documents[name], "run": {**run, "status": "pending"}}, 202)

    async def list_documents(self, request: Request) -> Response:
        documents = self.collections.get(request.path_params["name"])
        return unknown() if documents is None else page(request, list(documents.values()))

    def find_document(self, request: Request) -> dict[str, Any] | None:
        documents = self.collections.get(request.path_params["name"], {})
        wanted = request.path_params["id"]
        return next((item for item in documents.values() if item["id"] == wanted), None)

    async def delete_document(self, request: Request) -> Response:
        document = self.find_document(request)
        if document is None:
            return unknown()
        del self.collections[request.path_params["name"]][document["name"]]
        return Response(status_code=204)

    async def text(self, request: Request) -> Response:
        document = self.find_document(request)
        if document is None:
            return unknown()
        text, span = document["text"], request.query_params
        start = int(span["start"])
        end = min(int(span.get("end", start + 20_000)), len(text))
        content = {"start": start, "end": end, "characters": len(text), "text": text[start:end]}
        reference = {"id": document["id"], "name": document["name"]}
        return JSONResponse({"document": reference, **content})

    async def start_run(self, request: Request) -> Response:
        body = await request.json()
        if body["collection"] not in self.collections:
            detail = "There is no such collection."
            wrong = [{"field": "collection", "message": detail}]
            return problem(404, "not_found", detail, errors=wrong)
        self.keys.append(request.headers["idempotency-key"])
        self.goals.append(body)
        run = self.add_run(body["workflow"], body["goal"])
        answer = JSONResponse({**run, "status": "pending", "result": None, "citations": []}, 202)
        answer.headers["Location"] = f"/api/v1/runs/{run['id']}"
        return answer

    async def list_runs(self, request: Request) -> Response:
        return page(request, list(reversed(self.runs.values())))

    async def get_run(self, request: Request) -> Response:
        run = self.runs.get(request.path_params["id"])
        if run is None:
            return unknown()
        if self.knobs.lost_answers > 0:
            self.knobs.lost_answers -= 1
            return StreamingResponse(_cut())
        self._asked[run["id"]] += 1
        if run["workflow"] == "index" and self._asked[run["id"]] < 2:
            return JSONResponse({**run, "status": "running"})
        return JSONResponse(run)

    async def cancel(self, request: Request) -> Response:
        run = self.runs.get(request.path_params["id"])
        if run is None:
            return unknown()
        if self.knobs.cancel_status >= 400:
            return problem(self.knobs.cancel_status, "unavailable", "Not now.")
        if run["status"] not in ("succeeded", "failed", "cancelled"):
            run["status"] = "cancelled"
            self.events[run["id"]].append(("run.cancelled", {"reason": "asked for"}))
        return JSONResponse(run, self.knobs.cancel_status)

    async def retry(self, request: Request) -> Response:
        earlier = self.runs.get(request.path_params["id"])
        if earlier is None:
            return unknown()
        if earlier["status"] not in ("failed", "cancelled"):
            return problem(409, "run_not_retriable", "The run succeeded.")
        self.keys.append(request.headers["idempotency-key"])
        self.knobs.fail_run = None
        run = self.add_run(earlier["workflow"], earlier["goal"])
        run["retry_of"] = earlier["id"]
        run["steps"][0] |= {"kept": True, "attempts": 0, "started_at": None}
        kept = {"step": "research", "task": "r", "attempt": 0, "kept_from": earlier["id"]}
        self.events[run["id"]] = [
            ("step.succeeded", kept),
            *(event for event in self.events[run["id"]] if event[1].get("step") != "research"),
        ]
        return JSONResponse({**run, "status": "pending", "result": None, "citations": []}, 202)

    async def stream(self, request: Request) -> Response:
        run = request.path_params["id"]
        if run not in self.events:
            return unknown()
        after = request.headers.get("last-event-id")
        self.resumed_after.append(after)
        cut = self.knobs.cut_after.pop(0) if self.knobs.cut_after else None
        return StreamingResponse(
            self._stream(run, int(after or 0), cut), media_type="text/event-stream"
        )

    async def _stream(self, run: str, seq: int, cut: int | None) -> AsyncIterator[str]:
        yield ": ping\n\n"
        sent = 0
        while True:
            if cut is not None and sent == cut:
                yield f"id: {seq + 1}\nevent: step.progress\ndata: {{"
                raise ConnectionAbortedError("cut by the test")
            if seq == len(self.events[run]):
                await asyncio.sleep(0.01)
                continue
            kind, data = self.events[run][seq]
            seq, sent = seq + 1, sent + 1
            at = (BEGAN + timedelta(seconds=seq / 10)).isoformat()
            content = {"run": run, "seq": seq, "type": kind, "at": at, "data": data}
            yield f"id: {seq}\nevent: {kind}\ndata: {json.dumps(content)}\n\n"
            yield 'event: token\ndata: {"text": "not durable"}\n\n'
            for live, told in self.knobs.live.get(seq, ()):
                yield f"event: {live}\ndata: {json.dumps(told)}\n\n"
            if kind in TERMINAL:
                return

    # -- state ----------------------------------------------------------------------------------

    def collection(self, name: str) -> dict[str, Any]:
        count = len(self.collections[name])
        return {"name": name, "documents": count, "created_at": BEGAN.isoformat()}

    def _events(self, workflow: str) -> list[tuple[str, dict[str, Any]]]:
        failed, hold = self.knobs.fail_run, self.knobs.hold
        events: list[tuple[str, dict[str, Any]]] = [
            ("run.started", {"workflow": workflow}),
            ("step.ready", {"step": "research", "agent": "researcher", "task": "r"}),
            (
                "step.started",
                {"step": "research", "agent": "researcher", "task": "r", "attempt": 1},
            ),
            ("step.progress", {"step": "research", "message": "reading", "done": 2, "total": 6}),
        ]
        if failed:
            reason = {"step": "research", "reason": failed, "retry": False}
            events += [("step.failed", reason), ("run.failed", {"reason": failed})]
        elif not hold:
            first = {"step": "write", "agent": "writer", "task": "t", "attempt": 1}
            again = {**first, "attempt": 2}
            events += [
                ("step.succeeded", {"step": "research", "task": "r", "attempt": 1}),
                ("step.started", first),
                ("step.failed", {**first, "reason": "no room", "retry": True}),
                ("step.started", again),
                ("step.succeeded", again),
                ("run.succeeded", {}),
            ]
        return events

    def add_run(self, workflow: str, goal: str) -> dict[str, Any]:
        """Add a run that has ended as the knobs say, with all its events."""
        run = str(uuid4())
        failed, hold = self.knobs.fail_run, self.knobs.hold
        status = "failed" if failed else "running" if hold else "succeeded"
        self.events[run] = self._events(workflow)
        self.runs[run] = {
            "id": run,
            "status": status,
            "workflow": workflow,
            "goal": goal,
            "collection": "default",
            "error": failed,
            "created_at": BEGAN.isoformat(),
            "started_at": BEGAN.isoformat(),
            "finished_at": (BEGAN + timedelta(seconds=1.5)).isoformat(),
            "steps": [
                {
                    "id": "research",
                    "agent": "researcher",
                    "status": status,
                    "attempts": 1,
                    "started_at": BEGAN.isoformat(),
                    "finished_at": (BEGAN + timedelta(seconds=0.4)).isoformat(),
                    "error": failed,
                }
            ],
            **(ANSWER if status == "succeeded" and workflow == "answer" else {}),
            **({"result": self.knobs.result} if self.knobs.result else {}),
        }
        return self.runs[run]


ANSWER: dict[str, Any] = {
    "result": {
        "answer": "Backups are made nightly [1].",
        "kind": "extract",
        "grounded": True,
        "confidence": 7,
    },
    "citations": [
        {
            "n": 1,
            "document": {"id": str(uuid4()), "name": "docs:ops.md"},
            "heading_path": ["Operations", "Backups"],
            "start": 10,
            "end": 60,
            "quote": "Backups are made nightly by a timer.\x1b[31m They are kept for a month.",
        }
    ],
}


async def _cut() -> AsyncIterator[bytes]:
    """Begin an answer and break off the connection."""
    yield b"{"
    raise ConnectionAbortedError("cut by the test")


def page(request: Request, items: list[Any]) -> Response:
    """Answer one page; the cursor is the place to go on from."""
    limit = int(request.query_params["limit"])
    assert 1 <= limit <= 200
    start = int(request.query_params.get("cursor", 0))
    end = start + limit
    left = str(end) if end < len(items) else None
    return JSONResponse({"items": items[start:end], "next": left})


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    """Answer a problem document (RFC 9457)."""
    content = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    content |= {"title": "A title", "request_id": "req-1", "errors": [], **more}
    return JSONResponse(content, status, media_type="application/problem+json")


def refusal(retry_after_s: int) -> Response:
    """Answer 429, as the API does."""
    answer = problem(429, "rate_limited", "too many requests: one caller may send 1 a second")
    answer.headers["Retry-After"] = str(retry_after_s)
    return answer


def unknown() -> Response:
    """Answer 404."""
    return problem(404, "not_found", "There is no such thing here.")

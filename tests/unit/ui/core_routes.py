"""The routes of core that the dashboard asks, as `Core` has them answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from tests.unit.ui.core_answers import (
    CONVERSATION,
    DOCUMENT,
    KEY,
    MEMBER,
    OTHER,
    RUN,
    TALK,
    TENANT,
    problem,
)
from tests.unit.ui.graph_routes import add_graph

if TYPE_CHECKING:
    from tests.unit.ui.core_server import Core

DOCUMENTS = "/api/v1/collections/{name}/documents"


def add_routes(app: FastAPI, core: "Core") -> None:
    """Add them all."""
    for add in (_session, _collections, _documents, _search, _runs, _retries, _events, _talks):
        add(app, core)
    for add in (_parts, _people, _keys, add_graph):
        add(app, core)


def _session(app: FastAPI, core: "Core") -> None:
    @app.post("/api/v1/session/token")
    async def exchange(body: dict[str, str]) -> Response:
        if body["session"] not in core.sessions:
            return problem(401, "unauthenticated", "The session is over.")
        return JSONResponse(core.access())

    @app.delete("/api/v1/session", status_code=204)
    @app.delete("/api/v1/sessions", status_code=204)
    async def end_session() -> None:
        core.sessions.clear()

    @app.post("/api/v1/password")
    async def change_password(body: dict[str, str]) -> Response:
        if body["old_password"] != "old":
            return problem(422, "invalid_input", "old_password: it is another.")
        core.tokens.clear()
        core.user["must_change_password"] = False
        return JSONResponse(core.access())

    @app.post("/api/v1/session/tenant")
    async def switch(body: dict[str, str]) -> Response:
        core.tokens.clear()
        core.user |= {"tenant": body["tenant"], "tenant_name": "away"}
        return JSONResponse(core.access())


def _collections(app: FastAPI, core: "Core") -> None:
    @app.get("/api/v1/collections")
    async def collections(cursor: str | None = None) -> dict[str, Any]:
        at = int(cursor or 0)
        more = str(at + 1) if at + 1 < len(core.collections) else None
        items = [core.holding(name) for name in core.collections[at : at + 1]]
        return {"items": items, "next": more}

    @app.post("/api/v1/collections")
    async def make(body: dict[str, str]) -> Response:
        if body["name"] in core.collections:
            return problem(409, "already_exists", "There is one of that name.")
        core.collections = (*core.collections, body["name"])
        return JSONResponse(core.holding(body["name"]), 201)

    @app.delete("/api/v1/collections/{name}", status_code=204)
    async def remove(name: str) -> None:
        core.collections = tuple(one for one in core.collections if one != name)


def _documents(app: FastAPI, core: "Core") -> None:
    @app.get(DOCUMENTS)
    async def documents(limit: int, cursor: str | None = None) -> dict[str, Any]:
        at = int(cursor or 0)
        more = str(at + limit) if len(core.documents) > at + limit else None
        return {"items": core.documents[at : at + limit], "next": more}

    @app.get(f"{DOCUMENTS}/{DOCUMENT}")
    async def document() -> Response:
        if not core.documents:
            return problem(404, "not_found", "There is no such document.")
        return JSONResponse(core.documents[-1])

    @app.delete(f"{DOCUMENTS}/{DOCUMENT}", status_code=204)
    async def remove_document() -> None:
        core.documents.clear()

    @app.post(DOCUMENTS)
    async def upload(request: Request) -> Response:
        form = await request.form()
        name = str(getattr(form["file"], "filename", ""))
        if name.endswith(".zip"):
            return problem(422, "unreadable_document", "It is an archive.")
        core.uploads.append(name)
        core.add(name, "indexing")
        return JSONResponse({"document": core.documents[-1], "run": None}, 202)

    @app.get(f"{DOCUMENTS}/{DOCUMENT}/text")
    async def text(start: int, end: int) -> Response:
        if core.documents and core.documents[-1]["status"] != "indexed":
            return problem(404, "not_found", "It is not indexed, so it has no text yet.")
        reference = {"id": str(DOCUMENT), "name": "leases.md"}
        size = len(core.text)
        part = {"document": reference, "start": start, "end": min(end, size), "characters": size}
        return JSONResponse({**part, "text": core.text[start:end]})


def _search(app: FastAPI, core: "Core") -> None:
    @app.post("/api/v1/search")
    async def search(body: dict[str, Any]) -> dict[str, Any]:
        core.sent.append(("POST", "/search", body))
        return {"hits": core.hits}


def _runs(app: FastAPI, core: "Core") -> None:
    @app.post("/api/v1/runs")
    async def start(body: dict[str, Any]) -> Response:
        core.sent.append(("POST", "/runs", body))
        return JSONResponse({**core.run(), "status": "pending", "result": None}, 202)

    @app.get("/api/v1/runs")
    async def runs(
        limit: int, cursor: str | None = None, status: str | None = None, workflow: str = ""
    ) -> dict[str, Any]:
        core.sent.append(("GET", "/runs", {"status": status, "workflow": workflow}))
        if status not in (None, core.status) or workflow not in ("", core.workflow):
            return {"items": [], "next": None}
        at = int(cursor or 0)
        items = [core.run() for _ in range(min(limit, core.runs - at))]
        return {"items": items[:1], "next": str(at + 1) if core.runs > at + 1 else None}

    @app.get(f"/api/v1/runs/{RUN}")
    async def read() -> dict[str, Any]:
        return core.run()

    @app.post(f"/api/v1/runs/{RUN}/cancel")
    async def cancel() -> dict[str, Any]:
        core.status, core.result = "cancelled", None
        return core.run()


def _retries(app: FastAPI, core: "Core") -> None:
    @app.post(f"/api/v1/runs/{RUN}/retry")
    async def retry(request: Request) -> Response:
        core.sent.append(("POST", "/runs/retry", request.headers["idempotency-key"]))
        made = {"id": str(OTHER), "status": "pending", "result": None, "retry_of": str(RUN)}
        return JSONResponse({**core.run(), **made}, 202)

    @app.get(f"/api/v1/runs/{OTHER}")
    async def retried() -> dict[str, Any]:
        return {**core.run(), "id": str(OTHER), "retry_of": str(RUN)}


def _events(app: FastAPI, core: "Core") -> None:
    @app.get(f"/api/v1/runs/{OTHER}/events")
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


def _talks(app: FastAPI, core: "Core") -> None:
    talk = f"/api/v1/conversations/{TALK}"

    @app.get("/api/v1/conversations")
    async def talks(limit: int) -> dict[str, Any]:
        return {"items": core.talks[:limit], "next": "x" if len(core.talks) > limit else None}

    @app.post("/api/v1/conversations", status_code=201)
    async def begin(body: dict[str, str]) -> dict[str, Any]:
        core.talks.insert(0, CONVERSATION | {"title": None, "messages": 0} | body)
        return core.talks[0]

    @app.get(talk)
    async def read() -> Response:
        if not core.talks:
            return problem(404, "not_found", "There is no such conversation.")
        return JSONResponse(core.talks[0])

    @app.patch(talk)
    async def rename(body: dict[str, str]) -> dict[str, Any]:
        core.talks[0] |= body
        return core.talks[0]

    @app.delete(talk, status_code=204)
    async def forget() -> None:
        core.talks.clear()

    @app.get(f"{talk}/messages")
    async def messages(limit: int, cursor: str | None = None) -> dict[str, Any]:
        at = int(cursor or 0)
        newest = core.messages[::-1]
        more = str(at + limit) if len(newest) > at + limit else None
        return {"items": newest[at : at + limit], "next": more}

    @app.post(f"{talk}/messages", status_code=202)
    async def say(body: dict[str, Any]) -> dict[str, Any]:
        core.sent.append(("POST", "/messages", body))
        core.say(body["goal"])
        return {"message": core.messages[-2], "run": core.run()}


def _parts(app: FastAPI, core: "Core") -> None:
    @app.get("/api/v1/agents")
    async def agents() -> dict[str, Any]:
        return {"items": core.agents, "next": None}

    @app.get("/api/v1/models")
    async def models() -> dict[str, Any]:
        return core.models

    @app.get("/health/ready")
    async def health() -> JSONResponse:
        return JSONResponse(core.health, 200 if core.health["ready"] else 503)


def _people(app: FastAPI, core: "Core") -> None:
    @app.get("/api/v1/users")
    async def users() -> dict[str, Any]:
        return {"items": core.members, "next": None}

    @app.post("/api/v1/users")
    async def invite(body: dict[str, str]) -> Response:
        if any(member["email"] == body["email"] for member in core.members):
            return problem(409, "already_exists", "They are here already.")
        core.members.append(MEMBER | body | {"id": str(OTHER)})
        return JSONResponse({"user": core.members[-1], "password": "one-time"}, 201)

    @app.patch("/api/v1/users/{user}")
    async def change(user: str, body: dict[str, Any]) -> Response:
        if body.get("role") == "viewer":
            return problem(409, "conflict", "This is the last admin.")
        core.members[0] |= body
        return JSONResponse(core.members[0])

    @app.post("/api/v1/users/{user}/password")
    async def reset(user: str) -> dict[str, Any]:
        return {"user": core.members[0], "password": "another one"}

    @app.delete("/api/v1/users/{user}", status_code=204)
    async def remove(user: str) -> None:
        core.members.clear()

    @app.get("/api/v1/audit")
    async def audit(limit: int, cursor: str | None = None) -> dict[str, Any]:
        at = int(cursor or 0)
        more = str(at + limit) if len(core.audit) > at + limit else None
        return {"items": core.audit[at : at + limit], "next": more}

    @app.get("/api/v1/audit/verification")
    async def verify() -> dict[str, Any]:
        return core.verified


def _keys(app: FastAPI, core: "Core") -> None:
    @app.get("/api/v1/keys")
    async def keys() -> dict[str, Any]:
        return {"items": core.keys, "next": None}

    @app.post("/api/v1/keys")
    async def make(body: dict[str, Any]) -> Response:
        if not body["name"]:
            return problem(422, "invalid_input", "name: it is empty.")
        core.sent.append(("POST", "/keys", body))
        core.keys.append(KEY | {"name": body["name"], "scopes": body["scopes"]})
        return JSONResponse({"key": core.keys[-1], "secret": "sk_shown-once"}, 201)

    @app.delete("/api/v1/keys/{key}", status_code=204)
    async def revoke(key: str) -> None:
        core.keys.clear()

    @app.get("/api/v1/tenants")
    async def tenants() -> dict[str, Any]:
        return {"items": core.tenants, "next": None}

    @app.post("/api/v1/tenants")
    async def make_tenant(body: dict[str, str]) -> Response:
        if any(one["name"] == body["name"] for one in core.tenants):
            return problem(409, "already_exists", "There is one of that name.")
        core.tenants.append(TENANT | body | {"id": str(OTHER), "current": False})
        return JSONResponse(core.tenants[-1], 201)

"""The routes of conversations, as the API's agreed shapes have them, for the small server."""

from typing import Any, Protocol
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

AT = "2026-11-20T12:00:00+00:00"


class Runs(Protocol):
    """Where runs are added."""

    knobs: Any
    keys: list[str]
    collections: dict[str, dict[str, Any]]

    def add_run(self, workflow: str, goal: str) -> dict[str, Any]:
        """Add a run that ends as the knobs say."""


class Talks:
    """Conversations in memory; each question is answered at once, as its run ends."""

    def __init__(self, server: Runs) -> None:
        """Take where runs are added."""
        self._server = server
        self.all: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.dropped = 0
        self.posted: list[dict[str, Any]] = []

    def create(self, body: dict[str, Any]) -> Response:
        """Make a conversation."""
        if body["collection"] not in self._server.collections:
            return missing()
        made = {
            "id": str(uuid4()),
            "title": body.get("title"),
            "collection": body["collection"],
            "messages": 0,
            "busy": False,
            "created_at": AT,
            "updated_at": AT,
        }
        self.all[made["id"]], self.messages[made["id"]] = made, []
        return JSONResponse(made, 201)

    def newest(self) -> list[dict[str, Any]]:
        """List conversations, newest first."""
        return [*reversed(self.all.values())]

    async def one(self, request: Request) -> Response:
        """Read, rename or remove a conversation."""
        found = self.all.get(request.path_params["id"])
        if found is None:
            return missing()
        if request.method == "DELETE":
            del self.all[found["id"]]
            return Response(status_code=204)
        if request.method == "PATCH":
            found["title"] = (await request.json())["title"]
        return JSONResponse(found)

    async def post(self, request: Request) -> Response:
        """Ask."""
        found = self.all.get(request.path_params["id"])
        if found is None:
            return missing()
        self._server.keys.append(request.headers["idempotency-key"])
        self.posted.append(await request.json())
        goal = self.posted[-1]["goal"]
        run = self._server.add_run("answer", goal)
        said = self.messages[found["id"]]
        context = {"used": len(said) - self.dropped, "dropped": self.dropped}
        question = {"role": "user", "text": goal, "status": None, "citations": [], "error": None}
        answer = {"role": "assistant", "status": run["status"], "error": run["error"]}
        answer |= {"citations": run.get("citations", [])}
        answer |= {"text": (run.get("result") or {}).get("answer", "")}
        for number, each in enumerate((question, answer), len(said) + 1):
            said.append(
                {"id": str(uuid4()), "number": number, "run": run["id"], "context": context} | each
            )
        found["messages"] += 2
        found["title"] = found["title"] or goal
        posted = {"message": said[-2], "run": {**run, "status": "pending"}}
        return JSONResponse(posted, 202)


def missing() -> Response:
    """Answer that there is no such thing."""
    content = {"type": "about:blank", "status": 404, "code": "not_found", "title": "A title"}
    content |= {"detail": "there is no such conversation", "request_id": "req-1", "errors": []}
    return JSONResponse(content, 404, media_type="application/problem+json")

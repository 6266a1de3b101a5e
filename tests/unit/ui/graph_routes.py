"""The routes of the graph that the dashboard asks, as `Core` has them answer."""

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from tests.unit.ui.core_answers import DOCUMENT, RUN, problem

if TYPE_CHECKING:
    from tests.unit.ui.core_server import Core


def add_graph(app: FastAPI, core: "Core") -> None:
    """Add them all."""

    @app.get("/api/v1/graph/entities")
    async def entities(text: str, limit: int) -> dict[str, Any]:
        found = [one for one in core.entities if one["key"].startswith(text.lower())]
        return {"entities": found[:limit]}

    @app.get("/api/v1/graph/neighbours")
    async def neighbours(entity: str, hops: int, limit: int) -> Response:
        if entity not in {one["id"] for one in core.entities}:
            return problem(404, "not_found", "Nothing names that.")
        known, met = {entity}, list[dict[str, Any]]()
        for _ in range(hops):
            met = [one for one in core.links if {one["subject"], one["object"]} & known]
            known |= {one[end] for one in met for end in ("subject", "object")}
        found = [one for one in core.entities if one["id"] in known]
        return JSONResponse({"entities": found[:limit], "links": met, "cut": False})

    @app.get("/api/v1/graph/path")
    async def path(start: str, end: str) -> dict[str, Any]:
        ids = [one["id"] for one in core.entities]
        first, last = ids.index(start), ids.index(end)
        if core.entities[last]["name"] == "Lone":
            return {"entities": [], "links": []}
        return {"entities": core.entities[first : last + 1], "links": core.links[first:last]}

    @app.get("/api/v1/graph/communities")
    async def communities(limit: int) -> dict[str, Any]:
        return {"communities": core.groups[:limit]}

    @app.get(f"/api/v1/graph/answers/{RUN}")
    async def answer() -> dict[str, Any]:
        return {"entities": core.entities, "links": core.links, "cut": False}

    @app.get("/api/v1/graph/sources")
    async def sources(subject: str, kind: str, object: str, limit: int) -> dict[str, Any]:
        core.sent.append(("GET", "/graph/sources", (subject, kind, object)))
        one = {
            "document": {"id": str(DOCUMENT), "name": "leases.md"},
            "heading_path": ["Leases"],
            "start": 8,
            "end": 34,
        }
        return {"sources": [one] * min(limit, core.sources)}

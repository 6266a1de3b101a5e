"""What the fuzz takes for a finding, and what its calls may not touch: shown on a small service."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fuzz import __main__ as harness
from tests.support.platform import LivePlatform
from tests.support.programs import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

OWN, OTHER = "01900000-0000-7000-8000-00000000000a", "01900000-0000-7000-8000-00000000000b"


def document() -> dict[str, Any]:
    """Describe things that are read and removed by their ids."""
    ids = {name: {"value": value} for name, value in (("own", OWN), ("other", OTHER))}
    thing = {
        "name": "thing",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
        "examples": ids,
    }
    answers = {"200": {"description": "Done.", "content": {"application/json": {"schema": {}}}}}
    verbs = {verb: {"parameters": [thing], "responses": answers} for verb in ("get", "delete")}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things/{thing}": verbs},
    }


@contextmanager
def served(status: int, seen: list[tuple[str, str]]) -> Iterator[LivePlatform]:
    """Serve things, each call answered by a status, and note the calls."""

    async def thing(request: Request) -> Response:
        seen.append((request.method, request.path_params["thing"]))
        return JSONResponse({}, status_code=status)

    async def described(request: Request) -> Response:
        return JSONResponse(document())

    app = Starlette(
        routes=[
            Route("/openapi.json", described),
            Route("/things/{thing}", thing, methods=["GET", "DELETE"]),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started, "the service starts")
        port = server.servers[0].sockets[0].getsockname()[1]
        place = SimpleNamespace(
            url=f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer x"}
        )
        yield cast("LivePlatform", place)
    finally:
        server.should_exit = True
        thread.join(10)


def round_of(status: int, seen: list[tuple[str, str]]) -> tuple[int, int]:
    """Make one round of examples."""
    with served(status, seen) as place:
        return harness.fuzz_round(place, [OWN], 1, 3, "examples,fuzzing")


def test_a_service_that_does_as_documented_has_no_finding() -> None:
    calls, status = round_of(200, [])
    assert (calls > 0, status) == (True, 0)


def test_an_error_of_the_server_is_a_finding() -> None:
    assert round_of(500, [])[1] != 0


def test_what_is_the_callers_own_is_read_and_never_removed() -> None:
    seen: list[tuple[str, str]] = []
    round_of(200, seen)
    assert ("GET", OWN) in seen
    assert ("DELETE", OTHER) in seen
    assert ("DELETE", OWN) not in seen


def test_a_case_that_python_could_not_make_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "HOOKS", "tests.fuzz.unmade")
    seen: list[tuple[str, str]] = []
    calls, status = round_of(200, seen)
    assert (calls > 0, status) == (True, 0)
    assert {method for method, _ in seen} == {"DELETE"}


def test_beside_such_a_case_an_error_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "HOOKS", "tests.fuzz.unmade")
    assert round_of(500, [])[1] != 0

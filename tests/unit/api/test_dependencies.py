"""What routes are given, and how: nothing of a request runs in a thread of its own."""

import inspect
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from sutazai.entrypoints.api import app
from sutazai.entrypoints.api.dependencies import KeyedRoute, refuse_unknown_query
from sutazai.entrypoints.api.routes import runs
from sutazai_contracts.events import Event, EventType
from sutazai_contracts.identifiers import new_id

ROUTES = list(app.api_routes())


def calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    if dependant.call is not None:
        yield dependant.call
    for below in dependant.dependencies:
        yield from calls(below)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_all_of_a_request_runs_in_the_loop(route: APIRoute) -> None:
    """FastAPI runs what is no coroutine in a thread, which costs more than it does."""
    for call in [*calls(route.dependant), refuse_unknown_query]:
        function = call if inspect.isroutine(call) else type(call).__call__
        assert inspect.iscoroutinefunction(function), f"{call} is no coroutine function"


def test_all_but_health_and_login_finds_out_who_asks() -> None:
    keyless = {route.path for route in ROUTES if not isinstance(route, KeyedRoute)}
    login = {"/login", "/logout", "/api/v1/session/token"}
    login |= {f"/api/v1/auth/{what}" for what in ("token", "refresh", "logout")}
    assert keyless == {"/health/live", "/health/ready", *login}


def test_a_quiet_stream_says_so_every_15_seconds() -> None:
    assert app.PING_S == 15.0


@pytest.mark.parametrize("words", ["plain", "two\nlines\r\n", "東京 👍", "a\u2028b\x85c\x0bd\x1ce"])
def test_an_event_is_one_block_for_every_client(words: str) -> None:
    """Some split lines at more characters than the protocol does."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    event = Event(run=new_id(), seq=7, type=EventType.STEP_PROGRESS, at=at, data={"m": words})
    text = runs.frame(event).decode("ascii")
    assert text.endswith("\n\n")
    first, second, third = text[:-2].splitlines()
    assert (first, second) == ("id: 7", "event: step.progress")
    data = json.loads(third.removeprefix("data: "))
    assert Event.model_validate(data) == event

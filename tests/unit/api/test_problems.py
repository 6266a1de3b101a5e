"""Errors as problem documents, through an application that raises them."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from loguru import logger
from prometheus_client import CollectorRegistry

import sutazai_contracts.errors as errors
from sutazai.adapters.limits.inprocess import InProcessLimits
from sutazai.core.identity.guesses import Guesses
from sutazai.core.identity.model import Caller
from sutazai.core.identity.rights import Need
from sutazai.core.limits.requests import RequestLimit
from sutazai.core.platform import Platform
from sutazai.entrypoints.api.app import create_app
from sutazai.entrypoints.logs import line
from sutazai_contracts.errors import InvalidInput, NotFound, SutazaiError, Unauthenticated
from sutazai_contracts.identifiers import new_id

KEY = {"Authorization": "Bearer sk_any"}
TREE = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, SutazaiError)
]


class Raises:
    """A part of the platform that fails, whatever it is asked, as a test says."""

    error: Exception = RuntimeError("a bug, with words that stay inside")
    caller = Caller(new_id(), new_id(), new_id(), frozenset(Need))

    async def authenticate(self, key: str, address: str) -> Caller:
        return self.caller

    async def collections(self, *arguments: Any) -> Any:
        raise self.error


@pytest.fixture
def part() -> Raises:
    return Raises()


@pytest.fixture
async def client(part: Raises) -> AsyncIterator[httpx2.AsyncClient]:
    limits = InProcessLimits()
    platform = SimpleNamespace(
        metrics=CollectorRegistry(),
        identity=part,
        knowledge=part,
        requests=RequestLimit(limits, None),
        people=SimpleNamespace(guesses=Guesses(limits)),
    )
    app = cast(FastAPI, create_app(cast(Platform, platform), upload_limit=1000))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api") as opened:
        yield opened


@pytest.mark.parametrize("error", TREE, ids=lambda error: error.__name__)
async def test_every_error_of_the_tree_has_its_status_and_code(
    part: Raises, client: httpx2.AsyncClient, error: type[SutazaiError]
) -> None:
    part.error = error("what happened, in words", field="name")
    answer = await client.get("/api/v1/collections", headers=KEY)
    assert answer.status_code == error.status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["title"]
    assert body == {
        "type": f"urn:sutazai:problem:{error.code}",
        "title": body["title"],
        "status": error.status,
        "detail": "what happened, in words",
        "code": error.code,
        "request_id": answer.headers["x-request-id"],
        "errors": [{"field": "name", "message": "what happened, in words"}],
    }
    assert ("retry-after" in answer.headers) == (error.status in (429, 503))
    assert ("www-authenticate" in answer.headers) == (error is Unauthenticated)


async def test_an_error_without_a_field_names_none(
    part: Raises, client: httpx2.AsyncClient
) -> None:
    part.error = NotFound()
    answer = await client.get("/api/v1/collections", headers=KEY)
    assert answer.json()["errors"] == []
    assert answer.json()["detail"] == "There is no such thing here."


async def test_a_bug_is_a_500_that_tells_nothing(part: Raises, client: httpx2.AsyncClient) -> None:
    records: list[Any] = []
    sink = logger.add(lambda message: records.append(message.record), level="ERROR")
    try:
        answer = await client.get("/api/v1/collections", headers={**KEY, "X-Request-Id": "mine"})
    finally:
        logger.remove(sink)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["request_id"]) == ("internal_error", "mine")
    assert answer.headers["x-request-id"] == "mine"
    assert "stay inside" not in answer.text
    (record,) = records
    assert record["extra"]["request_id"] == "mine"
    assert "stay inside" in str(record["exception"].value)


@pytest.mark.parametrize(
    "error", [Unauthenticated, errors.Forbidden, errors.RateLimited, InvalidInput]
)
async def test_a_refusal_is_logged_by_who_it_was_and_not_by_what_they_showed(
    part: Raises, client: httpx2.AsyncClient, error: type[SutazaiError]
) -> None:
    part.error = error("what happened, in words")
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(line(message.record)), level="INFO")
    try:
        await client.get("/api/v1/collections", headers={**KEY, "X-Request-Id": "mine"})
        part.error = NotFound()
        await client.get("/api/v1/collections", headers=KEY)
    finally:
        logger.remove(sink)
    (said,) = map(json.loads, lines)
    assert said["message"] == f"GET /api/v1/collections refused: {error.status}"
    assert (said["request_id"], said["status"]) == ("mine", error.status)
    assert datetime.fromisoformat(said["time"]).tzinfo is not None
    assert (UUID(said["user"]), UUID(said["tenant"])) == (part.caller.user, part.caller.tenant)
    assert "sk_any" not in lines[0]


async def test_words_that_are_no_text_are_answered_all_the_same(
    part: Raises, client: httpx2.AsyncClient
) -> None:
    part.error = InvalidInput("half a pair: \ud800", field="\udfff")
    answer = await client.get("/api/v1/collections", headers=KEY)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"].startswith("half a pair: ")

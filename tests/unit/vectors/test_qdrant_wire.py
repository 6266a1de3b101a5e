"""Which fusion counts, what is asked again, and what a server's answers become."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sutazai_contracts.errors import (
    InvalidInput,
    NotFound,
    SutazaiError,
    TooLarge,
    VectorsRefused,
    VectorsUnavailable,
)
from sutazai_kit.http_client import HttpClient, NotConnected
from sutazai_kit.vectors.port import Point, Query, Vector
from sutazai_kit.vectors.qdrant.errors import Call, exists_already
from sutazai_kit.vectors.qdrant.rest import QdrantRest, Refused, ScoredPoint
from sutazai_kit.vectors.qdrant.wire import SPARE, Searching, check_alike, encoded
from sutazai_kit.vectors.sparse import SparseEncoder
from tests.support.model_servers import serve_app

METHODS = ("DELETE", "GET", "POST", "PUT")
ENCODER = SparseEncoder()
UP = np.array([0.0, 1.0], dtype=np.float32)


def scored(number: int, score: float) -> ScoredPoint:
    """Make a point as the server gives it."""
    payload = {"version": str(UUID(int=9)), "text": f"text {number}", "payload": {"n": number}}
    vector = {"dense": [0.6, 0.8]}
    return ScoredPoint(id=UUID(int=number), score=score, payload=payload, vector=vector)


def answer(*scores: float) -> list[ScoredPoint]:
    """Make the answer of one query, its points numbered from 1."""
    return [scored(n + 1, score) for n, score in enumerate(scores)]


def searching(text: str = "word", limit: int = 2, vector: Vector = UP) -> Searching:
    """Make a question."""
    return Searching(Query(vector, text, limit, (uuid4(),)), ENCODER, exact=True)


@pytest.mark.parametrize(
    ("by_words", "chosen"), [(0, "spread"), (1, "ranks"), (9, "ranks"), (10, "spread")]
)
def test_few_hits_by_words_are_fused_by_ranks(by_words: int, chosen: str) -> None:
    question = searching()
    answers = [answer(0.9, 0.8), answer(0.5, 0.4, 0.3), answer(*[1.0] * by_words)]
    points = question.fused(answers)
    assert points is not None
    assert len(points) == (2 if chosen == "spread" else 3)
    fusion = question.whole(answers)["query"]
    assert fusion == ({"rrf": {"k": 2}} if chosen == "ranks" else {"fusion": "dbsf"})


def test_a_question_without_words_is_one_query() -> None:
    (query,) = searching("?!").batch()
    assert [source["using"] for source in query["prefetch"]] == ["dense"]
    assert len(searching("word").batch()) == 3


def test_ties_that_may_go_on_are_asked_again() -> None:
    question = searching("", limit=2)
    full = 2 + SPARE
    assert question.fused([answer(*[0.5] * full)]) is None
    assert question.fused([answer(*[0.5] * (full - 1))]) is not None
    assert question.fused([answer(0.9, 0.8, *[0.5] * (full - 2))]) is not None
    assert question.fused([answer(0.9, *[0.5] * (full - 1))]) is None


def test_hits_are_in_order_ties_by_id_with_the_cosine() -> None:
    question = searching("", limit=2)
    points = question.fused([answer(0.1, 0.7, 0.7)])
    assert points is not None
    first, second = question.hits(points)
    assert (first.id, second.id) == (UUID(int=2), UUID(int=3))
    assert first.similarity == pytest.approx(0.8)
    assert (first.text, first.payload, first.version) == ("text 2", {"n": 2}, UUID(int=9))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"vector": {"words": [1.0]}},
        {"vector": {"dense": [1.0, 0.0]}},
        {"vector": {"dense": [1.0, 0.0]}, "payload": {"version": "none", "text": ""}},
        {"vector": {"dense": [1.0]}, "payload": {"version": str(uuid4()), "text": ""}},
    ],
)
def test_a_point_that_somebody_else_wrote_is_an_error(given: dict[str, Any]) -> None:
    foreign = ScoredPoint(id=uuid4(), score=1.0, **given)
    with pytest.raises(SutazaiError, match="none of ours"):
        searching().hits([foreign])


@pytest.mark.parametrize(
    ("point", "field"),
    [
        (Point(uuid4(), uuid4(), np.zeros(2, np.float32), "text"), "vector"),
        (Point(uuid4(), uuid4(), np.ones(3, np.float32), "text"), "vector"),
        (Point(uuid4(), uuid4(), UP, "\ud800"), "text"),
        (Point(uuid4(), uuid4(), UP, "text", {"a": uuid4()}), "payload"),
        (Point(uuid4(), uuid4(), UP, "text", {"a": float("nan")}), "payload"),
        (Point(uuid4(), uuid4(), UP, "text", {"a": "\ud800"}), "payload"),
    ],
)
def test_a_wrong_point_is_refused_by_its_field(point: Point, field: str) -> None:
    good = Point(uuid4(), uuid4(), UP, "good")

    def check() -> None:
        check_alike([good, point])
        encoded([good, point], ENCODER)

    with pytest.raises(InvalidInput) as refused:
        check()
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("status", "words", "error"),
    [
        (404, "Not found: Collection `a` doesn't exist!", NotFound),
        (401, "Must provide an API key", VectorsRefused),
        (403, "Forbidden", VectorsRefused),
        (413, "Payload too large", TooLarge),
        (400, "Wrong input: Vector dimension error: expected dim: 8, got 4", InvalidInput),
        (500, "Service internal error", VectorsUnavailable),
        (503, "Busy", VectorsUnavailable),
        (422, "Validation error in JSON body", SutazaiError),
    ],
)
async def test_an_answer_that_is_no_success_has_its_error(
    status: int, words: str, error: type[SutazaiError]
) -> None:
    with pytest.raises(SutazaiError) as raised:
        async with saying(status, {"status": {"error": words}}) as rest, Call("search", 5):
            await rest.drop(UUID(int=1))
    assert type(raised.value) is error
    assert words in raised.value.message or error is NotFound
    assert isinstance(raised.value.__cause__, Refused)


@asynccontextmanager
async def saying(status: int, body: Any) -> AsyncIterator[QdrantRest]:
    """Give the requests to a server that gives one answer to all of them."""
    content = body if isinstance(body, bytes) else to_json(body)

    async def answer(_: Request) -> Response:
        return Response(content, status)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=METHODS)])
    async with serve_app(app) as url, aclosing(HttpClient(url, silence_s=5)) as client:
        yield QdrantRest(client, "key")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, {"status": {"error": "slow down"}}),
        (502, b"<html>"),
        (200, b"<html>"),
        (200, [1]),
        (200, {"result": {"points": []}}),
    ],
)
async def test_no_proper_answer_is_unavailable(status: int, body: Any) -> None:
    with pytest.raises(VectorsUnavailable, match="can't search: "):
        async with saying(status, body) as rest, Call("search", 5):
            await rest.count(UUID(int=1), None)


async def test_no_answer_at_all_is_unavailable() -> None:
    with pytest.raises(VectorsUnavailable, match="can't search: refused"):
        async with Call("search", 1):
            raise NotConnected("refused")


async def test_what_is_not_the_clients_is_left_alone() -> None:
    with pytest.raises(KeyError):
        async with Call("search", 1):
            raise KeyError


@pytest.mark.parametrize(
    ("status", "there"), [(409, True), (400, True), (404, False), (500, False)]
)
def test_a_collection_that_exists_is_known_by_the_answer(status: int, there: bool) -> None:
    words = "Wrong input: Collection `a` already exists!"
    assert exists_already(Refused(status, words)) is there

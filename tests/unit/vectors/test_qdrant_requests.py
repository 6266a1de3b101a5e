"""What is sent to Qdrant is what its vendor's client sends, and the vendor's answers are read.

Both clients do the same to a server that answers with what the vendor's models say it answers.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import numpy as np
import pytest
from pydantic_core import from_json, to_jsonable_python
from qdrant_client import AsyncQdrantClient
from qdrant_client.http import models
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sutazai_contracts.errors import ModelMismatch
from sutazai_kit.vectors.port import Hit, Point, Query
from sutazai_kit.vectors.qdrant.vectors import QdrantVectors, qdrant_vectors
from sutazai_kit.vectors.sparse import SparseEncoder
from tests.support.model_servers import serve_app

URL = "http://qdrant:6333"
SECRET = "a token"
METHODS = ("DELETE", "GET", "POST", "PUT")
COLLECTION, VERSION, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
NAME = str(COLLECTION)
POINT = Point(UUID(int=4), VERSION, np.array([0.6, 0.8], np.float32), "a word", {"page": [1, None]})
QUERY = Query(np.array([0.0, 1.0], np.float32), "a word", 2, (VERSION, OTHER))
ENCODER = SparseEncoder()

NARROWED = models.Filter(
    must=[models.FieldCondition(key="version", match=models.MatchValue(value=str(VERSION)))]
)
HIDDEN = models.Filter(
    must_not=[
        models.FieldCondition(key="version", match=models.MatchAny(any=[str(VERSION), str(OTHER)]))
    ]
)
DONE = models.UpdateResult(operation_id=1, status=models.UpdateStatus.COMPLETED)


class Sent(NamedTuple):
    """A request; of its body what is not null, since that says as much as leaving it out."""

    method: str
    target: str
    key: str
    body: Any


@dataclass
class Server:
    """Gives its answers in turn, and keeps what it was sent."""

    answers: Sequence[Any]
    sent: list[Sent] = field(default_factory=list)

    def take(
        self, method: str, target: str, key: str, content: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Keep a request and give the answer to it; words refuse it."""
        body = from_json(content) if content else None
        self.sent.append(Sent(method, target, key, told(body)))
        answer = self.answers[len(self.sent) - 1]
        if isinstance(answer, str):
            return 409, {"status": {"error": answer}, "time": 0.001}
        return 200, {"result": to_jsonable_python(answer), "status": "ok", "time": 0.001}


def told(value: Any) -> Any:
    """Leave out what is null, but in a payload, which is its owner's."""
    if isinstance(value, dict):
        return {
            key: one if key == "payload" else told(one)
            for key, one in value.items()
            if one is not None
        }
    return [told(one) for one in value] if isinstance(value, list) else value


async def by_us(answers: Sequence[Any], work: Callable[[QdrantVectors], Awaitable[Any]]) -> Any:
    """Do something with the driver; gives what was sent and what came of it."""
    server = Server(answers)

    async def handle(request: Request) -> Response:
        target = request.scope["raw_path"] + b"?" * bool(query := request.scope["query_string"])
        key, content = request.headers["api-key"], await request.body()
        status, body = server.take(request.method, (target + query).decode(), key, content)
        return JSONResponse(body, status)

    async with (
        serve_app(Starlette(routes=[Route("/{path:path}", handle, methods=METHODS)])) as url,
        aclosing(qdrant_vectors(url, SECRET, timeout_s=5.0)) as vectors,
    ):
        result = await work(vectors)
    return server.sent, result


async def by_vendor(
    answers: Sequence[Any], work: Callable[[AsyncQdrantClient], Awaitable[Any]]
) -> list[Sent]:
    """Do something with the vendor's client; gives what was sent."""
    server = Server(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode()
        key = request.headers["api-key"]
        status, body = server.take(request.method, target, key, request.content)
        return httpx.Response(status, json=body)

    client = AsyncQdrantClient(
        url=URL,
        prefer_grpc=False,
        check_compatibility=False,
        cloud_inference=True,  # else it looks for texts that it is to embed itself
        headers={"api-key": SECRET},
        transport=httpx.MockTransport(handle),
    )
    try:
        await work(client)
    finally:
        await client.close()
    return server.sent


def words(text: str, *, question: bool) -> models.SparseVector:
    """Encode a text as the vendor's model of a sparse vector."""
    made = ENCODER.query(text) if question else ENCODER.document(text)
    return models.SparseVector(indices=made.indices, values=made.values)


def scored(number: int, score: float) -> models.ScoredPoint:
    """Make a point that a query found."""
    payload = {"version": str(VERSION), "text": "a word", "payload": {"n": number}}
    return models.ScoredPoint(
        id=str(UUID(int=number)),
        version=1,
        score=score,
        payload=payload,
        vector={"dense": [0.6, 0.8]},
    )


def found(*scores: float) -> models.QueryResponse:
    """Make the answer of one query, its points numbered from 1."""
    return models.QueryResponse(points=[scored(n + 1, score) for n, score in enumerate(scores)])


def counted(count: int) -> models.QueryResponse:
    """Make the answer of a query that was asked for no payload and no vectors."""
    points = [models.ScoredPoint(id=str(UUID(int=n)), version=1, score=1.0) for n in range(count)]
    return models.QueryResponse(points=points)


def fused(fusion: models.FusionQuery | models.RrfQuery, limit: int) -> models.QueryRequest:
    """Make the query for the nearest by meaning and by words together."""
    vectors = {"dense": QUERY.vector.tolist(), "words": words(QUERY.text, question=True)}
    sources = [
        models.Prefetch(
            query=models.NearestQuery(nearest=vector), using=name, filter=HIDDEN, limit=50
        )
        for name, vector in vectors.items()
    ]
    return models.QueryRequest(
        prefetch=sources, query=fusion, limit=limit, with_payload=True, with_vector=["dense"]
    )


DBSF = models.FusionQuery(fusion=models.Fusion.DBSF)
RRF = models.RrfQuery(rrf=models.Rrf(k=2))
BATCH = [
    fused(DBSF, 6),
    fused(RRF, 6),
    models.QueryRequest(
        query=models.NearestQuery(nearest=words(QUERY.text, question=True)),
        using="words",
        filter=HIDDEN,
        limit=10,
    ),
]


async def create(client: AsyncQdrantClient) -> None:
    """Create a collection and the index of its versions."""
    await client.create_collection(
        NAME,
        vectors_config={
            "dense": models.VectorParams(size=2, distance=models.Distance.COSINE, on_disk=True)
        },
        sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        wal_config=models.WalConfigDiff(wal_capacity_mb=4),
    )
    await client.create_payload_index(NAME, "version", models.PayloadSchemaType.UUID, wait=True)


async def upsert(client: AsyncQdrantClient) -> None:
    """Write a point."""
    payload = {"version": str(VERSION), "text": POINT.text, "payload": POINT.payload}
    vector: dict[str, Any] = {
        "dense": POINT.vector.tolist(),
        "words": words(POINT.text, question=False),
    }
    point = models.PointStruct(id=str(POINT.id), vector=vector, payload=payload)
    await client.upsert(NAME, [point], wait=True)


async def search(client: AsyncQdrantClient) -> None:
    """Search once."""
    await client.query_batch_points(NAME, BATCH)


async def search_on(client: AsyncQdrantClient) -> None:
    """Search, and once more for all candidates."""
    await search(client)
    await client.query_batch_points(NAME, [fused(RRF, 100)])


async def scroll(client: AsyncQdrantClient) -> None:
    """List all points, on two pages."""
    _, following = await client.scroll(NAME, limit=2_000, with_payload=False)
    await client.scroll(NAME, limit=2_000, offset=following, with_payload=False)


PAGES = [
    {"points": [{"id": str(UUID(int=5))}], "next_page_offset": str(UUID(int=6))},
    {"points": [{"id": str(UUID(int=6))}], "next_page_offset": None},
]
BOTH = {UUID(int=5), UUID(int=6)}


@pytest.mark.parametrize(
    ("ours", "theirs", "answers", "expected"),
    [
        pytest.param(lambda us: us.create(COLLECTION, 2), create, [True, DONE], None, id="create"),
        pytest.param(
            lambda us: us.drop(COLLECTION),
            lambda them: them.delete_collection(NAME),
            [True],
            None,
            id="drop",
        ),
        pytest.param(lambda us: us.upsert(COLLECTION, [POINT]), upsert, [DONE], None, id="upsert"),
        pytest.param(
            lambda us: us.delete_version(COLLECTION, VERSION),
            lambda them: them.delete(NAME, models.FilterSelector(filter=NARROWED), wait=True),
            [DONE],
            None,
            id="delete",
        ),
        pytest.param(
            lambda us: us.count(COLLECTION, VERSION),
            lambda them: them.count(NAME, NARROWED, exact=True),
            [models.CountResult(count=7)],
            7,
            id="count",
        ),
        pytest.param(
            lambda us: us.count(COLLECTION),
            lambda them: them.count(NAME, exact=True),
            [models.CountResult(count=8)],
            8,
            id="count-all",
        ),
        pytest.param(lambda us: us.ids(COLLECTION), scroll, PAGES, BOTH, id="list"),
    ],
)
async def test_an_operation_is_the_vendors(
    ours: Callable[[QdrantVectors], Awaitable[Any]],
    theirs: Callable[[AsyncQdrantClient], Awaitable[Any]],
    answers: Sequence[Any],
    expected: Any,
) -> None:
    sent, result = await by_us(answers, ours)
    assert sent == await by_vendor(answers, theirs)
    assert len(sent) == len(answers)
    assert result == expected


@pytest.mark.parametrize(
    ("theirs", "answers", "numbers"),
    [
        pytest.param(search, [[found(0.9, 0.8), found(0.5), counted(10)]], [1, 2], id="once"),
        pytest.param(
            search_on,
            [[found(0.9), found(*[0.5] * 6), counted(1)], [found(*[0.5] * 9)]],
            [1, 2],
            id="ties",
        ),
    ],
)
async def test_a_search_is_the_vendors(
    theirs: Callable[[AsyncQdrantClient], Awaitable[Any]],
    answers: Sequence[Any],
    numbers: list[int],
) -> None:
    sent, hits = await by_us(answers, lambda us: us.search(COLLECTION, QUERY))
    assert sent == await by_vendor(answers, theirs)
    assert [hit.id.int for hit in hits] == numbers
    best: Hit = hits[0]
    assert best.similarity == pytest.approx(0.8)
    assert (best.version, best.text, best.payload) == (VERSION, "a word", {"n": 1})


def described(vectors: models.VectorParams | dict[str, models.VectorParams]) -> Any:
    """Make what a server tells of a collection."""
    return models.CollectionInfo(
        status=models.CollectionStatus.GREEN,
        optimizer_status=models.OptimizersStatusOneOf.OK,
        segments_count=1,
        config=models.CollectionConfig(
            params=models.CollectionParams(vectors=vectors),
            hnsw_config=models.HnswConfig(m=16, ef_construct=100, full_scan_threshold=10_000),
            optimizer_config=models.OptimizersConfig(
                deleted_threshold=0.2,
                vacuum_min_vector_number=1_000,
                default_segment_number=0,
                flush_interval_sec=5,
            ),
        ),
        payload_schema={},
    )


EXISTS = f"Wrong input: Collection `{COLLECTION}` already exists!"
OF_TWO = models.VectorParams(size=2, distance=models.Distance.COSINE)


async def test_a_collection_that_exists_is_left_as_it_is() -> None:
    answers = [EXISTS, described({"dense": OF_TWO}), DONE]
    sent, _ = await by_us(answers, lambda us: us.create(COLLECTION, 2))
    assert [asked.method for asked in sent] == ["PUT", "GET", "PUT"]
    there = await by_vendor([answers[1]], lambda them: them.get_collection(NAME))
    assert sent[1] == there[0]


@pytest.mark.parametrize(
    ("vectors", "held"), [({"dense": OF_TWO}, 2), ({"other": OF_TWO}, 0), (OF_TWO, 0), ({}, 0)]
)
async def test_a_collection_of_other_vectors_is_refused(vectors: Any, held: int) -> None:
    with pytest.raises(ModelMismatch, match=f"holds vectors of {held} dimensions, not 3"):
        await by_us([EXISTS, described(vectors)], lambda us: us.create(COLLECTION, 3))

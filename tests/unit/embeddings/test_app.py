"""The embedder's HTTP side: limits, clear refusals, and the driver before odd servers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from sutazai.adapters.minilm.embedder import Embedder
from sutazai.adapters.minilm.store import open_engine
from sutazai.entrypoints.embedder.app import EmbedderApp
from sutazai_contracts.embedder import MAX_BODY_BYTES, MAX_EMBED_BYTES, check_socket_path
from sutazai_contracts.errors import EmbedderUnavailable, InvalidInput, ModelMismatch, TooLarge
from sutazai_contracts.knowledge import EmbeddingModel
from sutazai_kit.embeddings.http import HttpEmbeddings, open_http_embeddings
from sutazai_kit.http_client import HttpClient, NotConnected
from tests.support.model_servers import serve_app

Asgi = Callable[..., Awaitable[None]]
MODEL = EmbeddingModel(
    name="all-MiniLM-L6-v2", revision="0123456789ab", dimension=384, max_tokens=256
)


@pytest.fixture(scope="module")
def embedder(models_dir: Path) -> Embedder:
    """The real model under a revision of its own."""
    return Embedder(open_engine(models_dir), MODEL.revision)


@pytest.fixture
async def client(embedder: Embedder) -> AsyncIterator[httpx2.AsyncClient]:
    async with speak_to(EmbedderApp(embedder)) as client:
        yield client


def speak_to(app: Asgi) -> httpx2.AsyncClient:
    """Make a client of an application in this process."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://embedder")


@asynccontextmanager
async def driver_of(app: Asgi, model: EmbeddingModel = MODEL) -> AsyncIterator[HttpEmbeddings]:
    """Serve an application, and give the driver that speaks to it."""
    async with serve_app(app) as url, aclosing(HttpClient(url, silence_s=5)) as client:
        yield HttpEmbeddings(client, model, patience=0)


async def test_ready_tells_the_model_and_the_work(client: httpx2.AsyncClient) -> None:
    before = (await client.get("/health/ready")).json()
    assert before["status"] == "ready"
    assert before["model"] == MODEL.model_dump()
    assert before["calls"] == 0
    await client.post("/embed", json={"texts": ["one", "two"]})
    after = (await client.get("/health/ready")).json()
    assert after["texts"] == before["texts"] + 2


async def test_vectors_travel_as_float32_with_their_shape(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/embed", json={"texts": ["one", "two"], "interactive": True})
    assert answer.status_code == 200
    assert (answer.headers["x-rows"], answer.headers["x-dimension"]) == ("2", "384")
    assert answer.headers["x-model-revision"] == MODEL.revision
    vectors = np.frombuffer(answer.content, "<f4").reshape(2, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


REFUSED: list[tuple[str, bytes, int, str | None]] = [
    ("/embed", b"no json", 422, None),
    ("/embed", b"[" * 100_000, 422, None),
    ("/embed", b"\xff\xfe", 422, None),
    ("/embed", b"[1]", 422, None),
    ("/embed", b"{}", 422, "texts"),
    ("/embed", b'{"texts": "one"}', 422, "texts"),
    ("/embed", b'{"texts": ["a", null]}', 422, "texts"),
    ("/embed", b'{"texts": ["\\ud800"]}', 422, "texts"),
    ("/embed", b'{"texts": [], "interactive": 1}', 422, "interactive"),
    ("/embed", b'{"texts": [], "model": "x"}', 422, "model"),
    ("/count", b'{"texts": [], "interactive": true}', 422, "interactive"),
    ("/count", b'{"texts": ["\\udc00"]}', 422, "texts"),
    ("/count", json.dumps({"texts": ["x"] * 257}).encode(), 422, "texts"),
    ("/embed", json.dumps({"texts": ["x"] * 257}).encode(), 422, "texts"),
    ("/embed", json.dumps({"texts": ["é" * 40_000]}).encode(), 413, "texts"),
    ("/count", b" " * (MAX_BODY_BYTES + 1), 413, None),
]


@pytest.mark.parametrize(("path", "body", "status", "field"), REFUSED)
async def test_bad_input_is_refused_clearly(
    client: httpx2.AsyncClient, path: str, body: bytes, status: int, field: str | None
) -> None:
    answer = await client.post(path, content=body)
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem.get("field") == field
    assert problem["detail"]


async def test_limits_are_reached_without_an_error(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/embed", json={"texts": ["x" * MAX_EMBED_BYTES]})
    assert answer.status_code == 200
    answer = await client.post("/count", json={"texts": ["x y " * MAX_EMBED_BYTES]})
    assert answer.json() == {"counts": [2 * MAX_EMBED_BYTES]}


async def test_unknown_paths_and_methods(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/nowhere")).status_code == 404
    answer = await client.get("/embed")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_a_bug_is_answered_as_one(models_dir: Path) -> None:
    broken = Embedder(open_engine(models_dir), MODEL.revision)
    broken.close()  # its threads take no work: no way of using it foresees that
    async with speak_to(EmbedderApp(broken)) as client:
        answer = await client.post("/embed", json={"texts": ["secret words " * 100]})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text


async def test_stopping_breaks_work_off(embedder: Embedder) -> None:
    app = EmbedderApp(embedder)
    async with speak_to(app) as client:
        call = asyncio.create_task(client.post("/embed", json={"texts": ["word " * 300] * 64}))
        calls = 0
        while not calls:
            await asyncio.sleep(0)
            calls = (await client.get("/health/ready")).json()["calls"]
        app.stop()
        answer = await call
    assert answer.status_code == 503
    assert answer.json()["code"] == "embedder_unavailable"


def answering(status: int, body: bytes, **headers: str) -> Asgi:
    """Make a server that always answers this."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        named = {"x-model-revision": MODEL.revision}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = [(name.encode(), value.encode()) for name, value in named.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    return app


async def test_another_model_after_a_restart_is_a_mismatch(embedder: Embedder) -> None:
    other = MODEL.model_copy(update={"revision": "ba9876543210"})
    async with driver_of(EmbedderApp(embedder), other) as embeddings:
        with pytest.raises(ModelMismatch, match=MODEL.revision):
            await embeddings.embed(["text"])
        with pytest.raises(ModelMismatch):
            await embeddings.count_tokens(["text"])


@pytest.mark.parametrize(
    ("app", "error"),
    [
        (answering(200, b"x" * 1536), EmbedderUnavailable),
        (
            answering(
                200,
                b"x" * 8,
                content_type="application/vnd.sutazai.float32",
                x_rows="1",
                x_dimension="384",
            ),
            EmbedderUnavailable,
        ),
        (answering(503, b"overloaded"), EmbedderUnavailable),
        (answering(500, b"[]"), EmbedderUnavailable),
        (answering(413, b'{"detail": "too long", "field": "texts"}'), TooLarge),
        (answering(422, b'{"detail": "no text", "field": "texts"}'), InvalidInput),
    ],
)
async def test_odd_answers_are_typed_errors(app: Asgi, error: type[Exception]) -> None:
    async with driver_of(app) as embeddings:
        with pytest.raises(error):
            await embeddings.embed(["text"])
        with pytest.raises(error):
            await embeddings.count_tokens(["text"])


async def test_counts_that_are_none_are_refused() -> None:
    async with driver_of(answering(200, b'{"counts": [1]}')) as embeddings:
        assert await embeddings.count_tokens(["text"]) == [1]
        with pytest.raises(EmbedderUnavailable, match="count"):
            await embeddings.count_tokens(["two", "texts"])


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", Path("/nowhere/embedder.sock")])
async def test_nobody_there_is_unavailable(address: Path | str) -> None:
    with pytest.raises(EmbedderUnavailable) as failed:
        async with open_http_embeddings(address, patience=0.1):
            pass
    assert isinstance(failed.value.__cause__, NotConnected)


async def test_a_path_too_long_for_a_socket_is_said() -> None:
    path = Path("/tmp") / ("x" * 103)
    with pytest.raises(InvalidInput, match="108 bytes and may have 107") as refused:
        async with open_http_embeddings(path):
            pass
    assert refused.value.field == "socket"
    check_socket_path(Path("/tmp") / ("x" * 102))


async def test_where_a_token_is_set_only_its_holders_are_answered(embedder: Embedder) -> None:
    app = EmbedderApp(embedder, token="the token")
    async with speak_to(app) as client:
        assert (await client.get("/health/ready")).status_code == 200
        for shown in ({}, {"authorization": "Bearer another"}, {"authorization": "the token"}):
            refused = await client.post("/embed", json={"texts": ["one"]}, headers=shown)
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
        right = {"authorization": "Bearer the token"}
        answer = await client.post("/embed", json={"texts": ["one"]}, headers=right)
        assert answer.status_code == 200

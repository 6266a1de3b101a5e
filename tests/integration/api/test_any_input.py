"""Whatever is sent, no answer is a 5xx, and every refusal is a problem document."""

import json
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.api.answers import assert_problem
from tests.integration.api.running import Running

pytestmark = pytest.mark.e2e

EXAMPLES = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# With halves of surrogate pairs, which JSON can say by its escapes.
TEXT = st.text(max_size=40) | st.text(st.characters(codec="utf-8"), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "goal",
    "collection",
    "workflow",
    "query",
    "limit",
    "name",
    "cursor",
    "start",
    "end",
    "title",
)
BODIES = st.dictionaries(st.sampled_from(NAMES) | TEXT, JSON, max_size=4) | JSON
PATHS = (
    "/api/v1/collections",
    "/api/v1/collections/{}",
    "/api/v1/collections/{}/documents",
    "/api/v1/collections/default/documents/{}",
    "/api/v1/collections/default/documents/{}/text",
    "/api/v1/search",
    "/api/v1/runs",
    "/api/v1/runs/{}",
    "/api/v1/runs/{}/cancel",
    "/api/v1/runs/{}/retry",
    "/api/v1/runs/{}/events",
    "/api/v1/conversations",
    "/api/v1/conversations/{}",
    "/api/v1/conversations/{}/messages",
    "/api/v1/agents",
    "/health/{}",
    "/{}",
)
TAKING = (
    "/api/v1/collections",
    "/api/v1/search",
    "/api/v1/runs",
    "/api/v1/conversations",
)
ENCODED = TEXT.map(lambda text: quote(text.encode("utf-8", "surrogatepass"), safe=""))
QUERIES = st.dictionaries(
    st.sampled_from((*NAMES, "status")) | TEXT, TEXT | st.integers().map(str), max_size=3
).map(lambda query: urlencode(query, errors="surrogatepass"))
HEADERS = st.dictionaries(
    st.sampled_from(("Last-Event-ID", "Idempotency-Key", "X-Request-Id", "traceparent", "Accept")),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
    max_size=2,
)


@pytest.fixture(scope="module")
def client(platform: Running) -> Iterator[httpx2.Client]:
    """Open a client of a tenant that this alone touches."""
    with platform.client(platform.new_tenant()) as opened:
        yield opened


def assert_answered(answer: httpx2.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert_problem(answer, answer.status_code, answer.json()["code"])


@EXAMPLES
@given(
    method=st.sampled_from(("GET", "GET", "POST", "DELETE", "PUT")),
    path=st.sampled_from(PATHS),
    name=ENCODED,
    query=QUERIES,
    headers=HEADERS,
)
def test_any_request(
    client: httpx2.Client, method: str, path: str, name: str, query: str, headers: dict[str, str]
) -> None:
    url = f"{path.format(name)}?{query}" if query else path.format(name)
    assert_answered(client.request(method, url, headers=headers))


@EXAMPLES
@given(path=st.sampled_from(TAKING), body=BODIES)
def test_any_json(client: httpx2.Client, path: str, body: object) -> None:
    content = json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    assert_answered(client.post(path, content=content, headers=headers))


@EXAMPLES
@given(
    name=st.binary(max_size=30),
    filename=st.binary(max_size=30),
    content=st.binary(max_size=200),
    cut=st.integers(0, 40),
)
def test_any_upload(
    client: httpx2.Client, name: bytes, filename: bytes, content: bytes, cut: int
) -> None:
    disposition = b'form-data; name="' + (name or b"file") + b'"; filename="' + filename + b'"'
    body = b"--b\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + content + b"\r\n--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b"}
    path = "/api/v1/collections/default/documents"
    assert_answered(client.post(path, content=body[: len(body) - cut], headers=headers))
    named = body.replace(b'name="' + (name or b"file"), b'name="file', 1)
    assert_answered(client.post(path, content=named, headers=headers))

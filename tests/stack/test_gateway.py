"""The gateway: what it leads to, what it does not, and what it puts a limit on."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.stack.running import Stack

pytestmark = pytest.mark.stack

REACHES = """
import socket, sys
for port in map(int, sys.argv[2:]):
    try:
        socket.create_connection((sys.argv[1], port), timeout=3).close()
        print(port)
    except OSError:
        pass
"""
HIDDEN = [
    f"{way}{place}"
    for place in ("internal/v1/claims", "metrics", "_stcore/metrics")
    for way in (
        "/", "//", "/./", "/x/../", "/api/../", "/api/v1/../../", "/api/%2e%2e/", "/api/..%2f",
        "/api/%2E%2E%2F", "/api//../", "/%2f", "/api/..;/", "/docs/files/../../", "/v1/../",
        "/static/../", "/API/../", "/health/../",
    )
] + [
    "/%69nternal/v1/claims", "/%6detrics", "/internal%2fv1/claims", "/metrics/", "/metrics?x=1",
    "/internal;x/v1/claims", "http://core:10012/internal/v1/claims", "/api/v1/\\..\\..\\metrics",
]  # fmt: skip


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {stack.api_key}"}
    with httpx2.Client(base_url=stack.gateway, headers=headers, timeout=30) as client:
        yield client


@contextmanager
def raw(stack: Stack) -> Iterator[http.client.HTTPConnection]:
    """Connect to the gateway by a client that sends paths as they are."""
    place = urlsplit(stack.gateway)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


@pytest.mark.requirement("F2", part="routes")
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/agents", "application/json"),
        ("/docs", "text/html"),
        ("/docs/files/swagger-ui.css", "text/css"),
        ("/openapi.json", "application/json"),
        ("/health/live", "application/json"),
        ("/health/ready", "application/json"),
        ("/login", "text/html"),
        ("/", "text/html"),
        ("/_stcore/health", "text/"),
    ],
)
def test_what_there_is_is_reached(api: httpx2.Client, path: str, kind: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)


def test_v1_is_reserved_and_says_so_by_cores_problem(api: httpx2.Client) -> None:
    answer = api.get("/v1/models")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("path", HIDDEN)
def test_nothing_inside_is_reached_by_any_path(stack: Stack, path: str) -> None:
    """With a token and a key that would be let in, were it reached."""
    for method, token in (("GET", stack.api_key), ("POST", stack.secret("agent_writer_token"))):
        with raw(stack) as connection:
            connection.putrequest(method, path, skip_accept_encoding=True)
            connection.putheader("Authorization", f"Bearer {token}")
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", "2" if method == "POST" else "0")
            connection.endheaders(b"{}" if method == "POST" else None)
            answer = connection.getresponse()
            body = answer.read().decode()
        page = body.lstrip().startswith(("<!", "<html"))
        assert answer.status in (400, 403, 404, 405) or (answer.status == 200 and page), body[:300]
        assert not re.search(r"^# (HELP|TYPE) ", body, re.MULTILINE)
        assert "slots" not in body


def test_the_gateway_has_one_door(stack: Stack) -> None:
    """From inside, where nothing but its own listeners decides."""
    address = stack.containers()["kong"]["NetworkSettings"]["Networks"]
    [front] = [made["IPAddress"] for name, made in address.items() if name.endswith("_front")]
    ports = ("8000", "8001", "8002", "8007", "8100", "8443", "8444", "8445")
    assert stack.python("core", REACHES, front, *ports).split() == ["8000"]


@pytest.mark.requirement("F2", part="correlation id")
def test_a_request_keeps_its_id_and_gets_one(api: httpx2.Client) -> None:
    assert (
        api.get("/health/live", headers={"X-Request-ID": "mine-1"}).headers["x-request-id"]
        == "mine-1"
    )
    given = [api.get("/health/live").headers["x-request-id"] for _ in range(2)]
    assert given[0] != given[1]
    assert all(re.fullmatch(r"[0-9a-f-]{32,36}", made) for made in given)


@pytest.mark.requirement("G2", part="CORS closed by default")
def test_other_sites_are_not_let_in(api: httpx2.Client) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    for answer in (
        api.options("/api/v1/runs", headers=asked),
        api.get("/api/v1/runs", headers={"Origin": "https://elsewhere.example"}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-allow")]


@pytest.mark.requirement("F2", part="size limits")
@pytest.mark.requirement("G2", part="request size limits at the gateway")
def test_what_is_too_large_is_refused_before_it_is_sent(stack: Stack) -> None:
    with raw(stack) as connection:
        connection.putrequest("POST", "/api/v1/runs")
        connection.putheader("Content-Length", str(32 * 1024 * 1024 + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_what_is_too_large_and_does_not_say_so_is_refused(stack: Stack) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(33):
            yield bytes(1024 * 1024)

    headers = {"Authorization": f"Bearer {stack.api_key}", "Content-Type": "application/json"}
    url = f"{stack.gateway}/api/v1/runs"
    answer = httpx2.post(url, content=body(), headers=headers, timeout=60)
    assert answer.status_code == 413


@pytest.mark.requirement("F2", part="rate limits")
@pytest.mark.requirement("G2", part="rate limits at the gateway")
def test_guessing_passwords_is_slowed_down(stack: Stack) -> None:
    url = f"{stack.gateway}/login"
    with ThreadPoolExecutor(20) as guessing:
        statuses = [*guessing.map(lambda _: httpx2.get(url, timeout=30).status_code, range(60))]
    assert {200, 429} == set(statuses)


def test_events_come_while_the_run_goes_on(stack: Stack, api: httpx2.Client) -> None:
    """The agent stands still: whatever came, came through no buffer that waits for the end."""
    stack.compose("pause", "researcher")
    try:
        begun = api.post("/api/v1/runs", json={"goal": "What stands still?"})
        assert begun.status_code == 202, begun.text
        run = begun.json()["id"]
        with api.stream("GET", f"/api/v1/runs/{run}/events", timeout=15) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            first = next(line for line in answer.iter_lines() if line.startswith("data:"))
        assert json.loads(first.removeprefix("data:"))
        assert api.get(f"/api/v1/runs/{run}").json()["status"] in ("pending", "running", "waiting")
        api.post(f"/api/v1/runs/{run}/cancel")
    finally:
        stack.compose("unpause", "researcher")


def test_the_dashboards_websocket_opens(stack: Stack) -> None:
    place = urlsplit(stack.gateway)
    with socket.create_connection((str(place.hostname), place.port or 80), timeout=15) as line:
        line.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: {place.netloc}\r\nOrigin: {stack.gateway}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Protocol: streamlit\r\n\r\n".encode()
        )
        status, *headers = line.recv(4096).decode("latin-1").split("\r\n")
    assert " 101 " in status
    # RFC 6455, section 1.3: what that key is answered by.
    assert any("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in header for header in headers)

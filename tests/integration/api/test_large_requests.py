"""Requests over the limit: the client reads its 413, or its 401, and is not reset meanwhile."""

import re
import socket
from collections.abc import Iterator

import httpx2
import pytest

from tests.integration.api.answers import assert_problem, eventually
from tests.integration.api.kept import nothing_kept
from tests.integration.api.running import UPLOAD_LIMIT, Running, Tenant

DOCUMENTS = "/api/v1/collections/default/documents"
HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n"
)
TAIL = b"\r\n--b--\r\n"
FORM = {"content-type": "multipart/form-data; boundary=b"}
# Far more than sockets buffer, so that a server which does not read would block the client.
MUCH = 24 * 1024 * 1024


@pytest.fixture(scope="module")
def tenant(platform: Running) -> Iterator[Tenant]:
    """Make a tenant of whom nothing is there at the end."""
    made = platform.new_tenant()
    with nothing_kept(platform, made):
        yield made


def form(size: int) -> Iterator[bytes]:
    """Give a form with a file, of just so many bytes altogether, in parts."""
    yield HEAD
    left = size - len(HEAD) - len(TAIL)
    while left:
        part = b"word " * 13_000
        yield part[:left]
        left -= len(part[:left])
    yield TAIL


@pytest.mark.parametrize("size", [UPLOAD_LIMIT + 1, MUCH])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_too_large_is_413(platform: Running, tenant: Tenant, size: int, declared: bool) -> None:
    headers = FORM | ({"content-length": str(size)} if declared else {})
    with platform.client(tenant) as client:
        answer = client.post(DOCUMENTS, content=form(size), headers=headers)
        problem = assert_problem(answer, 413, "too_large")
        assert "1 MiB" in problem["detail"]
        # The connection goes on after it.
        assert client.get("/api/v1/collections").status_code == 200


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_large_json_is_413(platform: Running, tenant: Tenant, declared: bool) -> None:
    body = b'{"goal": "' + b"x" * UPLOAD_LIMIT + b'"}'
    headers = {"content-type": "application/json"}
    with platform.client(tenant) as client:
        answer = client.post(
            "/api/v1/runs", content=body if declared else iter([body]), headers=headers
        )
    assert_problem(answer, 413, "too_large")


@pytest.mark.parametrize("size", [1000, UPLOAD_LIMIT - 1000, MUCH])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_upload_without_a_key_is_401_or_413(platform: Running, size: int, declared: bool) -> None:
    headers = FORM | ({"content-length": str(size)} if declared else {})
    with httpx2.Client(base_url=platform.url, trust_env=False) as client:
        answer = client.post(DOCUMENTS, content=form(size), headers=headers)
        if size > UPLOAD_LIMIT and declared:
            assert_problem(answer, 413, "too_large")
        else:
            assert_problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize("with_key", [True, False], ids=["key", "no key"])
@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "declared"])
def test_raw_client_reads_the_answer_after_all_is_sent(
    platform: Running, tenant: Tenant, with_key: bool, chunked: bool
) -> None:
    """A client that reads nothing before all is sent, and says that it will close."""
    key = f"Authorization: Bearer {tenant.api_key}\r\n" if with_key else ""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {MUCH}"
    head = (
        f"POST {DOCUMENTS} HTTP/1.1\r\nHost: x\r\n{key}X-Request-Id: raw-1\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nConnection: close\r\n{length}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", platform.port), timeout=20) as client:
        client.sendall(head.encode())
        for part in form(MUCH):
            client.sendall(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
        if chunked:
            client.sendall(b"0\r\n\r\n")
        received = b"".join(iter(lambda: client.recv(65536), b""))
    status = re.match(rb"HTTP/1.1 (\d+)", received)
    assert status is not None
    assert status[1] == (b"413" if with_key or not chunked else b"401")
    assert b"\r\nx-request-id: raw-1\r\n" in received
    assert b'"request_id":"raw-1"' in received


def test_a_body_of_just_the_limit_is_taken(platform: Running, tenant: Tenant) -> None:
    with platform.client(tenant) as client:
        content = HEAD + b"\x00" * (UPLOAD_LIMIT - len(HEAD) - len(TAIL)) + TAIL
        assert len(content) == UPLOAD_LIMIT
        # It is read to its end, and then refused for what is in it.
        answer = client.post(DOCUMENTS, content=content, headers=FORM)
        assert_problem(answer, 422, "unreadable_document", "file")


def test_a_client_that_goes_away_in_its_upload_leaves_nothing(
    platform: Running, tenant: Tenant
) -> None:
    head = (
        f"POST {DOCUMENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tenant.api_key}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 500000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", platform.port), timeout=20) as client:
        client.sendall(head.encode() + HEAD + b"half of it")
    # It is no error of ours, and is counted as what it is.
    eventually(lambda: 'documents",status="499"} 1.0' in metrics(platform), "the upload is over")
    with platform.client(tenant) as other:
        assert other.get(DOCUMENTS).json()["items"] == []


def metrics(platform: Running) -> str:
    """Read the metrics."""
    with platform.client() as client:
        return client.get("/metrics").text

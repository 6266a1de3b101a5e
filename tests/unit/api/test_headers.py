"""What browsers are told with answers of core, asked in this process; nothing behind it is open."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from sutazai.core.identity.tokens import Tokens
from sutazai.core.platform import Platform
from sutazai.entrypoints.api.app import create_app

# JSON of the API and of its errors, pages, a file, and where nothing is.
ANSWERS = (
    *("/api/v1/collections", "/api/v1/nosuch", "/openapi.json", "/health/live", "/"),
    *("/login", "/logout", "/docs", "/docs/files/swagger-ui.css", "/docs/files/", "/docs/files"),
)


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    platform = SimpleNamespace(
        metrics=CollectorRegistry(), login=SimpleNamespace(tokens=Tokens(b"a secret"))
    )
    app = cast(FastAPI, create_app(cast(Platform, platform), upload_limit=1000))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as opened:
        yield opened


@pytest.mark.parametrize("path", ANSWERS)
async def test_no_answer_is_kept_framed_guessed_at_or_passed_on(
    client: httpx2.AsyncClient, path: str
) -> None:
    said = (await client.get(path)).headers
    policy = [part.strip() for part in said["content-security-policy"].split(";")]
    shut = {"default-src", "object-src", "base-uri", "frame-ancestors"}
    assert {f"{what} 'none'" for what in shut} <= set(policy)
    assert said["x-content-type-options"] == "nosniff"
    assert said["referrer-policy"] in {"no-referrer", "same-origin"}
    assert said["cache-control"] == "no-store"
    # Each is said once: of two policies browsers would take both, of two others either.
    names = [name for name, _ in said.multi_items() if name != "set-cookie"]
    assert len(names) == len(set(names))


async def test_what_is_no_page_is_shown_in_a_sandbox(client: httpx2.AsyncClient) -> None:
    for path in ("/api/v1/collections", "/openapi.json", "/health/live", "/nosuch"):
        assert "sandbox" in (await client.get(path)).headers["content-security-policy"]


async def test_the_docs_page_runs_its_own_script_alone(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    [script] = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize("path", ANSWERS)
async def test_a_body_says_what_it_is_and_text_how_it_is_encoded(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    kind = answer.headers["content-type"]
    if kind.startswith("text/"):
        assert kind.endswith("; charset=utf-8")
    else:
        assert kind in {"application/json", "application/problem+json"}
        assert answer.json()


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT"])
async def test_no_request_is_echoed(client: httpx2.AsyncClient, method: str) -> None:
    for path in ("/", "/login", "/docs", "/api/v1/collections", "/health/live"):
        answer = await client.request(method, path, headers={"X-Mine": "comes back"})
        assert answer.status_code in {404, 405}
        assert "comes back" not in answer.text


async def test_no_folder_is_listed(client: httpx2.AsyncClient) -> None:
    for path in ("/docs/files", "/docs/files/", "/docs/files/.", "/docs/files/../"):
        answer = await client.get(path)
        assert "swagger-ui.css" not in answer.text or answer.request.url.path == "/docs"


async def test_other_sites_may_read_nothing(client: httpx2.AsyncClient) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for path in ANSWERS:
        for method in ("GET", "OPTIONS"):
            said = (await client.request(method, path, headers=headers)).headers
            assert not [name for name in said if name.startswith("access-control-")]

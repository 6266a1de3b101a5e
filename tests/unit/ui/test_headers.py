"""What the dashboard's answers tell browsers, around an application of a few words."""

from typing import Any

import httpx2
import pytest

from sutazai_ui.headers import policy, with_headers

SAID = {
    "/kept": [(b"cache-control", b"public, immutable")],
    "/own": [(b"content-security-policy", b"default-src *"), (b"x-content-type-options", b"no")],
    "/plain": [],
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        headers = SAID.get(scope["path"], [])
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"within"})
    else:
        await send({"type": "websocket.accept"})


async def ask(path: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(with_headers(app))
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        return await client.get(path)


@pytest.mark.parametrize("path", SAID)
async def test_each_answer_says_it_once_and_what_may_be_kept_may(path: str) -> None:
    answer = await ask(path)
    assert answer.content == b"within"
    names = [name for name, _ in answer.headers.multi_items()]
    assert len(names) == len(set(names))
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    kept = "public, immutable" if path == "/kept" else "no-store"
    assert answer.headers["cache-control"] == kept


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/state", "/_stcore/agent"])
async def test_side_doors_are_shut(path: str) -> None:
    answer = await ask(path)
    assert (answer.status_code, answer.text) == (404, "not found\n")
    assert answer.headers["cache-control"] == "no-store"


async def test_what_is_no_http_passes_untouched() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    scope = {"type": "websocket", "path": "/_stcore/stream"}
    await with_headers(app)(scope, receive, send)
    assert sent == [{"type": "websocket.accept"}]


def test_the_scripts_of_the_page_are_allowed_and_no_others() -> None:
    # Of `alert(1)`, by `openssl dgst -sha256 -binary | base64`.
    known = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
    made = policy('<script type="module" src="./a.js"></script><script>alert(1)</script>')
    assert f"script-src 'self' {known};" in made
    assert made.count("sha256-") == 1

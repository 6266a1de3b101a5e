"""What browsers are told by each answer of the dashboard, and which doors of Streamlit are shut.

Streamlit says nothing itself of what may be run and who may frame it.
"""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import streamlit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_PAGE = Path(streamlit.__file__).parent / "static" / "index.html"
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# Streamlit's own page sets styles by script, shows pictures from `data:` and `blob:`, and opens its
# websocket where it came from. Charts of Vega would need `unsafe-eval`; there are none here.
_POLICY = (
    "default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' "
    "blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Pages and media; files of the program itself may be kept, as Streamlit says of them.
_NOT_KEPT = b"no-store"
# Streamlit's counters, and its door for programs: anybody who reaches the port could ask.
_SHUT = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")


def policy(page: str) -> str:
    """Give the content security policy for a page: of its inline scripts, those that are there."""
    scripts = (
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _SCRIPT.findall(page)
    )
    return _POLICY.format(scripts=" ".join(scripts))


def with_headers(app: App) -> App:
    """Make an ASGI application say them with each of its answers."""
    said = {
        b"content-security-policy": policy(_PAGE.read_text(encoding="utf-8")).encode(),
        b"referrer-policy": b"same-origin",
        b"x-content-type-options": b"nosniff",
    }

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [one for one in message.get("headers", ()) if one[0] not in said]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", _NOT_KEPT))
                message["headers"] = [*headers, *said.items()]
            await send(message)

        shut = scope["type"] == "http" and scope["path"].startswith(_SHUT)
        await (_nothing_here if shut else app)(scope, receive, tell)

    return answer


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    kind = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"10")]
    await send({"type": "http.response.start", "status": 404, "headers": kind})
    await send({"type": "http.response.body", "body": b"not found\n"})

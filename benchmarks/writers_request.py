"""What the writer asks Ollama for a run, byte by byte: made by its own code, and kept on its way.

A recorder stands before Ollama for this one request; no platform that is measured goes through it.
"""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import httpx2
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from sutazai_agents.writer.generating import asked
from sutazai_contracts.knowledge import Passage
from sutazai_contracts.slots import Chosen
from sutazai_kit.model.ollama import OllamaConfig, open_ollama

STARTED_S = 20.0


def request_of(
    run: dict[str, Any], model: str, ollama: str, num_ctx: int, num_thread: int | None = None
) -> dict[str, Any]:
    """Give what the writer asks Ollama for the passages of a run.

    Args:
        run: the run, as the API shows it.
        model: the writer's.
        ollama: where Ollama answers; it answers this request too.
        num_ctx: the context that the platform gives the model.
        num_thread: threads that the platform lets it use, where it says so.
    """
    found = next(step["output"] for step in run["steps"] if step["id"] == "research")
    passages = [Passage.model_validate(passage) for passage in found["passages"]]
    chosen = Chosen(model=model, provider="ollama", num_ctx=num_ctx, json_schema=True)
    request = asked(run["goal"], passages, chosen).model_copy(update={"num_ctx": num_ctx})
    with _recording(ollama) as (url, recorder):
        config = OllamaConfig(base_url=url, num_ctx=num_ctx, num_thread=num_thread)

        async def ask() -> None:
            async with open_ollama(config) as there, aclosing(there.stream(request)) as events:
                async for _ in events:
                    pass

        asyncio.run(ask())
        return recorder.first()


class _Recorder:
    """Pass everything on to Ollama, and keep the first chat that was asked."""

    def __init__(self, target: str) -> None:
        """Take where Ollama answers."""
        self._client = httpx2.AsyncClient(base_url=target, timeout=120, trust_env=False)
        self._chat: dict[str, Any] | None = None

    def first(self) -> dict[str, Any]:
        """Give the first chat that was asked."""
        if self._chat is None:
            raise SystemExit("the writer asked no model")
        return self._chat

    async def answer(self, request: Request) -> StreamingResponse:
        """Answer as Ollama does, piece by piece."""
        body = await request.body()
        if request.url.path == "/api/chat" and self._chat is None:
            self._chat = json.loads(body)
        asked = self._client.build_request(request.method, request.url.path, content=body)
        answer = await self._client.send(asked, stream=True)

        async def pieces() -> AsyncIterator[bytes]:
            try:
                async for piece in answer.aiter_raw():
                    yield piece
            finally:
                await answer.aclose()

        kind = answer.headers.get("content-type", "application/json")
        return StreamingResponse(pieces(), answer.status_code, media_type=kind)


@contextmanager
def _recording(target: str) -> Iterator[tuple[str, _Recorder]]:
    """Serve a recorder on a free port; gives its address."""
    recorder = _Recorder(target)
    app = Starlette(
        routes=[Route("/{path:path}", recorder.answer, methods=["GET", "POST", "HEAD"])]
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # On asyncio's own loop such a socket would hold small pieces back (Nagle's algorithm).
        thread = threading.Thread(target=lambda: uvloop.run(server.serve([listening])))
        thread.start()
        try:
            deadline = time.monotonic() + STARTED_S
            while not server.started and time.monotonic() < deadline:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", recorder
        finally:
            server.should_exit = True
            thread.join()

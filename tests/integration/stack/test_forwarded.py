"""Whom core believes about where a request came from: the gateway, and nobody else."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI, Request

from sutazai.entrypoints.stack.core import served

SAID = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"}


@asynccontextmanager
async def asked_behind(behind: str) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()

    @app.get("/")
    async def who(request: Request) -> dict[str, str]:
        return {"from": request.client.host if request.client else "", "by": request.url.scheme}

    listener = socket.create_server(("127.0.0.1", 0))
    server = served(app, behind=behind)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        yield client
    server.should_exit = True
    await serving


@pytest.mark.parametrize(
    ("behind", "seen"),
    [
        ("127.0.0.1", {"from": "203.0.113.7", "by": "https"}),
        ("198.51.100.1", {"from": "127.0.0.1", "by": "http"}),
        ("", {"from": "127.0.0.1", "by": "http"}),
    ],
)
async def test_the_gateway_alone_is_believed(behind: str, seen: dict[str, str]) -> None:
    async with asked_behind(behind) as client:
        assert (await client.get("/", headers=SAID)).json() == seen


async def test_what_a_client_adds_in_front_is_not_taken_for_its_address() -> None:
    async with asked_behind("127.0.0.1") as client:
        forged = {"x-forwarded-for": "1.1.1.1, 203.0.113.7"}
        assert (await client.get("/", headers=forged)).json()["from"] == "203.0.113.7"

"""A client that asks the API again and again, and keeps how it was answered."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2

from tests.support.platform import LivePlatform

# One question of each kind: a list, one row, what the embedder and the vectors are needed for.
QUESTIONS: tuple[tuple[str, str, dict[str, object] | None], ...] = (
    ("GET", "/api/v1/runs?limit=5", None),
    ("GET", "/api/v1/collections/default", None),
    ("GET", "/health/ready", None),
    ("POST", "/api/v1/search", {"query": "What is done with the gearbox?"}),
)
PAUSE_S = 0.02
PROBLEM = "application/problem+json"


@dataclass
class Asked:
    """How often the API answered with which status, and what it should not have answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def hear(self, method: str, path: str, answer: httpx2.Response) -> None:
        """Keep an answer: one that is no success has to be a clear 503."""
        self.statuses[answer.status_code] += 1
        if answer.is_success or (path.startswith("/health/") and answer.status_code == 503):
            return
        said = f"{method} {path}: {answer.status_code} {answer.text}"
        if answer.status_code != 503 or answer.headers["content-type"] != PROBLEM:
            self.wrong.append(said)
            return
        problem = answer.json()
        self.codes[problem["code"]] += 1
        if "Retry-After" not in answer.headers or len(problem["detail"]) < 20:
            self.wrong.append(said)


@asynccontextmanager
async def asking(platform: LivePlatform) -> AsyncIterator[Asked]:
    """Ask all questions in turn until the block is left."""
    asked = Asked()

    async def ask() -> None:
        async with platform.async_client() as client:
            while True:
                for method, path, body in QUESTIONS:
                    try:
                        answer = await client.request(method, path, json=body)
                    except httpx2.TransportError as exc:
                        asked.silent[type(exc).__name__] += 1
                    else:
                        asked.hear(method, path, answer)
                    await asyncio.sleep(PAUSE_S)

    task = asyncio.create_task(ask())
    try:
        yield asked
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

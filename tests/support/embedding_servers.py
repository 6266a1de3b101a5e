"""Servers that speak the wire formats of embedding services over real HTTP; any model behind.

The formats are those of the public documentation: Ollama's docs/api.md (`/api/embed`, `/api/tags`,
`/api/show`) and OpenAI's reference of embeddings.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.model_servers import KEY

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Awaitable[Vectors]]
Count = Callable[[Sequence[str]], Awaitable[list[int]]]


@dataclass
class Served:
    """What a server serves: a model, under a name; tests change it while it runs."""

    embed: Embed
    count: Count
    name: str = "all-minilm"
    digest: str = "0123456789abcdef" * 4
    context: int = 512
    shown: dict[str, Any] = field(default_factory=dict)
    scale: float = 1.0
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def told(self, body: dict[str, Any]) -> tuple[list[list[float]], int]:
        """Give vectors, of a length of their own, and the tokens of the texts."""
        self.asked.append(body)
        vectors = await self.embed(body["input"]) * np.float32(self.scale)
        return vectors.tolist(), sum(await self.count(body["input"]))


async def words(texts: Sequence[str]) -> list[int]:
    """Count words: for models that have no tokenizer."""
    return [len(text.split()) for text in texts]


def ollama_embedder(served: Served) -> Starlette:
    """Speak Ollama's format."""

    async def version(_: Request) -> Response:
        return JSONResponse({"version": "0.11.4"})

    async def tags(_: Request) -> Response:
        return JSONResponse(
            {"models": [{"name": f"{served.name}:latest", "digest": served.digest}]}
        )

    async def show(_: Request) -> Response:
        info = {"general.architecture": "bert", "bert.context_length": served.context}
        return JSONResponse({"model_info": info, "capabilities": ["embedding"], **served.shown})

    async def embed(request: Request) -> Response:
        body = await request.json()
        counts = await served.count(body["input"])
        if not body["truncate"] and max(counts, default=0) > served.context:
            return JSONResponse({"error": "input length exceeds maximum context length"}, 400)
        vectors, tokens = await served.told(body)
        answer = {"model": body["model"], "embeddings": vectors, "prompt_eval_count": tokens}
        return JSONResponse(answer)

    return Starlette(
        routes=[
            Route("/api/version", version),
            Route("/api/tags", tags),
            Route("/api/show", show, methods=["POST"]),
            Route("/api/embed", embed, methods=["POST"]),
        ]
    )


def openai_embedder(served: Served) -> Starlette:
    """Speak OpenAI's format; the rows come in no order, which it allows."""

    def refused(request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {KEY}":
            return None
        return JSONResponse({"error": {"message": "Incorrect API key provided"}}, 401)

    async def models(request: Request) -> Response:
        return refused(request) or JSONResponse({"object": "list", "data": [{"id": served.name}]})

    async def embeddings(request: Request) -> Response:
        body = await request.json()
        if (answer := refused(request)) is not None:
            return answer
        if body["model"] != served.name:
            return JSONResponse({"error": {"message": f"no model {body['model']}"}}, 404)
        if not all(body["input"]):
            return JSONResponse({"error": {"message": "'input' cannot be an empty string"}}, 400)
        vectors, tokens = await served.told(body)
        rows = [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return JSONResponse({"object": "list", "data": rows[::-1], "usage": usage})

    return Starlette(
        routes=[
            Route("/v1/models", models),
            Route("/v1/embeddings", embeddings, methods=["POST"]),
        ]
    )

"""The embedder as an ASGI application; what it answers stands in `sutazai_contracts.embedder`."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from hmac import compare_digest
from typing import Any, NamedTuple, TypeVar

from loguru import logger

from sutazai.adapters.minilm.embedder import Embedder
from sutazai.adapters.minilm.engine import Vectors
from sutazai_contracts.embedder import (
    DIMENSION_HEADER,
    MAX_BODY_BYTES,
    MAX_EMBED_BYTES,
    MAX_TEXTS,
    REVISION_HEADER,
    ROWS_HEADER,
    VECTORS_TYPE,
)
from sutazai_contracts.errors import (
    EmbedderUnavailable,
    InvalidInput,
    NotFound,
    SutazaiError,
    TooLarge,
    Unauthenticated,
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
R = TypeVar("R")


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    kind: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class _Gone(Exception):
    """The client closed its connection."""


class EmbedderApp:
    """Route requests to the model; one instance serves one model."""

    def __init__(self, embedder: Embedder, token: str | None = None) -> None:
        """Take a loaded model, and what callers have to show; None: whoever reaches it may ask."""
        self._embedder = embedder
        self._shown = None if token is None else f"Bearer {token}".encode()
        self._calls: set[asyncio.Task[Any]] = set()
        self._routes = {
            ("GET", "/health/ready"): self._ready,
            ("GET", "/model"): self._model,
            ("POST", "/embed"): self._embed,
            ("POST", "/count"): self._count,
        }

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope, receive)
        except _Gone:
            return
        except SutazaiError as error:
            answer = _problem(error)
        # This is the entry point: a bug is answered and logged, without the texts.
        except Exception:
            logger.exception("request failed", path=scope["path"])
            answer = _problem(SutazaiError())
        headers = [
            ("content-type", answer.kind),
            ("content-length", str(len(answer.body))),
            (REVISION_HEADER, str(self._embedder.facts["revision"])),
            *answer.headers,
        ]
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(name.encode(), value.encode()) for name, value in headers],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})

    def stop(self) -> None:
        """Break off all work: the clients are told that the embedder is not there."""
        for call in self._calls:
            call.cancel()

    async def _answer(self, scope: Message, receive: Receive) -> Answer:
        method, path = scope["method"], scope["path"]
        # Whether it is well, anyone may ask.
        if path != "/health/ready":
            self._check(dict(scope["headers"]).get(b"authorization", b""))
        route = self._routes.get((method, path))
        if route is not None:
            return await route(receive)
        allowed = [other for other, known in self._routes if known == path]
        if not allowed:
            raise NotFound(f"There is no {path} here.")
        answer = _problem(InvalidInput(f"{path} takes {allowed[0]}."))
        return answer._replace(status=405, headers=(("allow", allowed[0]),))

    def _check(self, shown: bytes) -> None:
        if self._shown is not None and not compare_digest(shown, self._shown):
            raise Unauthenticated("The embedder wants its token.")

    async def _ready(self, receive: Receive) -> Answer:
        state = {"status": "ready", "model": self._embedder.facts}
        work = {
            "calls": len(self._calls),
            "texts": self._embedder.texts_embedded,
            "kept": self._embedder.texts_kept,
        }
        return _json(200, state | work)

    async def _model(self, receive: Receive) -> Answer:
        return _json(200, self._embedder.facts)

    async def _embed(self, receive: Receive) -> Answer:
        body = await _read(receive, {"texts", "interactive"})
        texts, interactive = _texts(body), body.get("interactive", False)
        if not isinstance(interactive, bool):
            raise InvalidInput("`interactive` is true or false.", field="interactive")
        if any(_utf8_length(text) > MAX_EMBED_BYTES for text in texts):
            raise TooLarge(f"A text has more than {MAX_EMBED_BYTES} bytes.", field="texts")
        work = self._embedder.embed(texts, interactive=interactive)
        return _matrix(await self._while_connected(work, receive))

    async def _count(self, receive: Receive) -> Answer:
        body = await _read(receive, {"texts"})
        work = self._embedder.count_tokens(_texts(body))
        return _json(200, {"counts": await self._while_connected(work, receive)})

    async def _while_connected(self, work: Awaitable[R], receive: Receive) -> R:
        """Give the result of work that is dropped when the client goes or the server stops."""
        call = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(receive())
        self._calls.add(call)
        try:
            await asyncio.wait({call, gone}, return_when=asyncio.FIRST_COMPLETED)
            if call.cancelled():
                raise EmbedderUnavailable("The embedder is being stopped.")
            if not call.done():
                raise _Gone
            return call.result()
        finally:
            self._calls.discard(call)
            call.cancel()
            gone.cancel()


async def _read(receive: Receive, known: set[str]) -> dict[str, Any]:
    received = bytearray()
    more = True
    too_large = False
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        # What is too large is read to its end, so that the client reads the answer.
        too_large = too_large or len(received) + len(message["body"]) > MAX_BODY_BYTES
        if not too_large:
            received += message["body"]
        more = message.get("more_body", False)
    if too_large:
        raise TooLarge(f"The request has more than {MAX_BODY_BYTES} bytes.")
    try:
        body = json.loads(received)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise InvalidInput("The body is not a JSON object.")
    for name in body.keys() - known:
        raise InvalidInput(f"There is no field {name[:64]!r} here.", field=name[:64])
    return body


def _texts(body: dict[str, Any]) -> list[str]:
    texts = body.get("texts")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InvalidInput("`texts` is a list of strings.", field="texts")
    if len(texts) > MAX_TEXTS:
        raise InvalidInput(f"`texts` has {len(texts)} entries, not {MAX_TEXTS}.", field="texts")
    return texts


def _utf8_length(text: str) -> int:
    # Half of a surrogate pair is refused where the texts are used, not here.
    return len(text.encode("utf-8", "surrogatepass"))


def _matrix(vectors: Vectors) -> Answer:
    rows, dimension = vectors.shape
    shape = ((ROWS_HEADER, str(rows)), (DIMENSION_HEADER, str(dimension)))
    return Answer(200, VECTORS_TYPE, vectors.astype("<f4", copy=False).tobytes(), shape)


def _json(status: int, value: object, kind: str = "application/json") -> Answer:
    return Answer(status, kind, json.dumps(value).encode())


def _problem(error: SutazaiError) -> Answer:
    problem = {
        "type": "about:blank",
        "title": type(error).__doc__,
        "status": error.status,
        "code": error.code,
        "detail": error.message,
    }
    if error.field is not None:
        problem["field"] = error.field
    return _json(error.status, problem, "application/problem+json")

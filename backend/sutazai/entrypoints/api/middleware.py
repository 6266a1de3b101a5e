"""Pure ASGI middleware: request ids, headers, measurement, log of bugs, limit of bodies."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import suppress
from time import perf_counter
from typing import Any
from uuid import uuid4

from loguru import logger
from starlette.requests import Request
from starlette.responses import Response

from sutazai.entrypoints.api.problems import problem
from sutazai.entrypoints.api.refusals import RefusalLog

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Observe = Callable[[str, str, int, float], None]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# A body that is not wanted and does not end in this time is cut off.
DRAIN_S = 60.0
# What browsers are told of an answer that does not say so itself: nothing of it is kept, run,
# framed, guessed at or passed on as a referrer.
NOTHING = (
    "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'none'; sandbox"
)
_UNLESS_SAID = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", NOTHING.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


class BodyTooLargeError(Exception):
    """The body passed the limit while it was read; the middleware that raised it answers."""


class RequestScope:
    """Give each request an id, measure it, and log what nobody foresaw, under that id."""

    def __init__(
        self, app: App, observe: Observe, state: Mapping[str, object] | None = None
    ) -> None:
        """Take the application, and what its requests come with.

        Args:
            app: what answers.
            observe: hears (method, route, status, seconds) of each request.
            state: what each request finds in its `state`.
        """
        self.app, self.observe, self.state = app, observe, state or {}
        self.refusals = RefusalLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        scope["state"] = {**scope.get("state", {}), **self.state}
        status, complete, begun = 0, False, perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_headers(message.get("headers", ()), request_id)
            elif message["type"] == "http.response.body":
                complete = not message.get("more_body", False)
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except asyncio.CancelledError:
            # The server cancels what is not done when it has stopped for long enough.
            if status:
                raise
            await _stopping(request_id)(scope, receive, answer)
        except Exception as exc:
            logger.opt(exception=exc).bind(request_id=request_id).error(
                "{} {} failed", scope["method"], scope["path"]
            )
            # An answer that broke off is cut, so that no client takes it for a whole one.
            if not complete:
                raise
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self.observe(scope["method"], route, status, perf_counter() - begun)
            self.refusals.note(scope, route, status)


def _with_headers(said: Iterable[tuple[bytes, bytes]], request_id: str) -> list[Any]:
    headers = [*said, (b"x-request-id", request_id.encode())]
    names = {name for name, _ in headers}
    return headers + [header for header in _UNLESS_SAID if header[0] not in names]


def _stopping(request_id: str) -> Response:
    detail = "the platform is stopping; send it again in a moment"
    return problem(503, "unavailable", detail, request_id, headers={"Retry-After": "1"})


class BodyLimit:
    """Refuse bodies over a limit with 413, by their declared length or as they are read.

    Whatever is refused, for its size or otherwise, is answered once its body was read to the end,
    so that the client reads the answer and not a reset.
    """

    def __init__(
        self,
        app: App,
        limit: int,
        drain_s: float = DRAIN_S,
        larger: Mapping[str, int] | None = None,
    ) -> None:
        """Take the application, the largest body in bytes, and that of paths with one of theirs."""
        self.app, self.limit, self.drain_s = app, limit, drain_s
        self.larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.larger.get(scope["path"], self.limit)
        body = _Body(receive, send, limit, self.drain_s)
        if (_declared_length(scope) or 0) > limit:
            body.exceeded = True
        else:
            with suppress(BodyTooLargeError):
                await self.app(scope, body.receive, body.send)
        if body.exceeded and not body.answered:
            await self._refuse(scope, body, limit)

    async def _refuse(self, scope: Scope, body: "_Body", limit: int) -> None:
        megabytes = limit / (1024 * 1024)
        detail = f"the request is larger than {megabytes:g} MiB, the limit of this installation"
        answer = problem(413, "too_large", detail, str(scope.get("request_id", "-")))
        await answer(scope, body.receive, body.send_on)


class _Body:
    """Count a body while it is read; past the limit nothing the application says goes out."""

    def __init__(self, receive: Receive, send: Send, limit: int, drain_s: float) -> None:
        self._receive, self._send = receive, send
        self._limit, self._drain_s = limit, drain_s
        self._read = 0
        self._ended = False
        self.exceeded = self.answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        self._read += len(message.get("body", b""))
        if self._read > self._limit and not self.answered:
            self.exceeded = True
            raise BodyTooLargeError
        return message

    async def send(self, message: Message) -> None:
        if not self.exceeded:
            await self.send_on(message)

    async def send_on(self, message: Message) -> None:
        self.answered = True
        if message["type"] == "http.response.start" and message["status"] >= 400:
            await self._drain()
        await self._send(message)

    async def _drain(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_s):
                while not self._ended:
                    await self.receive()


def _declared_length(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return None


def _request_id(scope: Scope) -> str:
    given = Request(scope).headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex

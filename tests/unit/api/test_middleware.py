"""The middleware, asked as a server asks it: messages in, messages out."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from loguru import logger

from sutazai.entrypoints.api.middleware import App, BodyLimit, Message, RequestScope

LIMIT = 10
Observed = list[tuple[str, str, int, float]]


class Client:
    """One request: what it sends, and what it hears."""

    def __init__(self, *parts: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/here",
            "headers": list(headers),
        }
        more = [True] * (len(parts) - 1) + [False]
        self._waiting: list[Message] = [
            {"type": "http.request", "body": part, "more_body": follows}
            for part, follows in zip(parts or (b"",), more, strict=True)
        ]
        self.heard: list[Message] = []
        self.read = 0

    async def receive(self) -> Message:
        if not self._waiting:  # as a server does once all was received
            await asyncio.Event().wait()
        self.read += 1
        return self._waiting.pop(0)

    async def send(self, message: Message) -> None:
        self.heard.append(message)

    async def ask(self, app: App) -> None:
        async with asyncio.timeout(5):
            await app(self.scope, self.receive, self.send)

    def leave(self) -> None:
        """Go away in the middle of the body."""
        self._waiting = [*self._waiting[:1], {"type": "http.disconnect"}]

    @property
    def status(self) -> int:
        (start,) = (m for m in self.heard if m["type"] == "http.response.start")
        status: int = start["status"]
        return status

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.heard[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(m["body"] for m in self.heard if m["type"] == "http.response.body")


def answering(status: int = 200, *, reads: bool = True) -> App:
    """Make an application that reads the body, or does not, and answers with its length."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        length, more = 0, reads
        while more:
            message = await receive()
            length += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": str(length).encode()})

    return app


def failing(*messages: Message) -> App:
    """Make an application that sends messages and then breaks."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)
        raise RuntimeError("a bug")

    return app


START: Message = {"type": "http.response.start", "status": 200, "headers": []}
PART: Message = {"type": "http.response.body", "body": b"a", "more_body": True}
WHOLE: Message = {"type": "http.response.body", "body": b"a"}


def within(app: App) -> tuple[RequestScope, Observed]:
    observed: Observed = []
    return RequestScope(app, lambda *what: observed.append(what)), observed


# -- the limit of bodies ---------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [[b""], [b"x" * LIMIT], [b"x" * 4, b"x" * 6], [b"x"] * LIMIT])
async def test_a_body_up_to_the_limit_passes(parts: list[bytes]) -> None:
    client = Client(*parts)
    await client.ask(BodyLimit(answering(), LIMIT))
    assert (client.status, client.body) == (200, str(sum(map(len, parts))).encode())


@pytest.mark.parametrize("parts", [[b"x" * 11], [b"x" * 10, b"x"], [b"x"] * 11, [b"x" * 99] * 9])
@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_413(parts: list[bytes], declared: bool) -> None:
    length = str(sum(map(len, parts))).encode()
    client = Client(*parts, headers=[(b"content-length", length)] if declared else [])
    await client.ask(BodyLimit(answering(), LIMIT))
    assert client.status == 413
    assert client.read == len(parts), "the body was not read to its end"
    assert b'"code":"too_large"' in client.body


async def test_a_declared_length_is_not_believed_when_more_comes() -> None:
    client = Client(b"x" * 99, headers=[(b"content-length", b"5")])
    await client.ask(BodyLimit(answering(), LIMIT))
    assert client.status == 413


async def test_an_application_that_reads_nothing_answers_first() -> None:
    client = Client(b"x" * 99, b"y" * 99)
    await client.ask(BodyLimit(answering(200, reads=False), LIMIT))
    assert client.status == 200
    assert client.read == 0


@pytest.mark.parametrize("status", [400, 401, 404, 422, 500])
async def test_a_refusal_is_sent_once_the_body_was_read(status: int) -> None:
    client = Client(*[b"x"] * 5)
    await client.ask(BodyLimit(answering(status, reads=False), LIMIT))
    assert (client.status, client.read) == (status, 5)


async def test_a_refused_body_over_the_limit_is_413() -> None:
    """Whatever else was wrong with it: it is found while the body is read to its end."""
    client = Client(*[b"x" * 9] * 5)
    await client.ask(BodyLimit(answering(401, reads=False), LIMIT))
    assert client.status in {401, 413}
    assert client.read == 5


async def test_a_body_that_does_not_end_is_cut_off() -> None:
    client = Client(b"x" * 99, b"y")
    client.scope["headers"] = [(b"content-length", b"1000")]
    client._waiting.pop()
    await client.ask(BodyLimit(answering(), LIMIT, drain_s=0.05))
    assert client.status == 413


async def test_a_client_that_leaves_ends_the_wait() -> None:
    client = Client(b"x" * 99, b"y")
    client.leave()
    await client.ask(BodyLimit(answering(), LIMIT))
    assert client.read == 2


@pytest.mark.parametrize("length", [b"abc", b"-5", b"", b"\xb2"])
async def test_a_length_that_is_none_is_not_read(length: bytes) -> None:
    client = Client(b"x", headers=[(b"content-length", length)])
    await client.ask(BodyLimit(answering(), LIMIT))
    assert client.status == 200


async def test_an_answer_under_way_is_not_broken_by_a_late_body() -> None:
    """As a stream does, which listens for its client's going."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(dict(START))
        while (await receive()).get("more_body"):
            pass
        await send(dict(WHOLE))

    client = Client(*[b"x" * 9] * 5)
    await client.ask(BodyLimit(app, LIMIT))
    assert (client.status, client.body) == (200, b"a")


# -- the scope of a request ------------------------------------------------------------------------


async def test_a_request_has_an_id() -> None:
    app, _ = within(answering())
    client = Client()
    await client.ask(app)
    made = client.scope["request_id"]
    assert len(made) == 32
    assert client.headers[b"x-request-id"] == made.encode()
    assert client.headers[b"x-content-type-options"] == b"nosniff"


@pytest.mark.parametrize("given", [b"a", b"trace-1.B_2", b"x" * 64])
async def test_a_given_id_is_kept(given: bytes) -> None:
    app, _ = within(answering())
    client = Client(headers=[(b"x-request-id", given)])
    await client.ask(app)
    assert client.headers[b"x-request-id"] == given


@pytest.mark.parametrize(
    "given", [b"", b"x" * 65, b"a b", b"a\nb", b"a\n", b"\xff", b"<a>", b"a;b"]
)
async def test_an_id_that_could_do_harm_is_not(given: bytes) -> None:
    app, _ = within(answering())
    client = Client(headers=[(b"x-request-id", given)])
    await client.ask(app)
    assert client.headers[b"x-request-id"] not in {given, b""}


async def test_a_request_is_observed() -> None:
    app, observed = within(answering(204))
    client = Client()
    client.scope["method"] = "PUT"
    await client.ask(app)
    ((method, route, status, seconds),) = observed
    assert (method, route, status) == ("PUT", "unmatched", 204)
    assert seconds >= 0


@pytest.mark.parametrize("sent", [[], [START], [START, PART]])
async def test_an_answer_that_broke_off_stays_broken(sent: list[Message]) -> None:
    """So that no client takes what it got for the whole."""
    app, observed = within(failing(*map(dict, sent)))
    client = Client()
    with pytest.raises(RuntimeError, match="a bug"):
        await client.ask(app)
    assert observed[0][2] == (200 if sent else 0)


async def test_a_bug_after_a_whole_answer_is_logged_alone() -> None:
    app, _ = within(failing(dict(START), dict(WHOLE)))
    client = Client(headers=[(b"x-request-id", b"mine")])
    records: list[Any] = []
    sink = logger.add(lambda message: records.append(message.record), level="ERROR")
    try:
        await client.ask(app)
    finally:
        logger.remove(sink)
    assert (client.status, client.body) == (200, b"a")
    (record,) = records
    assert record["extra"]["request_id"] == "mine"
    assert isinstance(record["exception"].value, RuntimeError)


@pytest.mark.parametrize("sent", [[], [START], [START, PART]])
async def test_a_request_that_a_stop_cuts_off_says_so_where_it_still_can(
    sent: list[Message],
) -> None:
    begun = asyncio.Event()

    async def waits(scope: Any, receive: Any, send: Any) -> None:
        for message in sent:
            await send(dict(message))
        begun.set()
        await asyncio.Event().wait()

    app, observed = within(waits)
    client = Client()
    request = asyncio.create_task(client.ask(app))
    await begun.wait()
    request.cancel()
    if sent:
        with pytest.raises(asyncio.CancelledError):
            await request
        assert observed[0][2] == 200
    else:
        await request
        assert client.status == observed[0][2] == 503
        assert client.headers[b"retry-after"] == b"1"


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
async def test_what_is_no_http_passes_untouched(kind: str) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    observed: Observed = []
    client = Client()
    client.scope = {"type": kind}
    outer = RequestScope(BodyLimit(app, LIMIT), lambda *what: observed.append(what))
    await client.ask(outer)
    assert seen == [({"type": kind}, client.receive, client.send)]
    assert observed == []

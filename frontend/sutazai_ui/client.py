"""Core's API as the dashboard uses it: typed answers, errors in words."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from sutazai_contracts.knowledge import Citation, DocumentRef

CONNECT_S = 3.0
UPLOAD_S = 120.0
# The API says something every 15 s: three times nothing means that the connection is dead.
SILENCE_S = 45.0
PAGE = 200
# What is asked too often is asked again when the API says, for so long altogether: somebody waits.
PATIENCE_S = 5.0
SHORTEST_WAIT_S = 0.1

Shape = TypeVar("Shape", bound=BaseModel)


class Given(BaseModel):
    """An answer of the API; what the dashboard does not show is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class User(Given):
    """Who is logged in."""

    email: str
    role: str
    tenant_name: str


class Access(Given):
    """An access token, and for how many seconds it holds."""

    access_token: str
    expires_in: int
    user: User


class Collection(Given):
    """A collection."""

    name: str
    documents: int
    chunks: int


class Document(Given):
    """A document, and how far it is indexed."""

    id: UUID
    name: str
    status: str
    chunks: int | None = None
    error: str | None = None
    run: UUID


class Step(Given):
    """A step of a run."""

    id: str
    agent: str
    status: str
    error: str | None = None


class Result(Given):
    """What a run of the workflow `answer` came to."""

    answer: str
    kind: str
    grounded: bool
    confidence: int


class Run(Given):
    """A run."""

    id: UUID
    status: str
    goal: str
    collection: str | None = None
    result: Result | None = None
    citations: tuple[Citation, ...] = ()
    error: str | None = None
    steps: tuple[Step, ...] = ()


class TextPart(Given):
    """A part of a document's text, from `start` to `end` of `characters`."""

    document: DocumentRef
    start: int
    end: int
    characters: int
    text: str


class Trouble(Exception):
    """Something went wrong, in words for a person, with the id that the log knows it by."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "unreachable",
        status: int = 0,
        request_id: str | None = None,
        retry_after_s: float = 0.0,
    ) -> None:
        """Take what happened, its wire code, HTTP status and request's id, and when to try again.

        `retry_after_s`: seconds after which the API says that another try may help.
        """
        super().__init__(message)
        self.message, self.code, self.status, self.request_id = message, code, status, request_id
        self.retry_after_s = retry_after_s


class SignedOut(Trouble):
    """The session is over, or there was none."""


@dataclass(frozen=True)
class Api:
    """Core's API for one person.

    Every call raises `SignedOut` where the token is not good any more, `Trouble` where the API
    refuses or does not answer. One that is refused because too much was asked is sent again, as
    often as `PATIENCE_S` allows.
    """

    http: httpx2.Client
    token: str

    def collections(self) -> list[Collection]:
        """List the collections."""
        items: list[Collection] = []
        cursor: str | None = None
        while True:
            params: dict[str, str | int] = {"limit": PAGE}
            if cursor is not None:
                params["cursor"] = cursor
            page = _json(self._call("GET", "/collections", params=params))
            items += [_read(Collection, item) for item in page.get("items", ())]
            cursor = page.get("next")
            if cursor is None:
                return items

    def documents(self, collection: str, limit: int) -> list[Document]:
        """List the first documents of a collection, by name."""
        path = f"/collections/{quote(collection, safe='')}/documents"
        page = _json(self._call("GET", path, params={"limit": limit}))
        return [_read(Document, item) for item in page.get("items", ())]

    def document(self, collection: str, document: UUID) -> Document:
        """Read how far a document is."""
        path = f"/collections/{quote(collection, safe='')}/documents/{document}"
        return _read(Document, _json(self._call("GET", path)))

    def upload(self, collection: str, name: str, content: bytes) -> Document:
        """Hand over a file; gives the document it became."""
        answer = self._call(
            "POST",
            f"/collections/{quote(collection, safe='')}/documents",
            files={"file": (name, content, "application/octet-stream")},
            timeout=httpx2.Timeout(UPLOAD_S, connect=CONNECT_S),
        )
        return _read(Document, _json(answer).get("document"))

    def start(self, goal: str, collection: str, key: str) -> Run:
        """Start a run of the workflow `answer`; the same key starts no second one."""
        body = {"goal": goal, "collection": collection, "workflow": "answer"}
        answer = self._call("POST", "/runs", json=body, headers={"Idempotency-Key": key})
        return _read(Run, _json(answer))

    def run(self, run: UUID) -> Run:
        """Read a run."""
        return _read(Run, _json(self._call("GET", f"/runs/{run}")))

    def cancel(self, run: UUID) -> Run:
        """Cancel a run."""
        return _read(Run, _json(self._call("POST", f"/runs/{run}/cancel")))

    def end_session(self) -> None:
        """End the session that the token is of, everywhere."""
        self._call("DELETE", "/session")

    def text(self, collection: str, document: UUID, start: int, end: int) -> TextPart:
        """Read a part of a document's text, in code points."""
        path = f"/collections/{quote(collection, safe='')}/documents/{document}/text"
        answer = self._call("GET", path, params={"start": start, "end": end})
        return _read(TextPart, _json(answer))

    @contextmanager
    def events(self, run: UUID, after: str | None = None) -> Iterator[httpx2.EventSource]:
        """Open the stream of a run's events, those after the event id `after` if given."""
        headers = self._headers() | ({} if after is None else {"Last-Event-ID": after})
        timeout = httpx2.Timeout(SILENCE_S, connect=CONNECT_S)
        with (
            _reaching(),
            self.http.sse(f"/api/v1/runs/{run}/events", headers=headers, timeout=timeout) as events,
        ):
            if not events.response.is_success:
                events.response.read()
                raise _trouble(events.response)
            yield events

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = self._headers() | dict(options.pop("headers", {}))
        waited = 0.0
        while True:
            with _reaching():
                answer = self.http.request(method, f"/api/v1{path}", headers=headers, **options)
            if answer.is_success:
                return answer
            trouble = _trouble(answer)
            wait = max(trouble.retry_after_s, SHORTEST_WAIT_S)
            if trouble.status != 429 or waited + wait > PATIENCE_S:
                raise trouble
            time.sleep(wait)
            waited += wait


def open_http(url: str, answer_s: float) -> httpx2.Client:
    """Open connections to core; they are made when they are needed.

    Args:
        url: where core answers.
        answer_s: seconds an answer may take.
    """
    times = httpx2.Timeout(answer_s, connect=CONNECT_S)
    # Each tab that watches a run holds one.
    limits = httpx2.Limits(max_connections=None)
    return httpx2.Client(base_url=url, timeout=times, limits=limits, trust_env=False)


def exchange(http: httpx2.Client, session: str) -> Access:
    """Give the access token of a session, whose value the browser's cookie holds.

    Raises:
        SignedOut: the session is over.
        Trouble: core does not answer.
    """
    with _reaching():
        answer = http.post("/api/v1/session/token", json={"session": session})
    if not answer.is_success:
        raise _trouble(answer)
    return _read(Access, _json(answer))


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except httpx2.ConnectError as exc:
        raise Trouble("SutazAI does not answer. Is it running?") from exc
    except httpx2.TimeoutException as exc:
        raise Trouble("SutazAI took too long to answer. Try again in a moment.") from exc
    except httpx2.TransportError as exc:
        raise Trouble("The connection to SutazAI broke off. Try again in a moment.") from exc


def _trouble(answer: httpx2.Response) -> Trouble:
    told = _json(answer)
    kind = SignedOut if answer.status_code == 401 else Trouble
    fields = [
        f"{item.get('field')}: {item.get('message')}"
        for item in told.get("errors") or ()
        if isinstance(item, Mapping)
    ]
    said = "; ".join(fields) or told.get("detail") or f"SutazAI answered {answer.status_code}."
    return kind(
        str(said),
        code=str(told.get("code", "unknown")),
        status=answer.status_code,
        request_id=told.get("request_id") or answer.headers.get("x-request-id"),
        retry_after_s=_retry_after_s(answer),
    )


def _retry_after_s(answer: httpx2.Response) -> float:
    # RFC 9110, section 10.2.3; the API and its gateway tell seconds, never a date.
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdecimal() else 0.0


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {}


def _read(shape: type[Shape], content: object) -> Shape:
    try:
        return shape.model_validate(content)
    except ValidationError as exc:
        raise Trouble("What answers is not this version of SutazAI.", code="version") from exc

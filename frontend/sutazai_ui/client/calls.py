"""How the dashboard asks core: connections, one person's token, answers read or told in words."""

import time
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from sutazai_ui.client.shapes import Access
from sutazai_ui.client.trouble import Trouble, content_of, reaching, trouble_of

CONNECT_S = 3.0
PAGE = 200
# What is asked too often is asked again when the API says, for so long altogether: somebody waits.
PATIENCE_S = 5.0
SHORTEST_WAIT_S = 0.1

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True)
class Listing(Generic[Shape]):
    """A page of a list, and the cursor of the one that follows, if any."""

    items: list[Shape]
    next: str | None = None


@dataclass(frozen=True)
class Caller:
    """Core's API for one person.

    Every call raises `SignedOut` where the token is not good any more, `Trouble` where the API
    refuses or does not answer. One that is refused because too much was asked is sent again, as
    often as `PATIENCE_S` allows.
    """

    http: httpx2.Client
    token: str

    def headers(self) -> dict[str, str]:
        """Give the header that lets in."""
        return {"Authorization": f"Bearer {self.token}"}

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Ask; `path` is below `/api/v1`."""
        return self.ask(method, f"/api/v1{path}", **options)

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Ask for any path, again where too much was asked."""
        headers = self.headers() | dict(options.pop("headers", {}))
        waited = 0.0
        while True:
            with reaching():
                answer = self.http.request(method, path, headers=headers, **options)
            if answer.is_success:
                return answer
            trouble = trouble_of(answer)
            wait = max(trouble.retry_after_s, SHORTEST_WAIT_S)
            if trouble.status != 429 or waited + wait > PATIENCE_S:
                raise trouble
            time.sleep(wait)
            waited += wait

    def read(self, shape: type[Shape], path: str, **params: str | int) -> Shape:
        """Ask for one thing."""
        return read(shape, content_of(self.call("GET", path, params=params)))

    def page(self, shape: type[Shape], path: str, **params: str | int | None) -> Listing[Shape]:
        """Ask for a page of a list; parameters that are None are left out."""
        given = {name: value for name, value in params.items() if value is not None}
        content = content_of(self.call("GET", path, params=given))
        items = content.get("items", ())
        return Listing([read(shape, item) for item in items], content.get("next"))

    def all(self, shape: type[Shape], path: str) -> list[Shape]:
        """Ask for a whole list, page by page."""
        items: list[Shape] = []
        cursor: str | None = None
        while True:
            page = self.page(shape, path, limit=PAGE, cursor=cursor)
            items += page.items
            cursor = page.next
            if cursor is None:
                return items


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
    with reaching():
        answer = http.post("/api/v1/session/token", json={"session": session})
    if not answer.is_success:
        raise trouble_of(answer)
    return read(Access, content_of(answer))


def read(shape: type[Shape], content: object) -> Shape:
    """Read what the API says; `Trouble` where it is no such thing."""
    try:
        return shape.model_validate(content)
    except ValidationError as exc:
        raise Trouble("What answers is not this version of SutazAI.", code="version") from exc

"""One connection to an API: requests, patience where too much was asked, pages, problems."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import ValidationError

from sutazai.entrypoints.cli.errors import ApiProblem, FieldError, Unreachable
from sutazai.entrypoints.cli.session import how_to_start
from sutazai.entrypoints.cli.shapes import Shape

S = TypeVar("S", bound=Shape)

PAGE = 200
CONNECT_S = 5.0
ANSWER_S = 30.0
# What is asked too often is asked again when the API says, for so long altogether.
PATIENCE_S = 30.0
SHORTEST_WAIT_S = 0.1


class Transport:
    """Speak HTTP to one API with one key; use it as an asynchronous context manager.

    Every call raises `ApiProblem` where the API refuses, `Unreachable` where nothing answers. One
    that is refused because too much was asked is sent again, as often as `PATIENCE_S` allows.
    """

    def __init__(self, url: str, key: str, *, home: Path | None = None) -> None:
        """Take the address of the API, the API key, and the home folder, which errors name."""
        self.url = url
        self._home = home
        self._http = httpx2.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(ANSWER_S, connect=CONNECT_S, pool=None),
            # Nothing goes by a proxy: the API is on this machine.
            trust_env=False,
            verify=url.startswith("https:"),
        )

    async def __aenter__(self) -> Self:
        """Open the connections."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.__aexit__(kind, error, trace)

    async def _call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        waited = 0.0
        while True:
            try:
                response = await self._http.request(method, f"/api/v1{path}", **options)
            except httpx2.TransportError as error:
                raise self._unreachable(error) from error
            if response.is_success:
                return response
            problem = problem_of(response)
            wait = max(problem.retry_after_s, SHORTEST_WAIT_S)
            if problem.status != 429 or waited + wait > PATIENCE_S:
                raise problem
            await asyncio.sleep(wait)
            waited += wait

    async def _pages(
        self, shape: type[S], path: str, limit: int | None, query: dict[str, str] | None = None
    ) -> AsyncIterator[S]:
        left, cursor = limit, None
        while left is None or left > 0:
            params: dict[str, str | int] = {"limit": PAGE if left is None else min(left, PAGE)}
            if cursor is not None:
                params["cursor"] = cursor
            page = self._object(await self._call("GET", path, params={**(query or {}), **params}))
            items = page.get("items", [])
            for item in items:
                yield self._validate(shape, item)
            left = None if left is None else left - len(items)
            cursor = page.get("next")
            if cursor is None or not items:
                return

    def _object(self, response: httpx2.Response) -> dict[str, Any]:
        try:
            content = response.json()
        except ValueError as error:
            raise self._not_ours() from error
        if not isinstance(content, dict):
            raise self._not_ours()
        return content

    def _read(self, shape: type[S], response: httpx2.Response) -> S:
        return self._validate(shape, self._object(response))

    def _validate(self, shape: type[S], content: object) -> S:
        try:
            return shape.model_validate(content)
        except ValidationError as error:
            raise self._not_ours() from error

    def _not_ours(self) -> Unreachable:
        return Unreachable(
            f"What answers at {self.url} does not speak as this version of SutazAI does.",
            remedy="See with `sutazai doctor` whether another program listens there.",
        )

    def _unreachable(self, error: httpx2.TransportError) -> Unreachable:
        where = f"{self.url} (home {self._home})" if self._home else self.url
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            happened = "does not answer"
        elif isinstance(error, httpx2.TimeoutException):
            happened = "took too long to answer"
        else:
            happened = "broke off the connection"
        return Unreachable(
            f"The platform at {where} {happened}.",
            remedy=how_to_start(self._home) if self._home else None,
        )


def quoted(text: str) -> str:
    """Quote a text that is one step of a path."""
    # "." and ".." are path steps even when nothing in them needs quoting.
    return (
        quote(text, safe="").replace(".", "%2E") if text.strip(".") == "" else quote(text, safe="")
    )


def problem_of(response: httpx2.Response) -> ApiProblem:
    """Read the problem document of an answer that is none of success."""
    try:
        content = json.loads(response.content)
    except ValueError:
        content = None
    if not isinstance(content, Mapping):
        content = {}
    errors = [
        FieldError(str(item.get("field", "")), str(item.get("message", "")))
        for item in content.get("errors") or []
        if isinstance(item, Mapping)
    ]
    said = content.get("detail") or content.get("title")
    return ApiProblem(
        response.status_code,
        str(content.get("code", "unknown")),
        str(said or f"HTTP {response.status_code} {response.reason_phrase}".rstrip()),
        errors=tuple(errors),
        request_id=content.get("request_id") or response.headers.get("x-request-id"),
        retry_after_s=_retry_after_s(response),
    )


def _retry_after_s(response: httpx2.Response) -> float:
    # RFC 9110, section 10.2.3; the API and its gateway tell seconds, never a date.
    told = response.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdecimal() else 0.0

"""What may go wrong between the dashboard and core, in words for a person."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2


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


@contextmanager
def reaching() -> Iterator[None]:
    """Turn what the connection may raise into `Trouble`."""
    try:
        yield
    except httpx2.ConnectError as exc:
        raise Trouble("SutazAI does not answer. Is it running?") from exc
    except httpx2.TimeoutException as exc:
        raise Trouble("SutazAI took too long to answer. Try again in a moment.") from exc
    except httpx2.TransportError as exc:
        raise Trouble("The connection to SutazAI broke off. Try again in a moment.") from exc


def trouble_of(answer: httpx2.Response) -> Trouble:
    """Read an answer that is no success."""
    told = content_of(answer)
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


def content_of(answer: httpx2.Response) -> dict[str, Any]:
    """Give the object that an answer holds; an empty one where it holds none."""
    try:
        content = answer.json()
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {}


def _retry_after_s(answer: httpx2.Response) -> float:
    # RFC 9110, section 10.2.3; the API and its gateway tell seconds, never a date.
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdecimal() else 0.0

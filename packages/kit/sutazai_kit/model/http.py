"""What the providers that speak HTTP share: clients, lines, server-sent events, errors."""

import ipaddress
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yarl import URL

from sutazai_contracts.errors import EgressRefused, ModelUnavailable, SutazaiError
from sutazai_kit.http_client import IDLE_S, HttpClient, HttpError, NotConnected, Silent

CONNECT_SECONDS = 5.0
_MAX_LINE = 8 * 1024 * 1024
Refusal = Callable[[int, str], SutazaiError]


def open_client(
    base_url: str,
    *,
    silence_s: float,
    headers: Mapping[str, str] | None = None,
    socket: Path | None = None,
) -> HttpClient:
    """Open a client that reads nothing of the environment and follows no redirect.

    Args:
        base_url: what paths are appended to.
        silence_s: seconds without a byte after which the runtime counts as gone: a prompt is read
            in silence.
        headers: sent with every call.
        socket: a Unix socket to go through instead of TCP.
    """
    return HttpClient(
        base_url,
        silence_s=silence_s,
        connect_s=CONNECT_SECONDS,
        headers=headers,
        socket=socket,
        # llama.cpp closes a connection after a streamed answer and does not say so before.
        idle_s=IDLE_S if socket is None else 0,
    )


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine itself, by its host alone: no name is looked up."""
    host = URL(url).host or ""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def check_egress(url: str, allow_egress: bool) -> None:
    """Refuse a service beyond this machine unless that is switched on."""
    if not allow_egress and not is_loopback(url):
        raise EgressRefused(
            f"{URL(url).host} is beyond this machine, and nothing leaves it: "
            "set SUTAZAI_ALLOW_EGRESS=true to use hosted models."
        )


async def call(
    client: HttpClient,
    method: str,
    path: str,
    refusal: Refusal,
    body: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make one call and give the JSON object it answers with."""
    with mapped(client):
        answer = await client.request(method, path, content=_content(body), headers=_headers(body))
        if not answer.is_success:
            raise refusal(answer.status, _error_text(answer.content))
        try:
            value = answer.json()
        except ValueError as error:
            raise ModelUnavailable(f"What answers at {client.base_url} is no JSON.") from error
    if not isinstance(value, dict):
        raise ModelUnavailable(f"What answers at {client.base_url} is no model runtime.")
    return value


async def lines(
    client: HttpClient, path: str, body: Mapping[str, Any], refusal: Refusal
) -> AsyncGenerator[bytes, None]:
    """Post a request and give the lines of its answer as they come, empty ones left out.

    Closing it closes the connection, by which runtimes learn that nobody listens any more.
    """
    content, headers = _content(body), _headers(body)
    with mapped(client):
        async with client.stream("POST", path, content=content, headers=headers) as answer:
            if not answer.is_success:
                raise refusal(answer.status, _error_text(await answer.read()))
            rest = b""
            async for chunk in answer.parts():
                *whole, rest = (rest + chunk).split(b"\n")
                if len(rest) > _MAX_LINE:
                    raise ModelUnavailable(f"{client.base_url} sent a line without an end.")
                for line in whole:
                    if line := line.strip():
                        yield line
            if rest := rest.strip():
                yield rest


async def events(source: AsyncGenerator[bytes, None]) -> AsyncGenerator[dict[str, Any], None]:
    """Give the JSON of server-sent events; `[DONE]` ends them, comments and names are passed by."""
    async for line in source:
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            return
        yield parsed(data)


def parsed(line: bytes) -> dict[str, Any]:
    """Read a line that is a JSON object."""
    try:
        value = json.loads(line)
    except ValueError as error:
        raise ModelUnavailable("The model runtime sent a line that is no JSON.") from error
    if not isinstance(value, dict):
        raise ModelUnavailable("The model runtime sent a line that is no JSON object.")
    return value


@contextmanager
def mapped(client: HttpClient) -> Iterator[None]:
    """Turn the driver's errors into ours."""
    try:
        yield
    except NotConnected as error:
        raise ModelUnavailable(f"No model runtime answers at {client.base_url}.") from error
    except Silent as error:
        raise ModelUnavailable(f"The model runtime at {client.base_url} is silent.") from error
    except HttpError as error:
        raise ModelUnavailable(f"The model runtime broke off: {error}") from error


def _content(body: Mapping[str, Any] | None) -> bytes | None:
    if body is None:
        return None
    return json.dumps(body, separators=(",", ":")).encode()


def _headers(body: Mapping[str, Any] | None) -> dict[str, str] | None:
    return None if body is None else {"content-type": "application/json"}


def _error_text(content: bytes) -> str:
    """Give what a runtime says is wrong: `error`, `error.message`, or the text as it is."""
    try:
        value = json.loads(content)
    except ValueError:
        return content[:500].decode("utf-8", "replace").strip()
    error = value.get("error", value) if isinstance(value, dict) else value
    if isinstance(error, dict):
        words = [str(error[key]) for key in ("message", "code", "type") if error.get(key)]
        return " ".join(words) or json.dumps(error)
    return str(error)

"""How an agent's process speaks with core: one client per agent's token, and errors as core says.

async with open_core("http://core:10012", token) as core:
    ledger, slots = HttpLedger(core), HttpSlots(core)
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sutazai_contracts.errors import Forbidden, LineFull, SutazaiError, Unavailable
from sutazai_contracts.internal import PREFIX, TASK_HEADER, TOKEN_HEADER
from sutazai_contracts.tasks import Claim
from sutazai_kit.http_client import Head, HttpClient, HttpError, NotConnected, Silent

CONNECT_S = 2.0
ANSWER_S = 10.0
# Who waits in line holds a connection, and so does each file on its way.
CONNECTIONS = 512
# Less than servers keep an idle connection, so that none is used that is about to be closed.
IDLE_S = 20.0

Answer = TypeVar("Answer", bound=BaseModel)
_JSON = {"content-type": "application/json"}


class CoreClient:
    """Speak with core as one agent; made by `open_core`."""

    def __init__(self, client: HttpClient) -> None:
        """Take a client that knows core's address and shows the agent's token."""
        self._client = client

    async def ask(self, path: str, body: BaseModel, answer: type[Answer]) -> Answer:
        """Post a message and give the one that it is answered with.

        Raises:
            Unavailable: core does not answer, or with what is no answer.
            SutazaiError: what core says, by its wire code.
        """
        content = await self._post(path, body)
        try:
            return answer.model_validate_json(content)
        except ValidationError as error:
            raise Unavailable(f"Core's answer to {path} is none: is it another version?") from error

    async def tell(self, path: str, body: BaseModel) -> None:
        """Post a message that needs no answer; raises what `ask` raises."""
        await self._post(path, body)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        content: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        silence_s: float = ANSWER_S,
        unavailable: type[Unavailable] = Unavailable,
    ) -> AsyncIterator[Head]:
        """Make a call whose answer is read as it comes, and is known to be a good one.

        Args:
            method: of HTTP.
            path: below the prefix of the internal API.
            content: the body, which may be a stream.
            headers: beside those that all calls have.
            silence_s: seconds without a byte after which core counts as gone.
            unavailable: what is raised where core does not answer, or breaks off while the
                answer is read.
        """
        with _mapped(unavailable):
            async with self._client.stream(
                method, PREFIX + path, content=content, headers=headers, silence_s=silence_s
            ) as answer:
                if not answer.is_success:
                    raise refusal(answer.status, await answer.read())
                yield answer

    async def _post(self, path: str, body: BaseModel) -> bytes:
        with _mapped(Unavailable):
            content = body.__pydantic_serializer__.to_json(body)
            answer = await self._client.request(
                "POST", PREFIX + path, content=content, headers=_JSON
            )
        if not answer.is_success:
            raise refusal(answer.status, answer.content)
        return answer.content


@asynccontextmanager
async def open_core(
    url: str, token: str, *, answer_s: float = ANSWER_S
) -> AsyncIterator[CoreClient]:
    """Open a client for core's internal API; connects on first use.

    Args:
        url: where the internal API answers, such as `http://core:10012`.
        token: the token of the agent that this process is.
        answer_s: seconds without a byte of an answer after which core counts as gone.
    """
    client = HttpClient(
        url,
        silence_s=answer_s,
        connect_s=CONNECT_S,
        headers={"authorization": f"Bearer {token}"},
        connections=CONNECTIONS,
        idle_s=IDLE_S,
    )
    async with aclosing(client):
        yield CoreClient(client)


def claim_headers(claim: Claim) -> dict[str, str]:
    """Name the claim that a call is made for."""
    return {TASK_HEADER: str(claim.task), TOKEN_HEADER: str(claim.token)}


def refusal(status: int, content: bytes) -> SutazaiError:
    """Give the error that a problem document is, by its wire code."""
    problem = _object(content)
    detail = str(problem.get("detail") or f"Core answers {status}.")
    fields = problem.get("errors")
    named = fields[0] if isinstance(fields, list) and fields else None
    field = named.get("field") if isinstance(named, dict) else None
    return error_of(str(problem.get("code")), detail, status=status, field=field)


def error_of(
    code: str,
    detail: str,
    *,
    status: int = 500,
    field: str | None = None,
    retry_after_s: float | None = None,
) -> SutazaiError:
    """Give the error that a wire code stands for; one that is not known goes by its status."""
    kind = _kinds().get(code)
    if kind is LineFull:
        return LineFull(detail, field=field, retry_after_s=retry_after_s or 1.0)
    if kind is not None and kind is not SutazaiError:
        return kind(detail, field=field)
    if status == 403:
        return Forbidden(detail)
    # A bug in core may be gone with its next start; what is asked of it is asked again.
    return Unavailable(detail) if status >= 500 or status == 408 else SutazaiError(detail)


def _kinds() -> dict[str, type[SutazaiError]]:
    found: dict[str, type[SutazaiError]] = {}
    pending: list[type[SutazaiError]] = [SutazaiError]
    while pending:
        kind = pending.pop()
        found[kind.code] = kind
        pending += kind.__subclasses__()
    return found


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {}


@contextmanager
def _mapped(unavailable: type[Unavailable]) -> Iterator[None]:
    """Turn the driver's errors into ours, most specific first."""
    try:
        yield
    except NotConnected as error:
        raise unavailable("Core does not answer.") from error
    except Silent as error:
        raise unavailable("Core gave no answer in time.") from error
    except HttpError as error:
        raise unavailable(f"Core broke off: {error}.") from error

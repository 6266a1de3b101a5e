from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    run: UUID,
    *,
    last_event_id: int | None | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(last_event_id, Unset):
        headers["Last-Event-ID"] = last_event_id

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/runs/{run}/events".format(
            run=quote(str(run), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | Problem | None:
    if response.status_code == 200:
        response_200 = cast(Any, None)
        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Any | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    run: UUID,
    *,
    client: AuthenticatedClient,
    last_event_id: int | None | Unset = UNSET,
) -> Response[Any | Problem]:
    """Watch a run (server-sent events)

     Stream the durable events of a run, in order, until the one that ends it.

    `id` is the event's number in its run; send the last one seen as `Last-Event-ID` to go on
    after it. A comment line (`: ping`) comes every 15 s when nothing else does.

    Events without `id` are live text, not kept: `step.text` is a piece of what a step says while
    it works, `offset` counts code points from the start of what its attempt and revision say, and
    whoever comes late gets the text so far; `step.reset` says that what the step said before is
    void, because it is tried again (`attempt`) or revised its text (`revision`), and the text
    begins anew. When `step.succeeded` comes, the text of a step that spoke is the text of its
    output; the step that spoke last has that of the run's answer. A reader that takes nothing for
    30 s is cut off.

    Args:
        run (UUID):
        last_event_id (int | None | Unset): Go on after this event.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
    """

    kwargs = _get_kwargs(
        run=run,
        last_event_id=last_event_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    run: UUID,
    *,
    client: AuthenticatedClient,
    last_event_id: int | None | Unset = UNSET,
) -> Any | Problem | None:
    """Watch a run (server-sent events)

     Stream the durable events of a run, in order, until the one that ends it.

    `id` is the event's number in its run; send the last one seen as `Last-Event-ID` to go on
    after it. A comment line (`: ping`) comes every 15 s when nothing else does.

    Events without `id` are live text, not kept: `step.text` is a piece of what a step says while
    it works, `offset` counts code points from the start of what its attempt and revision say, and
    whoever comes late gets the text so far; `step.reset` says that what the step said before is
    void, because it is tried again (`attempt`) or revised its text (`revision`), and the text
    begins anew. When `step.succeeded` comes, the text of a step that spoke is the text of its
    output; the step that spoke last has that of the run's answer. A reader that takes nothing for
    30 s is cut off.

    Args:
        run (UUID):
        last_event_id (int | None | Unset): Go on after this event.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Problem
    """

    return sync_detailed(
        run=run,
        client=client,
        last_event_id=last_event_id,
    ).parsed


async def asyncio_detailed(
    run: UUID,
    *,
    client: AuthenticatedClient,
    last_event_id: int | None | Unset = UNSET,
) -> Response[Any | Problem]:
    """Watch a run (server-sent events)

     Stream the durable events of a run, in order, until the one that ends it.

    `id` is the event's number in its run; send the last one seen as `Last-Event-ID` to go on
    after it. A comment line (`: ping`) comes every 15 s when nothing else does.

    Events without `id` are live text, not kept: `step.text` is a piece of what a step says while
    it works, `offset` counts code points from the start of what its attempt and revision say, and
    whoever comes late gets the text so far; `step.reset` says that what the step said before is
    void, because it is tried again (`attempt`) or revised its text (`revision`), and the text
    begins anew. When `step.succeeded` comes, the text of a step that spoke is the text of its
    output; the step that spoke last has that of the run's answer. A reader that takes nothing for
    30 s is cut off.

    Args:
        run (UUID):
        last_event_id (int | None | Unset): Go on after this event.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
    """

    kwargs = _get_kwargs(
        run=run,
        last_event_id=last_event_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    run: UUID,
    *,
    client: AuthenticatedClient,
    last_event_id: int | None | Unset = UNSET,
) -> Any | Problem | None:
    """Watch a run (server-sent events)

     Stream the durable events of a run, in order, until the one that ends it.

    `id` is the event's number in its run; send the last one seen as `Last-Event-ID` to go on
    after it. A comment line (`: ping`) comes every 15 s when nothing else does.

    Events without `id` are live text, not kept: `step.text` is a piece of what a step says while
    it works, `offset` counts code points from the start of what its attempt and revision say, and
    whoever comes late gets the text so far; `step.reset` says that what the step said before is
    void, because it is tried again (`attempt`) or revised its text (`revision`), and the text
    begins anew. When `step.succeeded` comes, the text of a step that spoke is the text of its
    output; the step that spoke last has that of the run's answer. A reader that takes nothing for
    30 s is cut off.

    Args:
        run (UUID):
        last_event_id (int | None | Unset): Go on after this event.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Problem
    """

    return (
        await asyncio_detailed(
            run=run,
            client=client,
            last_event_id=last_event_id,
        )
    ).parsed

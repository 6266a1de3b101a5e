from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.run_shape import RunShape
from ...types import UNSET, Response, Unset


def _get_kwargs(
    run: UUID,
    *,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/runs/{run}/retry".format(
            run=quote(str(run), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | RunShape | None:
    if response.status_code == 202:
        response_202 = RunShape.from_dict(response.json())

        return response_202

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

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
) -> Response[Problem | RunShape]:
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
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | RunShape]:
    """Retry a run

     Start a run that works again what did not succeed in one that failed or was cancelled.

    Steps that succeeded are kept with their outputs (`kept`) and are not worked again; effects of
    the others carry the keys that they had before, so that none is had twice. The run that is
    retried stays as it ended; `retry_of` of the new one names it. A question of a conversation is
    asked there once more, with the context that it had, by its user alone. A run that has not
    ended, that succeeded or that the platform started is answered 409 (`run_not_retriable`).

    Args:
        run (UUID):
        idempotency_key (None | str | Unset): Sent again with the same body it gives the same run,
            never a second one.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RunShape]
    """

    kwargs = _get_kwargs(
        run=run,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    run: UUID,
    *,
    client: AuthenticatedClient,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | RunShape | None:
    """Retry a run

     Start a run that works again what did not succeed in one that failed or was cancelled.

    Steps that succeeded are kept with their outputs (`kept`) and are not worked again; effects of
    the others carry the keys that they had before, so that none is had twice. The run that is
    retried stays as it ended; `retry_of` of the new one names it. A question of a conversation is
    asked there once more, with the context that it had, by its user alone. A run that has not
    ended, that succeeded or that the platform started is answered 409 (`run_not_retriable`).

    Args:
        run (UUID):
        idempotency_key (None | str | Unset): Sent again with the same body it gives the same run,
            never a second one.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | RunShape
    """

    return sync_detailed(
        run=run,
        client=client,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    run: UUID,
    *,
    client: AuthenticatedClient,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | RunShape]:
    """Retry a run

     Start a run that works again what did not succeed in one that failed or was cancelled.

    Steps that succeeded are kept with their outputs (`kept`) and are not worked again; effects of
    the others carry the keys that they had before, so that none is had twice. The run that is
    retried stays as it ended; `retry_of` of the new one names it. A question of a conversation is
    asked there once more, with the context that it had, by its user alone. A run that has not
    ended, that succeeded or that the platform started is answered 409 (`run_not_retriable`).

    Args:
        run (UUID):
        idempotency_key (None | str | Unset): Sent again with the same body it gives the same run,
            never a second one.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RunShape]
    """

    kwargs = _get_kwargs(
        run=run,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    run: UUID,
    *,
    client: AuthenticatedClient,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | RunShape | None:
    """Retry a run

     Start a run that works again what did not succeed in one that failed or was cancelled.

    Steps that succeeded are kept with their outputs (`kept`) and are not worked again; effects of
    the others carry the keys that they had before, so that none is had twice. The run that is
    retried stays as it ended; `retry_of` of the new one names it. A question of a conversation is
    asked there once more, with the context that it had, by its user alone. A run that has not
    ended, that succeeded or that the platform started is answered 409 (`run_not_retriable`).

    Args:
        run (UUID):
        idempotency_key (None | str | Unset): Sent again with the same body it gives the same run,
            never a second one.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | RunShape
    """

    return (
        await asyncio_detailed(
            run=run,
            client=client,
            idempotency_key=idempotency_key,
        )
    ).parsed

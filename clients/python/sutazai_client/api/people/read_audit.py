from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.event import Event
from ...models.listing_entry_shape import ListingEntryShape
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
    event: Event | None | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    json_cursor: None | str | Unset
    if isinstance(cursor, Unset):
        json_cursor = UNSET
    else:
        json_cursor = cursor
    params["cursor"] = json_cursor

    json_event: None | str | Unset
    if isinstance(event, Unset):
        json_event = UNSET
    elif isinstance(event, Event):
        json_event = event.value
    else:
        json_event = event
    params["event"] = json_event

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/audit",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ListingEntryShape | Problem | None:
    if response.status_code == 200:
        response_200 = ListingEntryShape.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

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
) -> Response[ListingEntryShape | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
    event: Event | None | Unset = UNSET,
) -> Response[ListingEntryShape | Problem]:
    """Read the audit log, newest first

     List logins and failures, changes of users, keys and tenants, exports and imports.

    Args:
        limit (int | Unset): Most items to give. Default: 50.
        cursor (None | str | Unset): `next` of the page before.
        event (Event | None | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ListingEntryShape | Problem]
    """

    kwargs = _get_kwargs(
        limit=limit,
        cursor=cursor,
        event=event,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
    event: Event | None | Unset = UNSET,
) -> ListingEntryShape | Problem | None:
    """Read the audit log, newest first

     List logins and failures, changes of users, keys and tenants, exports and imports.

    Args:
        limit (int | Unset): Most items to give. Default: 50.
        cursor (None | str | Unset): `next` of the page before.
        event (Event | None | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ListingEntryShape | Problem
    """

    return sync_detailed(
        client=client,
        limit=limit,
        cursor=cursor,
        event=event,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
    event: Event | None | Unset = UNSET,
) -> Response[ListingEntryShape | Problem]:
    """Read the audit log, newest first

     List logins and failures, changes of users, keys and tenants, exports and imports.

    Args:
        limit (int | Unset): Most items to give. Default: 50.
        cursor (None | str | Unset): `next` of the page before.
        event (Event | None | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ListingEntryShape | Problem]
    """

    kwargs = _get_kwargs(
        limit=limit,
        cursor=cursor,
        event=event,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
    event: Event | None | Unset = UNSET,
) -> ListingEntryShape | Problem | None:
    """Read the audit log, newest first

     List logins and failures, changes of users, keys and tenants, exports and imports.

    Args:
        limit (int | Unset): Most items to give. Default: 50.
        cursor (None | str | Unset): `next` of the page before.
        event (Event | None | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ListingEntryShape | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            limit=limit,
            cursor=cursor,
            event=event,
        )
    ).parsed

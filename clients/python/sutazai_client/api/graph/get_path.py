from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.path_shape import PathShape
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    start: UUID,
    end: UUID,
    collection: str | Unset = "default",
    longest: int | Unset = 4,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_start = str(start)
    params["start"] = json_start

    json_end = str(end)
    params["end"] = json_end

    params["collection"] = collection

    params["longest"] = longest

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/graph/path",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> PathShape | Problem | None:
    if response.status_code == 200:
        response_200 = PathShape.from_dict(response.json())

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
) -> Response[PathShape | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    start: UUID,
    end: UUID,
    collection: str | Unset = "default",
    longest: int | Unset = 4,
) -> Response[PathShape | Problem]:
    """Find a way between two entities

     Give a shortest way between two entities, the same each time.

    Args:
        start (UUID): The entity's id.
        end (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        longest (int | Unset): Most links on it. Default: 4.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PathShape | Problem]
    """

    kwargs = _get_kwargs(
        start=start,
        end=end,
        collection=collection,
        longest=longest,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    start: UUID,
    end: UUID,
    collection: str | Unset = "default",
    longest: int | Unset = 4,
) -> PathShape | Problem | None:
    """Find a way between two entities

     Give a shortest way between two entities, the same each time.

    Args:
        start (UUID): The entity's id.
        end (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        longest (int | Unset): Most links on it. Default: 4.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PathShape | Problem
    """

    return sync_detailed(
        client=client,
        start=start,
        end=end,
        collection=collection,
        longest=longest,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    start: UUID,
    end: UUID,
    collection: str | Unset = "default",
    longest: int | Unset = 4,
) -> Response[PathShape | Problem]:
    """Find a way between two entities

     Give a shortest way between two entities, the same each time.

    Args:
        start (UUID): The entity's id.
        end (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        longest (int | Unset): Most links on it. Default: 4.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PathShape | Problem]
    """

    kwargs = _get_kwargs(
        start=start,
        end=end,
        collection=collection,
        longest=longest,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    start: UUID,
    end: UUID,
    collection: str | Unset = "default",
    longest: int | Unset = 4,
) -> PathShape | Problem | None:
    """Find a way between two entities

     Give a shortest way between two entities, the same each time.

    Args:
        start (UUID): The entity's id.
        end (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        longest (int | Unset): Most links on it. Default: 4.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PathShape | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            start=start,
            end=end,
            collection=collection,
            longest=longest,
        )
    ).parsed

from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.projection_shape import ProjectionShape
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    collection: str | Unset = "default",
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["collection"] = collection

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/graph/projection",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | ProjectionShape | None:
    if response.status_code == 200:
        response_200 = ProjectionShape.from_dict(response.json())

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
) -> Response[Problem | ProjectionShape]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    collection: str | Unset = "default",
) -> Response[Problem | ProjectionShape]:
    """See how far the graph is projected

     Tell how far a collection's facts are projected into Neo4j, where there is one.

    Args:
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProjectionShape]
    """

    kwargs = _get_kwargs(
        collection=collection,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    collection: str | Unset = "default",
) -> Problem | ProjectionShape | None:
    """See how far the graph is projected

     Tell how far a collection's facts are projected into Neo4j, where there is one.

    Args:
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProjectionShape
    """

    return sync_detailed(
        client=client,
        collection=collection,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    collection: str | Unset = "default",
) -> Response[Problem | ProjectionShape]:
    """See how far the graph is projected

     Tell how far a collection's facts are projected into Neo4j, where there is one.

    Args:
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProjectionShape]
    """

    kwargs = _get_kwargs(
        collection=collection,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    collection: str | Unset = "default",
) -> Problem | ProjectionShape | None:
    """See how far the graph is projected

     Tell how far a collection's facts are projected into Neo4j, where there is one.

    Args:
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProjectionShape
    """

    return (
        await asyncio_detailed(
            client=client,
            collection=collection,
        )
    ).parsed

from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.subgraph_shape import SubgraphShape
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    entity: UUID,
    collection: str | Unset = "default",
    hops: int | Unset = 1,
    limit: int | Unset = 50,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_entity = str(entity)
    params["entity"] = json_entity

    params["collection"] = collection

    params["hops"] = hops

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/graph/neighbours",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | SubgraphShape | None:
    if response.status_code == 200:
        response_200 = SubgraphShape.from_dict(response.json())

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
) -> Response[Problem | SubgraphShape]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    entity: UUID,
    collection: str | Unset = "default",
    hops: int | Unset = 1,
    limit: int | Unset = 50,
) -> Response[Problem | SubgraphShape]:
    """Look around an entity

     Give what is joined to an entity; of what is equally far, the best joined.

    Args:
        entity (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        hops (int | Unset): How many links away. Default: 1.
        limit (int | Unset): How many at most. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SubgraphShape]
    """

    kwargs = _get_kwargs(
        entity=entity,
        collection=collection,
        hops=hops,
        limit=limit,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    entity: UUID,
    collection: str | Unset = "default",
    hops: int | Unset = 1,
    limit: int | Unset = 50,
) -> Problem | SubgraphShape | None:
    """Look around an entity

     Give what is joined to an entity; of what is equally far, the best joined.

    Args:
        entity (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        hops (int | Unset): How many links away. Default: 1.
        limit (int | Unset): How many at most. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | SubgraphShape
    """

    return sync_detailed(
        client=client,
        entity=entity,
        collection=collection,
        hops=hops,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    entity: UUID,
    collection: str | Unset = "default",
    hops: int | Unset = 1,
    limit: int | Unset = 50,
) -> Response[Problem | SubgraphShape]:
    """Look around an entity

     Give what is joined to an entity; of what is equally far, the best joined.

    Args:
        entity (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        hops (int | Unset): How many links away. Default: 1.
        limit (int | Unset): How many at most. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SubgraphShape]
    """

    kwargs = _get_kwargs(
        entity=entity,
        collection=collection,
        hops=hops,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    entity: UUID,
    collection: str | Unset = "default",
    hops: int | Unset = 1,
    limit: int | Unset = 50,
) -> Problem | SubgraphShape | None:
    """Look around an entity

     Give what is joined to an entity; of what is equally far, the best joined.

    Args:
        entity (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        hops (int | Unset): How many links away. Default: 1.
        limit (int | Unset): How many at most. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | SubgraphShape
    """

    return (
        await asyncio_detailed(
            client=client,
            entity=entity,
            collection=collection,
            hops=hops,
            limit=limit,
        )
    ).parsed

from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.relation_kind import RelationKind
from ...models.sources import Sources
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    subject: UUID,
    kind: RelationKind,
    object_: UUID,
    collection: str | Unset = "default",
    limit: int | Unset = 50,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_subject = str(subject)
    params["subject"] = json_subject

    json_kind = kind.value
    params["kind"] = json_kind

    json_object_ = str(object_)
    params["object"] = json_object_

    params["collection"] = collection

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/graph/sources",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | Sources | None:
    if response.status_code == 200:
        response_200 = Sources.from_dict(response.json())

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
) -> Response[Problem | Sources]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    subject: UUID,
    kind: RelationKind,
    object_: UUID,
    collection: str | Unset = "default",
    limit: int | Unset = 50,
) -> Response[Problem | Sources]:
    """Find what a link was read from

     Give the passages of documents that say what joins two entities.

    Args:
        subject (UUID): The entity's id.
        kind (RelationKind): What joins two entities; `together` has no direction: a sentence
            names both.
        object_ (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        limit (int | Unset): How many at most. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Sources]
    """

    kwargs = _get_kwargs(
        subject=subject,
        kind=kind,
        object_=object_,
        collection=collection,
        limit=limit,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    subject: UUID,
    kind: RelationKind,
    object_: UUID,
    collection: str | Unset = "default",
    limit: int | Unset = 50,
) -> Problem | Sources | None:
    """Find what a link was read from

     Give the passages of documents that say what joins two entities.

    Args:
        subject (UUID): The entity's id.
        kind (RelationKind): What joins two entities; `together` has no direction: a sentence
            names both.
        object_ (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        limit (int | Unset): How many at most. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Sources
    """

    return sync_detailed(
        client=client,
        subject=subject,
        kind=kind,
        object_=object_,
        collection=collection,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    subject: UUID,
    kind: RelationKind,
    object_: UUID,
    collection: str | Unset = "default",
    limit: int | Unset = 50,
) -> Response[Problem | Sources]:
    """Find what a link was read from

     Give the passages of documents that say what joins two entities.

    Args:
        subject (UUID): The entity's id.
        kind (RelationKind): What joins two entities; `together` has no direction: a sentence
            names both.
        object_ (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        limit (int | Unset): How many at most. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Sources]
    """

    kwargs = _get_kwargs(
        subject=subject,
        kind=kind,
        object_=object_,
        collection=collection,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    subject: UUID,
    kind: RelationKind,
    object_: UUID,
    collection: str | Unset = "default",
    limit: int | Unset = 50,
) -> Problem | Sources | None:
    """Find what a link was read from

     Give the passages of documents that say what joins two entities.

    Args:
        subject (UUID): The entity's id.
        kind (RelationKind): What joins two entities; `together` has no direction: a sentence
            names both.
        object_ (UUID): The entity's id.
        collection (str | Unset): The collection whose graph is asked. Default: 'default'.
        limit (int | Unset): How many at most. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Sources
    """

    return (
        await asyncio_detailed(
            client=client,
            subject=subject,
            kind=kind,
            object_=object_,
            collection=collection,
            limit=limit,
        )
    ).parsed

from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.text_shape import TextShape
from ...types import UNSET, Response, Unset


def _get_kwargs(
    name: str,
    document: UUID,
    *,
    start: int | Unset = 0,
    end: int | None | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["start"] = start

    json_end: int | None | Unset
    if isinstance(end, Unset):
        json_end = UNSET
    else:
        json_end = end
    params["end"] = json_end

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/collections/{name}/documents/{document}/text".format(
            name=quote(str(name), safe=""),
            document=quote(str(document), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | TextShape | None:
    if response.status_code == 200:
        response_200 = TextShape.from_dict(response.json())

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
) -> Response[Problem | TextShape]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    name: str,
    document: UUID,
    *,
    client: AuthenticatedClient,
    start: int | Unset = 0,
    end: int | None | Unset = UNSET,
) -> Response[Problem | TextShape]:
    """Open a passage

     Give the stored text from `start` to `end`: the offsets a citation has.

    Args:
        name (str): Name of the collection.
        document (UUID):
        start (int | Unset):  Default: 0.
        end (int | None | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TextShape]
    """

    kwargs = _get_kwargs(
        name=name,
        document=document,
        start=start,
        end=end,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    name: str,
    document: UUID,
    *,
    client: AuthenticatedClient,
    start: int | Unset = 0,
    end: int | None | Unset = UNSET,
) -> Problem | TextShape | None:
    """Open a passage

     Give the stored text from `start` to `end`: the offsets a citation has.

    Args:
        name (str): Name of the collection.
        document (UUID):
        start (int | Unset):  Default: 0.
        end (int | None | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TextShape
    """

    return sync_detailed(
        name=name,
        document=document,
        client=client,
        start=start,
        end=end,
    ).parsed


async def asyncio_detailed(
    name: str,
    document: UUID,
    *,
    client: AuthenticatedClient,
    start: int | Unset = 0,
    end: int | None | Unset = UNSET,
) -> Response[Problem | TextShape]:
    """Open a passage

     Give the stored text from `start` to `end`: the offsets a citation has.

    Args:
        name (str): Name of the collection.
        document (UUID):
        start (int | Unset):  Default: 0.
        end (int | None | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TextShape]
    """

    kwargs = _get_kwargs(
        name=name,
        document=document,
        start=start,
        end=end,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    name: str,
    document: UUID,
    *,
    client: AuthenticatedClient,
    start: int | Unset = 0,
    end: int | None | Unset = UNSET,
) -> Problem | TextShape | None:
    """Open a passage

     Give the stored text from `start` to `end`: the offsets a citation has.

    Args:
        name (str): Name of the collection.
        document (UUID):
        start (int | Unset):  Default: 0.
        end (int | None | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TextShape
    """

    return (
        await asyncio_detailed(
            name=name,
            document=document,
            client=client,
            start=start,
            end=end,
        )
    ).parsed

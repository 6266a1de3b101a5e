from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.conversation_shape import ConversationShape
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    conversation: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/conversations/{conversation}".format(
            conversation=quote(str(conversation), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ConversationShape | Problem | None:
    if response.status_code == 200:
        response_200 = ConversationShape.from_dict(response.json())

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
) -> Response[ConversationShape | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    conversation: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[ConversationShape | Problem]:
    """Read a conversation

     Read a conversation without its messages.

    Args:
        conversation (UUID): Of a conversation of whoever asks.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ConversationShape | Problem]
    """

    kwargs = _get_kwargs(
        conversation=conversation,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    conversation: UUID,
    *,
    client: AuthenticatedClient,
) -> ConversationShape | Problem | None:
    """Read a conversation

     Read a conversation without its messages.

    Args:
        conversation (UUID): Of a conversation of whoever asks.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ConversationShape | Problem
    """

    return sync_detailed(
        conversation=conversation,
        client=client,
    ).parsed


async def asyncio_detailed(
    conversation: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[ConversationShape | Problem]:
    """Read a conversation

     Read a conversation without its messages.

    Args:
        conversation (UUID): Of a conversation of whoever asks.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ConversationShape | Problem]
    """

    kwargs = _get_kwargs(
        conversation=conversation,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    conversation: UUID,
    *,
    client: AuthenticatedClient,
) -> ConversationShape | Problem | None:
    """Read a conversation

     Read a conversation without its messages.

    Args:
        conversation (UUID): Of a conversation of whoever asks.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ConversationShape | Problem
    """

    return (
        await asyncio_detailed(
            conversation=conversation,
            client=client,
        )
    ).parsed

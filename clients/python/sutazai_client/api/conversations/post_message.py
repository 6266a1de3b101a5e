from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.new_message import NewMessage
from ...models.posted_shape import PostedShape
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    conversation: UUID,
    *,
    body: NewMessage,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/conversations/{conversation}/messages".format(
            conversation=quote(str(conversation), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> PostedShape | Problem | None:
    if response.status_code == 202:
        response_202 = PostedShape.from_dict(response.json())

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
) -> Response[PostedShape | Problem]:
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
    body: NewMessage,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[PostedShape | Problem]:
    """Ask in a conversation

     Write a question down and set agents to work on it, in the context of what was said before.

    Of that goes with it what fits the setting `SUTAZAI_CONVERSATIONS_CONTEXT_TOKENS`, the newest
    first; `context` says how much. Its run is watched like any other. The answer stands in the
    conversation in the moment in which the run has ended. One question at a time: another is
    answered 409 (`conversation_busy`) until then.

    Args:
        conversation (UUID): Of a conversation of whoever asks.
        idempotency_key (None | str | Unset): Sent again with the same body it gives the same run,
            never a second one.
        body (NewMessage): A question, asked in the context of what was said before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PostedShape | Problem]
    """

    kwargs = _get_kwargs(
        conversation=conversation,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    conversation: UUID,
    *,
    client: AuthenticatedClient,
    body: NewMessage,
    idempotency_key: None | str | Unset = UNSET,
) -> PostedShape | Problem | None:
    """Ask in a conversation

     Write a question down and set agents to work on it, in the context of what was said before.

    Of that goes with it what fits the setting `SUTAZAI_CONVERSATIONS_CONTEXT_TOKENS`, the newest
    first; `context` says how much. Its run is watched like any other. The answer stands in the
    conversation in the moment in which the run has ended. One question at a time: another is
    answered 409 (`conversation_busy`) until then.

    Args:
        conversation (UUID): Of a conversation of whoever asks.
        idempotency_key (None | str | Unset): Sent again with the same body it gives the same run,
            never a second one.
        body (NewMessage): A question, asked in the context of what was said before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PostedShape | Problem
    """

    return sync_detailed(
        conversation=conversation,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    conversation: UUID,
    *,
    client: AuthenticatedClient,
    body: NewMessage,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[PostedShape | Problem]:
    """Ask in a conversation

     Write a question down and set agents to work on it, in the context of what was said before.

    Of that goes with it what fits the setting `SUTAZAI_CONVERSATIONS_CONTEXT_TOKENS`, the newest
    first; `context` says how much. Its run is watched like any other. The answer stands in the
    conversation in the moment in which the run has ended. One question at a time: another is
    answered 409 (`conversation_busy`) until then.

    Args:
        conversation (UUID): Of a conversation of whoever asks.
        idempotency_key (None | str | Unset): Sent again with the same body it gives the same run,
            never a second one.
        body (NewMessage): A question, asked in the context of what was said before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PostedShape | Problem]
    """

    kwargs = _get_kwargs(
        conversation=conversation,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    conversation: UUID,
    *,
    client: AuthenticatedClient,
    body: NewMessage,
    idempotency_key: None | str | Unset = UNSET,
) -> PostedShape | Problem | None:
    """Ask in a conversation

     Write a question down and set agents to work on it, in the context of what was said before.

    Of that goes with it what fits the setting `SUTAZAI_CONVERSATIONS_CONTEXT_TOKENS`, the newest
    first; `context` says how much. Its run is watched like any other. The answer stands in the
    conversation in the moment in which the run has ended. One question at a time: another is
    answered 409 (`conversation_busy`) until then.

    Args:
        conversation (UUID): Of a conversation of whoever asks.
        idempotency_key (None | str | Unset): Sent again with the same body it gives the same run,
            never a second one.
        body (NewMessage): A question, asked in the context of what was said before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PostedShape | Problem
    """

    return (
        await asyncio_detailed(
            conversation=conversation,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed

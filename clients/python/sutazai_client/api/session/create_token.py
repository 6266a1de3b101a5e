from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.access_shape import AccessShape
from ...models.problem import Problem
from ...models.session_secret import SessionSecret
from ...types import Response


def _get_kwargs(
    *,
    body: SessionSecret,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/session/token",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AccessShape | Problem | None:
    if response.status_code == 200:
        response_200 = AccessShape.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

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
) -> Response[AccessShape | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: SessionSecret,
) -> Response[AccessShape | Problem]:
    """Exchange a session for an access token

     Give a short-lived access token, which every operation takes as it takes an API key.

    For servers that a browser's request reached with the cookie of a login, such as the dashboard.
    It counts as use of the session. A token stops working with its session, before its time if
    need be.

    Args:
        body (SessionSecret): What a browser holds of its session.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccessShape | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: SessionSecret,
) -> AccessShape | Problem | None:
    """Exchange a session for an access token

     Give a short-lived access token, which every operation takes as it takes an API key.

    For servers that a browser's request reached with the cookie of a login, such as the dashboard.
    It counts as use of the session. A token stops working with its session, before its time if
    need be.

    Args:
        body (SessionSecret): What a browser holds of its session.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccessShape | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: SessionSecret,
) -> Response[AccessShape | Problem]:
    """Exchange a session for an access token

     Give a short-lived access token, which every operation takes as it takes an API key.

    For servers that a browser's request reached with the cookie of a login, such as the dashboard.
    It counts as use of the session. A token stops working with its session, before its time if
    need be.

    Args:
        body (SessionSecret): What a browser holds of its session.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccessShape | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: SessionSecret,
) -> AccessShape | Problem | None:
    """Exchange a session for an access token

     Give a short-lived access token, which every operation takes as it takes an API key.

    For servers that a browser's request reached with the cookie of a login, such as the dashboard.
    It counts as use of the session. A token stops working with its session, before its time if
    need be.

    Args:
        body (SessionSecret): What a browser holds of its session.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccessShape | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.upload_document_body import UploadDocumentBody
from ...models.upload_shape import UploadShape
from ...types import Response


def _get_kwargs(
    name: str,
    *,
    body: UploadDocumentBody,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/collections/{name}/documents".format(
            name=quote(str(name), safe=""),
        ),
    }

    _kwargs["files"] = body.to_multipart()

    headers["Content-Type"] = "multipart/form-data; boundary=+++"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | UploadShape | None:
    if response.status_code == 200:
        response_200 = UploadShape.from_dict(response.json())

        return response_200

    if response.status_code == 202:
        response_202 = UploadShape.from_dict(response.json())

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
) -> Response[Problem | UploadShape]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
    body: UploadDocumentBody,
) -> Response[Problem | UploadShape]:
    """Upload a document

     Take a file in the multipart field `file` and set off its indexing.

    Read are text, Markdown, HTML, PDF, DOCX, CSV, JSON and source code. What it is shows from its
    content; the part's declared type is not trusted. The same name with other bytes makes a new
    version, which replaces the old one once it is indexed.

    Args:
        name (str): Name of the collection.
        body (UploadDocumentBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | UploadShape]
    """

    kwargs = _get_kwargs(
        name=name,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    name: str,
    *,
    client: AuthenticatedClient,
    body: UploadDocumentBody,
) -> Problem | UploadShape | None:
    """Upload a document

     Take a file in the multipart field `file` and set off its indexing.

    Read are text, Markdown, HTML, PDF, DOCX, CSV, JSON and source code. What it is shows from its
    content; the part's declared type is not trusted. The same name with other bytes makes a new
    version, which replaces the old one once it is indexed.

    Args:
        name (str): Name of the collection.
        body (UploadDocumentBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | UploadShape
    """

    return sync_detailed(
        name=name,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
    body: UploadDocumentBody,
) -> Response[Problem | UploadShape]:
    """Upload a document

     Take a file in the multipart field `file` and set off its indexing.

    Read are text, Markdown, HTML, PDF, DOCX, CSV, JSON and source code. What it is shows from its
    content; the part's declared type is not trusted. The same name with other bytes makes a new
    version, which replaces the old one once it is indexed.

    Args:
        name (str): Name of the collection.
        body (UploadDocumentBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | UploadShape]
    """

    kwargs = _get_kwargs(
        name=name,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    name: str,
    *,
    client: AuthenticatedClient,
    body: UploadDocumentBody,
) -> Problem | UploadShape | None:
    """Upload a document

     Take a file in the multipart field `file` and set off its indexing.

    Read are text, Markdown, HTML, PDF, DOCX, CSV, JSON and source code. What it is shows from its
    content; the part's declared type is not trusted. The same name with other bytes makes a new
    version, which replaces the old one once it is indexed.

    Args:
        name (str): Name of the collection.
        body (UploadDocumentBody):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | UploadShape
    """

    return (
        await asyncio_detailed(
            name=name,
            client=client,
            body=body,
        )
    ).parsed

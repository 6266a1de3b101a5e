"""The OpenAPI document: what errors look like, how operations are named."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from sutazai.entrypoints.api.shapes import Problem
from sutazai_contracts.errors import (
    AlreadyExists,
    DatabaseUnavailable,
    Forbidden,
    InvalidInput,
    NotFound,
    RateLimited,
    SutazaiError,
    TooLarge,
    Unauthenticated,
)

MEDIA_TYPE = "application/problem+json"
TAGS = [
    {"name": "knowledge", "description": "Collections of documents, and search in them."},
    {"name": "graph", "description": "What documents name, and what joins it."},
    {"name": "runs", "description": "Goals that agents work on, step by step."},
    {"name": "conversations", "description": "Questions in the context of what was said before."},
    {"name": "agents", "description": "Who works here."},
    {"name": "models", "description": "The language models that agents use."},
    {"name": "moving", "description": "What a tenant knows and ran, out of here and in again."},
    {"name": "session", "description": "Who is logged in."},
    {"name": "people", "description": "Users, API keys, tenants, and what happened to them."},
    {"name": "health", "description": "How the platform does."},
]
_WORDS: dict[int, tuple[str, type[SutazaiError]]] = {
    401: ("No API key or access token, or one that is not known.", Unauthenticated),
    403: ("Whoever asks may not do this.", Forbidden),
    404: ("There is no such thing here.", NotFound),
    409: ("It does not fit what is there.", AlreadyExists),
    413: ("The request is larger than this installation takes.", TooLarge),
    422: ("The input is not valid; `errors` names the fields.", InvalidInput),
    429: ("The caller asks too often; `Retry-After` says when to come back.", RateLimited),
    503: ("A part this needs does not answer now; `Retry-After` says when to come back.",
          DatabaseUnavailable),
}  # fmt: skip
_RETRY_AFTER = {
    "description": "Seconds after which the next request is taken.",
    "schema": {"type": "integer", "minimum": 1},
    "example": 1,
}
Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int, **words: str) -> Responses:
    """Document errors of an operation; `words` describe one better, as in `_409="…"`."""
    documented: Responses = {
        status: {"model": Problem, "description": words.get(f"_{status}", _WORDS[status][0])}
        for status in statuses
    }
    if 429 in documented:
        documented[429]["headers"] = {"Retry-After": _RETRY_AFTER}
    return documented


def location(status: int, of: str) -> Responses:
    """Document the header that says where a thing that was made is."""
    header = {"description": f"Path of the {of}.", "schema": {"type": "string"}}
    return {status: {"headers": {"Location": header}}}


def operation_id(route: APIRoute) -> str:
    """Name an operation by its function, so that generated clients have methods of those names."""
    return route.name


def complete(app: FastAPI) -> dict[str, Any]:
    """Give the application's document, with errors as the problem documents they are."""
    document = app.openapi()
    problem = {"$ref": "#/components/schemas/Problem"}
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {}).values()
                if any(media["schema"] == problem for media in content if "schema" in media):
                    example = _example(int(status))
                    response["content"] = {MEDIA_TYPE: {"schema": problem, "example": example}}
    return document


def _example(status: int) -> dict[str, Any]:
    words, error = _WORDS[status]
    errors = [{"field": "name", "message": error().message}] if status in (409, 422) else []
    return {
        "type": f"urn:sutazai:problem:{error.code}",
        "title": words.rstrip("."),
        "status": status,
        "detail": error().message,
        "code": error.code,
        "request_id": "6b1f0c2e9a7d4c35",
        "errors": errors,
    }

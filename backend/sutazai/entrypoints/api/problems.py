"""Errors as RFC 9457 problem documents, each with its request id and the field it is about."""

import json
import math
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from loguru import logger
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from sutazai.entrypoints.api.openapi import MEDIA_TYPE
from sutazai.entrypoints.api.shapes import FieldError, Problem
from sutazai_contracts.errors import (
    LineFull,
    RateLimited,
    SutazaiError,
    Unauthenticated,
    Unavailable,
)

_TITLES = {
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    422: "Invalid input",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available now",
}
CLIENT_WENT_AWAY = 499
_CODES = {404: "not_found", 405: "method_not_allowed"}


def problem(
    status: int,
    code: str,
    detail: str,
    request_id: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """Make the answer for an error."""
    document = Problem(
        type=f"urn:sutazai:problem:{code}",
        title=_TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        code=code,
        request_id=request_id,
        errors=list(errors),
    )
    # What was sent may be told back, and may hold halves of surrogate pairs, which no UTF-8 holds.
    text = json.dumps(document.model_dump(), ensure_ascii=False, separators=(",", ":"))
    content = text.encode(errors="replace")
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def request_id_of(request: Request) -> str:
    """Give the id the middleware gave this request."""
    return str(request.scope.get("request_id", "-"))


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error as a problem document."""
    app.add_exception_handler(SutazaiError, _ours)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unforeseen)


async def _ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, SutazaiError):
        raise error
    if error.status >= 500:
        logger.opt(exception=error).bind(request_id=request_id_of(request)).error(
            "{} {} failed: {}", request.method, request.url.path, error.message
        )
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "1"
    if isinstance(error, RateLimited | LineFull):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    errors = [FieldError(field=error.field, message=error.message)] if error.field else []
    return problem(
        error.status,
        error.code,
        error.message,
        request_id_of(request),
        errors=errors,
        headers=headers,
    )


async def _validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return _invalid(request, [_field_error(detail) for detail in error.errors()])


def _invalid(request: Request, errors: Sequence[FieldError]) -> Response:
    detail = "; ".join(f"{item.field}: {item.message}" for item in errors[:5])
    return problem(422, "invalid_input", detail, request_id_of(request), errors=errors)


def _field_error(detail: dict[str, Any]) -> FieldError:
    where = [str(part) for part in detail["loc"]]
    if len(where) > 1 and where[0] in {"body", "query", "path", "header"}:
        where = where[1:]
    if detail["type"] == "json_invalid":
        return FieldError(field="body", message=f"is not valid JSON: {detail['ctx']['error']}")
    message = "is not a known field" if detail["type"] == "extra_forbidden" else detail["msg"]
    return FieldError(field=".".join(where), message=message)


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status, detail, path = error.status_code, str(error.detail), request.url.path
    if status == 400:
        # What the framework says of a body that is not JSON, or not UTF-8.
        return _invalid(request, [FieldError(field="body", message=detail)])
    headers = dict(error.headers or {})
    if status == 404:
        detail = f"there is nothing at {path}"
    if status == 405:
        detail = f"{request.method} is not possible at {path}"
        headers |= _allow(request)
    code = _CODES.get(status, "http_error")
    return problem(status, code, detail, request_id_of(request), headers=headers)


def _allow(request: Request) -> dict[str, str]:
    """Name the methods of all operations at a path: a route knows its own alone."""
    path = getattr(request.scope.get("route"), "path", None)
    methods = sorted(method for known, method in request.app.state.query_names if known == path)
    return {"Allow": ", ".join(methods)} if methods else {}


async def _gone(request: Request, error: Exception) -> Response:
    # Nobody reads this; the metrics have it as nginx does.
    return Response(status_code=CLIENT_WENT_AWAY)


async def _unforeseen(request: Request, error: Exception) -> Response:
    # The middleware that gives the request its id logs the error.
    text = "Something went wrong inside SutazAI; the log has it under this request id."
    return problem(500, "internal_error", text, request_id_of(request))

"""The internal API as an ASGI application, for core's second listener. No OpenAPI is published."""

from fastapi import FastAPI

from sutazai.entrypoints.api.middleware import App, BodyLimit, Observe, RequestScope
from sutazai.entrypoints.api.problems import install_problem_handlers
from sutazai.entrypoints.internal import answers, files, frames, joining, ledger, slots
from sutazai.entrypoints.internal.requests import Bounds, InternalParts

# A client that has this long to send a byte, and does not, is not waited for.
READ_S = 10.0
# Of a body that is refused, so long is read that the client reads the answer and not a reset.
DRAIN_S = 5.0
FILE_BYTES = 256 * 1024 * 1024


def _unobserved(method: str, path: str, status: int, seconds: float) -> None:
    """Let a request pass."""


def create_internal_app(
    parts: InternalParts,
    *,
    file_limit: int = FILE_BYTES,
    read_s: float = READ_S,
    observe: Observe = _unobserved,
) -> App:
    """Make the ASGI application.

    Serve it with `entrypoints.api.stalled.http_protocol()`, which cuts readers that take nothing,
    and never where anything but agents can reach it.

    Args:
        parts: what the routes call.
        file_limit: largest file that is taken, in bytes.
        read_s: seconds without a byte of a body after which a client is not waited for.
        observe: hears (method, route, status, seconds) of each request.
    """
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        routes=[
            *(*ledger.routes(), *slots.routes(), *answers.routes()),
            *(*files.routes(), *frames.routes(), *joining.routes()),
        ],
    )
    app.state.parts = parts
    app.state.bounds = Bounds(file_limit, read_s)
    app.state.query_names = {}
    install_problem_handlers(app)
    return RequestScope(BodyLimit(app, file_limit, DRAIN_S), observe)

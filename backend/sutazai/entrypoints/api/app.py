"""The application: routes, errors, middleware put together. Opening things is for bootstrap."""

from functools import cache
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

import sutazai
from sutazai.core.platform import Platform
from sutazai.entrypoints.api.dependencies import query_names, refuse_unknown_query
from sutazai.entrypoints.api.docs_page import add_docs_page
from sutazai.entrypoints.api.metrics import HttpMetrics
from sutazai.entrypoints.api.middleware import App, BodyLimit, RequestScope
from sutazai.entrypoints.api.openapi import TAGS, complete, operation_id
from sutazai.entrypoints.api.places import Places
from sutazai.entrypoints.api.problems import install_problem_handlers
from sutazai.entrypoints.api.routes import (
    agents,
    audit,
    auth,
    collections,
    conversations,
    documents,
    graph,
    health,
    keys,
    login,
    models,
    moving,
    runs,
    search,
    sessions,
    tenants,
    users,
)

DESCRIPTION = """
Give SutazAI a goal and documents: agents on this machine work on the goal, show every step, and
answer with sources. Send an API key, or an access token of a login, as
`Authorization: Bearer …`. Errors are problem documents (RFC 9457) with a `code`, the fields they
are about, and a `request_id`.
"""


PING_S = 15.0
ROUTERS = (
    *(collections.router, documents.router, search.router, runs.router, conversations.router),
    *(
        graph.router,
        moving.router,
        agents.router,
        models.router,
        auth.router,
        sessions.router,
        sessions.keyed,
    ),
    *(
        users.router,
        keys.router,
        tenants.router,
        audit.router,
        health.router,
        health.keyed,
        login.router,
    ),
)


def create_app(
    platform: Platform,
    *,
    upload_limit: int,
    import_limit: int = 0,
    ping_s: float = PING_S,
    places: Places | None = None,
) -> App:
    """Make the ASGI application of a platform.

    Args:
        platform: what the routes call.
        upload_limit: largest request body in bytes.
        import_limit: the same of an import; 0: as that of all.
        ping_s: seconds between two comments in a stream of events that has nothing to say.
        places: where a login leads; None: to the dashboard where it is by default.
    """
    state = {"platform": platform, "ping_s": ping_s, "places": places or Places()}
    http = HttpMetrics(platform.metrics)
    larger = {moving.IMPORT: import_limit} if import_limit else {}
    limited = BodyLimit(application(), upload_limit, larger=larger)
    return RequestScope(limited, http.observe, state)


@cache
def application() -> FastAPI:
    """Make the routes, once a process: they take long, and each request brings its platform."""
    app = _routes()
    document = complete(app)
    app.openapi = lambda: document  # type: ignore[method-assign]  # as FastAPI's manual extends it
    app.state.query_names = query_names(document)
    return app


def openapi_document() -> dict[str, Any]:
    """Give the API's OpenAPI document, the same for every platform: not to be changed."""
    return application().openapi()


def api_routes() -> list[APIRoute]:
    """Give every route there is but those of the documentation's pages."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def _routes() -> FastAPI:
    app = FastAPI(
        title="SutazAI",
        version=sutazai.__version__,
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=TAGS,
        dependencies=[Depends(refuse_unknown_query)],
        generate_unique_id_function=operation_id,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for router in ROUTERS:
        app.include_router(router)
    add_docs_page(app)
    install_problem_handlers(app)
    return app

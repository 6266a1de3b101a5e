"""The page at `/docs`: Swagger UI, its files from this machine. FastAPI's own asks a network."""

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

FILES = "/docs/files"


def add_docs_page(app: FastAPI) -> None:
    """Serve Swagger UI over the application's OpenAPI document."""
    app.mount(FILES, StaticFiles(packages=[("fastapi_offline", "static")]), name="docs-files")
    app.add_route("/docs", _page, methods=["GET", "HEAD"], include_in_schema=False)


async def _page(request: Request) -> Response:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="SutazAI: API",
        swagger_js_url=f"{FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{FILES}/swagger-ui.css",
        swagger_favicon_url=f"{FILES}/favicon.png",
    )

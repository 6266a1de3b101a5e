"""Files of the tenant whose task an agent works on."""

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sutazai.entrypoints.internal.requests import Call, answer, route
from sutazai_contracts.internal import FileStored


def routes() -> list[Route]:
    """Give the routes of files."""
    return [route("POST", "/files", put), route("GET", "/files/{sha256}", get)]


async def put(call: Call) -> Response:
    """Store a stream of bytes; one that breaks off leaves nothing."""
    task = await call.claim()
    stored = await call.parts.files.put(task.tenant, call.parts_of_body(call.bounds.file_bytes))
    return answer(FileStored(sha256=stored.sha256, size=stored.size))


async def get(call: Call) -> Response:
    """Stream a file; it is known to be there before the answer begins."""
    task = await call.claim()
    parts = call.parts.files.open(task.tenant, call.request.path_params["sha256"])
    first = await anext(aiter(parts), b"")
    return StreamingResponse(_all(first, parts), media_type="application/octet-stream")


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part

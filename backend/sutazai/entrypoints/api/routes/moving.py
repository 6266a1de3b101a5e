"""What a tenant knows and ran: out of here as one archive, and in again."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, cast
from uuid import UUID

from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from sutazai.core.identity.rights import Need
from sutazai.entrypoints.api.dependencies import CallerOf, PlatformOf, keyed_router, needs
from sutazai.entrypoints.api.openapi import problems

router = keyed_router("/api/v1", "moving")
MEDIA_TYPE = "application/x-tar"
EXPORT, IMPORT = "/api/v1/export", "/api/v1/import"
_ARCHIVE: dict[str, Any] = {
    "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}
}


class ImportShape(BaseModel):
    """What an import came to."""

    model_config = ConfigDict(from_attributes=True)

    objects: dict[str, int] = Field(description="Objects that were written, by folder.")
    files: int = Field(description="Files that were stored.")
    rebuilds: list[UUID] = Field(
        description="Runs that embed what came; it is found once they have ended."
    )


@router.get(
    "/export",
    dependencies=[needs(Need.ADMIN)],
    summary="Export the tenant",
    response_class=StreamingResponse,
    responses={200: {**_ARCHIVE, "description": "The archive."}, **problems(403)},
)
async def export_tenant(platform: PlatformOf, caller: CallerOf) -> StreamingResponse:
    """Give what the tenant knows and ran as a tar archive of JSON files, one object each.

    For administrators. Beside collections, documents, runs and the conversations of whoever asks it
    holds the bytes and the chunks of documents, and at its end `manifest.json` with the SHA-256 of
    each file: without that it is not whole. People, conversations of others, secrets and the audit
    log are not in it, nor are runs that have not ended: only a backup of the installation holds
    everything. The audit log tells of the export before its first byte leaves.
    """
    parts = platform.moving.export(caller)
    # What is wrong is answered as such while that is possible.
    first = await anext(parts)
    headers = {"Content-Disposition": 'attachment; filename="sutazai-export.tar"'}
    return StreamingResponse(_all(first, parts), media_type=MEDIA_TYPE, headers=headers)


async def _all(first: bytes, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        yield first
        async for part in parts:
            yield part
    finally:
        await cast("AsyncGenerator[bytes, None]", parts).aclose()


@router.post(
    "/import",
    dependencies=[needs(Need.ADMIN)],
    summary="Import an export",
    openapi_extra={"requestBody": {"required": True, **_ARCHIVE}},
    responses=problems(403, 409, 413, _409="The tenant is not empty, or the ids are taken."),
    response_description="What was written, and the runs that embed it.",
)
async def import_tenant(request: Request, platform: PlatformOf, caller: CallerOf) -> ImportShape:
    """Write an export into the tenant of who asks, which holds no documents and runs yet.

    For administrators. It is checked first, and all of it is written or nothing. Conversations
    become those of who asks; people are in no export, so none come. The audit log tells of the
    import.
    """
    made = await platform.moving.take_in(caller, request.stream())
    return ImportShape.model_validate(made)

"""Documents of a collection: uploaded, indexed by a run, read, removed."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from sutazai.core.identity.rights import Need
from sutazai.core.knowledge.content import no_room
from sutazai.entrypoints.api.dependencies import (
    CallerOf,
    CollectionName,
    PageOf,
    PlatformOf,
    keyed_router,
    needs,
)
from sutazai.entrypoints.api.openapi import location, problems
from sutazai.entrypoints.api.shapes import (
    DocumentShape,
    Listing,
    RunShape,
    TextShape,
    UploadShape,
)
from sutazai_contracts.errors import FilesUnavailable, InvalidInput

router = keyed_router("/api/v1/collections/{name}/documents", "knowledge")
PART_BYTES = 256 * 1024
_BACKSLASH = re.compile(r'\\[^"\\]')
LARGEST_OFFSET = 2**53

_UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


class Span(BaseModel):
    """A part of a text, in code points; `end` left out: 20 000 on, or the end."""

    model_config = ConfigDict(extra="forbid")

    start: int = Field(default=0, ge=0, le=LARGEST_OFFSET)
    end: int | None = Field(default=None, ge=0, le=LARGEST_OFFSET)


@router.post(
    "",
    dependencies=[needs(Need.WRITE)],
    status_code=202,
    summary="Upload a document",
    openapi_extra=_UPLOAD_BODY,
    responses={
        200: {"model": UploadShape, "description": "The same bytes are there under this name."},
        **problems(404, 413),
        **location(202, "document"),
    },
    response_description="The document's new version, and the run that indexes it.",
)
async def upload_document(
    name: CollectionName,
    request: Request,
    platform: PlatformOf,
    caller: CallerOf,
    response: Response,
) -> UploadShape:
    """Take a file in the multipart field `file` and set off its indexing.

    Read are text, Markdown, HTML, PDF, DOCX, CSV, JSON and source code. What it is shows from its
    content; the part's declared type is not trusted. The same name with other bytes makes a new
    version, which replaces the old one once it is indexed.
    """
    async with _form(request) as form:
        file = _the_file(form.multi_items())
        upload = await platform.knowledge.upload(
            caller.tenant, name, _file_name(file), _parts(file)
        )
    document = DocumentShape.model_validate(upload.document)
    response.headers["Location"] = f"/api/v1/collections/{name}/documents/{document.id}"
    if not upload.created:
        response.status_code = 200
        return UploadShape(document=document, run=None)
    run = await platform.runs.get(caller.tenant, document.run)
    return UploadShape(document=document, run=RunShape.model_validate(run))


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    """Read a form; its files are on the disk, or in memory where they are small.

    Raises:
        InvalidInput: it is no form.
        FilesUnavailable: there is no room for a file.
    """
    try:
        form = await request.form(max_files=1, max_fields=4)
    except HTTPException as exc:
        raise InvalidInput(f"the form can't be read: {exc.detail}", field="file") from exc
    except OSError as exc:
        raise FilesUnavailable(no_room(exc)) from exc
    try:
        yield form
    finally:
        await form.close()


def _the_file(fields: list[tuple[str, UploadFile | str]]) -> UploadFile:
    for field, _ in fields:
        if field != "file":
            wrong = f"{field!r} is not a known field; send one file as `file`"
            raise InvalidInput(wrong, field=field or "file")
    if len(fields) != 1:
        raise InvalidInput("send exactly one file, as multipart/form-data", field="file")
    value = fields[0][1]
    if not isinstance(value, UploadFile):
        raise InvalidInput("is not a file: its part has no file name", field="file")
    return value


def _file_name(file: UploadFile) -> str:
    """Give a file's name as it was sent: the form's parser cuts Windows paths, and guesses.

    Raises:
        InvalidInput: it is a Windows path, or not UTF-8.
    """
    try:
        sent = file.headers["content-disposition"].encode("latin-1").decode()
    except UnicodeDecodeError as exc:
        raise InvalidInput("the file's name is not UTF-8", field="file") from exc
    # Before a quotation mark, or another of its kind, it is no part of the name.
    if _BACKSLASH.search(sent):
        wrong = "the file's name is a path; give a plain name without / and \\"
        raise InvalidInput(wrong, field="file")
    return file.filename or ""


async def _parts(file: UploadFile) -> AsyncIterator[bytes]:
    while part := await file.read(PART_BYTES):
        yield part


@router.get(
    "",
    dependencies=[needs(Need.READ)],
    summary="List documents",
    responses=problems(404),
    response_description="A page of documents.",
)
async def list_documents(
    name: CollectionName, platform: PlatformOf, caller: CallerOf, page: PageOf
) -> Listing[DocumentShape]:
    """List the documents of a collection by name."""
    found = await platform.knowledge.documents(caller.tenant, name, page.limit, page.cursor)
    return Listing[DocumentShape].model_validate(found)


@router.get(
    "/{document}",
    dependencies=[needs(Need.READ)],
    summary="Read a document's state",
    responses=problems(404),
    response_description="The document.",
)
async def get_document(
    name: CollectionName, document: UUID, platform: PlatformOf, caller: CallerOf
) -> DocumentShape:
    """Read what is known of a document and how far its indexing is."""
    found = await platform.knowledge.document(caller.tenant, name, document)
    return DocumentShape.model_validate(found)


@router.delete(
    "/{document}",
    dependencies=[needs(Need.WRITE)],
    status_code=204,
    summary="Remove a document",
    responses=problems(404, 409, _409="Runs on it start faster than they are cancelled."),
    response_description="It is gone.",
)
async def delete_document(
    name: CollectionName, document: UUID, platform: PlatformOf, caller: CallerOf
) -> None:
    """Remove a document everywhere; it is not found any more when this returns."""
    await platform.knowledge.delete_document(caller.tenant, name, document)


@router.get(
    "/{document}/text",
    dependencies=[needs(Need.READ)],
    summary="Open a passage",
    responses=problems(404, _404="There is no such document, or it is not indexed yet."),
    response_description="The text, and where it stands.",
)
async def get_text(
    name: CollectionName,
    document: UUID,
    platform: PlatformOf,
    caller: CallerOf,
    span: Annotated[Span, Query()],
) -> TextShape:
    """Give the stored text from `start` to `end`: the offsets a citation has."""
    found = await platform.knowledge.text(caller.tenant, name, document, span.start, span.end)
    return TextShape.model_validate(found)

"""`sutazai documents`: list, read and delete the documents of a collection."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from sutazai.entrypoints.cli.collections import YesOption, confirm
from sutazai.entrypoints.cli.errors import CliError, ExitCode
from sutazai.entrypoints.cli.session import CollectionOption, HomeOption, JsonOption, open_client

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.entrypoints.cli.shapes import Document

DocumentArgument = Annotated[
    str,
    typer.Argument(metavar="DOCUMENT", help="A document's name or id.", show_default=False),
]

documents = typer.Typer(
    help="List, read and delete documents.\n\n[dim]Examples[/dim]\n\n"
    "  sutazai documents list -c handbook\n"
    "  sutazai documents text docs:guide.md --start 0 --end 400",
    rich_markup_mode="rich",
    no_args_is_help=True,
)


class NoSuchDocument(CliError):
    """The collection has no document of that name."""

    @property
    def exit_code(self) -> ExitCode:
        """Give the exit code of what the API does not know."""
        return ExitCode.REFUSED


@documents.command("list")
def list_documents(
    context: typer.Context,
    collection: CollectionOption = "default",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List the documents of a collection."""
    asyncio.run(_list(open_client(context, home), collection, as_json=as_json))


@documents.command()
def text(
    context: typer.Context,
    document: DocumentArgument,
    collection: CollectionOption = "default",
    start: Annotated[
        int, typer.Option(metavar="N", min=0, help="First character.", show_default=False)
    ] = 0,
    end: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Character after the last.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Print the stored text of a document, or a part of it: what a citation points at."""
    asyncio.run(_text(open_client(context, home), collection, document, start, end))


@documents.command()
def delete(
    context: typer.Context,
    document: DocumentArgument,
    collection: CollectionOption = "default",
    yes: YesOption = False,
    home: HomeOption = None,
) -> None:
    """Delete a document."""
    client = open_client(context, home)
    confirm(f"Delete “{document}” from “{collection}”?", yes=yes)
    asyncio.run(_delete(client, collection, document))


async def _list(client: "ApiClient", collection: str, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import (
        as_plain,
        open_console,
        print_json,
        print_table,
        say,
    )

    async with client:
        found = [document async for document in client.documents(collection)]
    if as_json:
        print_json({"items": [as_plain(document) for document in found]})
        return
    console = open_console()
    if not found:
        say(console, f"“{collection}” has no documents. `sutazai ingest PATH` brings some in.")
        return
    now = datetime.now(UTC)
    headings = ("NAME", "STATUS", "VERSION", "CHUNKS", "SIZE", "AGE")
    print_table(console, headings, [_row(item, now) for item in found], flexible=0)


def _row(document: "Document", now: datetime) -> tuple[str, ...]:
    from sutazai.entrypoints.cli.render import ago, size_text

    return (
        document.name,
        document.status or "",
        "" if document.version is None else str(document.version),
        "" if document.chunks is None else str(document.chunks),
        "" if document.size is None else size_text(document.size),
        ago(document.created_at, now),
    )


async def _find(client: "ApiClient", collection: str, named: str) -> UUID:
    """Give the id of a document named by its id or its name."""
    try:
        return UUID(named)
    except ValueError:
        pass
    async for document in client.documents(collection):
        if document.name == named:
            return document.id
    raise NoSuchDocument(
        f"“{collection}” has no document “{named}”.",
        remedy=f"`sutazai documents list -c {collection}` lists them.",
    )


async def _text(
    client: "ApiClient", collection: str, named: str, start: int, end: int | None
) -> None:
    from sutazai.entrypoints.cli.render import clean

    ended = True
    async with client:
        document = await _find(client, collection, named)
        async for part in client.document_text(collection, document, start, end):
            sys.stdout.write(clean(part) if sys.stdout.isatty() else part)
            ended = part.endswith("\n")
    if not ended:
        sys.stdout.write("\n")


async def _delete(client: "ApiClient", collection: str, named: str) -> None:
    from sutazai.entrypoints.cli.render import open_console, say

    async with client:
        await client.delete_document(collection, await _find(client, collection, named))
    say(open_console(), f"Deleted “{named}” from “{collection}”.")

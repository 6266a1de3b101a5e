"""`sutazai collections`: list, create and delete collections."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sutazai.entrypoints.cli.errors import CliError, ExitCode
from sutazai.entrypoints.cli.session import HomeOption, JsonOption, open_client

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.client import ApiClient

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The collection's name.", show_default=False)
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask before deleting.")]

collections = typer.Typer(
    help="List, create and delete collections.\n\n[dim]Examples[/dim]\n\n"
    "  sutazai collections list\n  sutazai collections create handbook",
    rich_markup_mode="rich",
    no_args_is_help=True,
)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is deleted; without a terminal only `--yes` will do."""
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        raise Unconfirmed("Deleting needs --yes where nobody can be asked.")
    typer.confirm(question, abort=True)


class Unconfirmed(CliError):
    """Nobody said yes."""

    @property
    def exit_code(self) -> ExitCode:
        """Give the exit code of wrong usage."""
        return ExitCode.USAGE


@collections.command("list")
def list_collections(
    context: typer.Context, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """List all collections."""
    asyncio.run(_list(open_client(context, home), as_json=as_json))


@collections.command()
def create(
    context: typer.Context,
    name: NameArgument,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Create a collection: a name of a-z, 0-9, _ and -, at most 63 of them."""
    asyncio.run(_create(open_client(context, home), name, as_json=as_json))


@collections.command()
def delete(
    context: typer.Context, name: NameArgument, yes: YesOption = False, home: HomeOption = None
) -> None:
    """Delete a collection with all its documents."""
    client = open_client(context, home)
    confirm(f"Delete “{name}” with all its documents?", yes=yes)
    asyncio.run(_delete(client, name))


async def _list(client: "ApiClient", *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import ago, as_plain, open_console, print_json, print_table

    async with client:
        found = [collection async for collection in client.collections()]
    if as_json:
        print_json({"items": [as_plain(collection) for collection in found]})
        return
    now = datetime.now(UTC)
    rows = [
        (
            item.name,
            "" if item.documents is None else str(item.documents),
            "" if item.chunks is None else str(item.chunks),
            ago(item.created_at, now),
        )
        for item in found
    ]
    print_table(open_console(), ("NAME", "DOCUMENTS", "CHUNKS", "AGE"), rows, flexible=0)


async def _create(client: "ApiClient", name: str, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    async with client:
        made = await client.create_collection(name)
    if as_json:
        print_json(as_plain(made))
    else:
        say(open_console(), f"Made the collection “{made.name}”.")


async def _delete(client: "ApiClient", name: str) -> None:
    from sutazai.entrypoints.cli.render import open_console, say

    async with client:
        await client.delete_collection(name)
    say(open_console(), f"Deleted the collection “{name}”.")

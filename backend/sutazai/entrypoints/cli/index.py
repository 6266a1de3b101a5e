"""`sutazai index`: embed collections anew, by the model that is set now."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sutazai.entrypoints.cli.errors import CliError
from sutazai.entrypoints.cli.session import HomeOption, JsonOption, open_client

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.entrypoints.cli.shapes import Run

index = typer.Typer(
    help="Embed collections anew.\n\n[dim]Examples[/dim]\n\n"
    "  sutazai index rebuild\n  sutazai index rebuild handbook",
    rich_markup_mode="rich",
    no_args_is_help=True,
)


@index.callback()
def about() -> None:
    """Embed collections anew."""


@index.command()
def rebuild(
    context: typer.Context,
    collection: Annotated[
        str | None,
        typer.Argument(
            metavar="[COLLECTION]", help="Which one; all of them otherwise.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Embed all that a collection holds by the model that is set now, and use that from then on.

    Needed after SUTAZAI_EMBEDDINGS_* were changed. It goes on where this command is interrupted;
    the same command shows it again.
    """
    asyncio.run(_rebuild(open_client(context, home), collection, as_json=as_json))


async def _rebuild(client: "ApiClient", collection: str | None, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    console = open_console()
    ended: list[Run] = []
    async with client:
        names = [collection] if collection else [item.name async for item in client.collections()]
        for name in names:

            def tell(message: str, name: str = name) -> None:
                if not as_json:
                    say(console, (f"{name}: ", "bold"), message)

            ended.append(await _one(client, name, tell))
    if as_json:
        print_json({"items": [as_plain(run) for run in ended]})
    failed = [run for run in ended if run.status != "succeeded"]
    if failed:
        raise CliError(
            f"Not rebuilt: {', '.join(run.collection or str(run.id) for run in failed)}.",
            remedy=failed[0].error or "`sutazai runs show` tells more of the run.",
        )


async def _one(client: "ApiClient", name: str, tell: Callable[[str], None]) -> "Run":
    from sutazai.entrypoints.cli.follow import follow

    run = await client.rebuild(name)
    async for event in follow(client, run.id):
        if event.type == "step.progress":
            tell(str(event.data.get("message", "")))
        elif event.type == "step.failed":
            tell(_failure(event.data))
    run = await client.run(run.id)
    if run.status == "succeeded":
        tell("done; it is searched by the new vectors from now on")
    return run


def _failure(data: dict[str, Any]) -> str:
    again = "; it is tried again" if data.get("retry") else ""
    return f"{data.get('reason', 'it failed')}{again}"

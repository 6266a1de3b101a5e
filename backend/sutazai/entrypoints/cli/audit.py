"""`sutazai audit`: who got in or took data out, and whether the log of it is whole."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from sutazai.entrypoints.cli.errors import CliError
from sutazai.entrypoints.cli.session import HomeOption, JsonOption, open_client

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.client import ApiClient

audit = typer.Typer(
    help="Read and verify the audit log.\n\n[dim]Examples[/dim]\n\n"
    "  sutazai audit list --event login.failed\n  sutazai audit verify",
    rich_markup_mode="rich",
    no_args_is_help=True,
)


@audit.command("list")
def list_entries(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most entries.")] = 50,
    event: Annotated[
        str | None, typer.Option("--event", metavar="EVENT", help="Of one kind alone.")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List what happened, newest first."""
    asyncio.run(_list(open_client(context, home), limit, event, as_json=as_json))


@audit.command()
def verify(
    context: typer.Context,
    head: Annotated[
        str | None,
        typer.Option(
            "--head", metavar="HASH", help="A hash noted before, which has to be there still."
        ),
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Follow the whole chain; exit code 1 where an entry was changed, removed or moved.

    An end that was cut off leaves a chain that is whole: note the hash that is printed, and ask
    for it later.
    """
    asyncio.run(_verify(open_client(context, home), head, as_json=as_json))


async def _list(client: "ApiClient", limit: int, event: str | None, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, print_table

    async with client:
        found = [entry async for entry in client.audit(limit, event)]
    if as_json:
        print_json({"items": [as_plain(entry) for entry in found]})
        return
    rows = [
        (
            str(entry.seq),
            entry.at.strftime("%Y-%m-%d %H:%M:%S"),
            entry.event,
            str(entry.actor or "unknown"),
            entry.subject or "",
            entry.address or "",
        )
        for entry in found
    ]
    headings = ("N", "AT (UTC)", "EVENT", "BY", "ON", "FROM")
    print_table(open_console(), headings, rows, flexible=4)


async def _verify(client: "ApiClient", head: str | None, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    async with client:
        verdict = await client.verify_audit()
        known = head is None or await _holds(client, head)
    if as_json:
        print_json(as_plain(verdict) | ({} if head is None else {"head_found": known}))
    elif verdict.ok and known:
        say(open_console(), f"The log is whole, up to entry {verdict.entries}.")
        say(open_console(), f"Its last hash: {verdict.head}")
    if not verdict.ok:
        raise CliError(
            f"The log is not as it was written: entry {verdict.broken_at}, {verdict.reason}.",
            remedy="Compare it with a backup.",
        )
    if not known:
        raise CliError(
            "The hash is not in the log: its end was cut off, or it was written anew.",
            remedy="Compare it with a backup.",
        )


async def _holds(client: "ApiClient", head: str) -> bool:
    async for entry in client.audit(None, None):
        if entry.hash == head.strip().lower():
            return True
    return False

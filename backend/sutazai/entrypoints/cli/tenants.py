"""`sutazai tenants`: those one works in, and new ones."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from sutazai.entrypoints.cli.session import HomeOption, JsonOption, open_client

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.client import ApiClient

tenants = typer.Typer(
    help="List and make tenants: what is in one is never seen from another.\n\n"
    "[dim]Examples[/dim]\n\n  sutazai tenants list\n  sutazai tenants create Research",
    rich_markup_mode="rich",
    no_args_is_help=True,
)


@tenants.command("list")
def list_tenants(
    context: typer.Context, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """List the tenants that the key's user is a member of."""
    asyncio.run(_list(open_client(context, home), as_json=as_json))


@tenants.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Make a tenant, looked after by the key's user.

    A key is of one tenant. `sutazai keys create NAME --as EMAIL --tenant ID` makes one for it.
    """
    asyncio.run(_create(open_client(context, home), name, as_json=as_json))


async def _list(client: "ApiClient", *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, print_table

    async with client:
        found = await client.tenants()
    if as_json:
        print_json({"items": [as_plain(tenant) for tenant in found]})
        return
    rows = [(str(one.id), one.name, one.role, "current" if one.current else "") for one in found]
    print_table(open_console(), ("ID", "NAME", "ROLE", ""), rows, flexible=1)


async def _create(client: "ApiClient", name: str, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    async with client:
        made = await client.create_tenant(name)
    if as_json:
        print_json(as_plain(made))
    else:
        say(open_console(), f"Made the tenant “{made.name}” ({made.id}).")

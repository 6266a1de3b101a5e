"""`sutazai keys`: API keys, made with the rights they need and revoked."""

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from sutazai.entrypoints.cli.collections import YesOption, confirm
from sutazai.entrypoints.cli.session import (
    HomeOption,
    JsonOption,
    ask_secret,
    open_client,
    open_client_with,
)

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.entrypoints.cli.shapes import MadeKey


class ScopeName(StrEnum):
    """What a key may be good for."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


keys = typer.Typer(
    help="List, make and revoke API keys.\n\n[dim]Examples[/dim]\n\n"
    "  sutazai keys list --all\n  sutazai keys create backup --scope read --days 90",
    rich_markup_mode="rich",
    no_args_is_help=True,
)


@keys.command("list")
def list_keys(
    context: typer.Context,
    everybodys: Annotated[bool, typer.Option("--all", help="Everybody's, not one's own.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List API keys that hold, newest first."""
    asyncio.run(_list(open_client(context, home), everybodys=everybodys, as_json=as_json))


@keys.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    scope: Annotated[
        list[ScopeName] | None,
        typer.Option("--scope", "-s", help="A right; may be said again.", show_default="read"),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=3650, help="After so many it ends.")
    ] = None,
    email: Annotated[
        str | None,
        typer.Option("--as", metavar="EMAIL", help="Whose key: asks for their password."),
    ] = None,
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="ID", help="With --as: of which tenant.")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Make an API key; its secret is shown this once."""
    scopes = [one.value for one in scope or [ScopeName.READ]]
    if email is None:
        made = asyncio.run(_create(open_client(context, home), name, scopes, days))
    else:
        password = ask_secret(f"Password of {email}")
        login = _create_as(context, home, (email, password, tenant), (name, scopes, days))
        made = asyncio.run(login)
    _show(made, as_json=as_json)


@keys.command()
def revoke(
    context: typer.Context,
    key: Annotated[UUID, typer.Argument(metavar="ID", show_default=False)],
    yes: YesOption = False,
    home: HomeOption = None,
) -> None:
    """Revoke an API key at once."""
    client = open_client(context, home)
    confirm(f"Revoke the key {key}?", yes=yes)
    asyncio.run(_revoke(client, key))


async def _list(client: "ApiClient", *, everybodys: bool, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, print_table

    async with client:
        found = [key async for key in client.keys(everybodys=everybodys)]
    if as_json:
        print_json({"items": [as_plain(key) for key in found]})
        return
    rows = [
        (
            str(key.id),
            f"{key.prefix}…",
            key.name,
            " ".join(key.scopes),
            key.email,
            str(key.expires_at.date()) if key.expires_at else "never",
            str(key.last_used_on or "never"),
        )
        for key in found
    ]
    headings = ("ID", "BEGINS", "NAME", "RIGHTS", "OF", "ENDS", "LAST USED")
    print_table(open_console(), headings, rows, flexible=2)


async def _create(client: "ApiClient", name: str, scopes: list[str], days: int | None) -> "MadeKey":
    async with client:
        return await client.create_key(name, scopes, days)


async def _create_as(
    context: typer.Context,
    home: HomeOption,
    who: tuple[str, str, str | None],
    key: tuple[str, list[str], int | None],
) -> "MadeKey":
    async with open_client_with(context, home, "") as nobody:
        tokens = await nobody.log_in(*who)
        made = await _create(open_client_with(context, home, tokens.access_token), *key)
        await nobody.log_out(tokens)
    return made


def _show(made: "MadeKey", *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    if as_json:
        print_json(as_plain(made))
        return
    console = open_console()
    say(console, f"Made the key “{made.key.name}” ({' '.join(made.key.scopes)}).")
    say(console, "Shown this once: ", (made.secret, "bold"))


async def _revoke(client: "ApiClient", key: UUID) -> None:
    from sutazai.entrypoints.cli.render import open_console, say

    async with client:
        await client.revoke_key(key)
    say(open_console(), f"Revoked the key {key}.")

"""`sutazai users`: who may get in, as what, and with which password."""

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sutazai.entrypoints.cli.collections import YesOption, confirm
from sutazai.entrypoints.cli.errors import CliError, ExitCode
from sutazai.entrypoints.cli.session import (
    HomeOption,
    JsonOption,
    ask_secret,
    open_client,
    open_client_with,
)

if TYPE_CHECKING:
    from uuid import UUID

    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.entrypoints.cli.shapes import MadeMember, Member


class RoleName(StrEnum):
    """What somebody is."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class NothingToChange(CliError):
    """No option says what to change."""

    @property
    def exit_code(self) -> ExitCode:
        """Give the exit code of wrong usage."""
        return ExitCode.USAGE


UserArgument = Annotated[
    str, typer.Argument(metavar="USER", help="E-mail address or id.", show_default=False)
]
users = typer.Typer(
    help="List, make, change and remove users.\n\n[dim]Examples[/dim]\n\n"
    "  sutazai users list\n  sutazai users create ada@example.org --role member\n"
    "  sutazai users change ada@example.org --disable",
    rich_markup_mode="rich",
    no_args_is_help=True,
)


@users.command("list")
def list_users(
    context: typer.Context, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """List the users of the tenant."""
    asyncio.run(_list(open_client(context, home), as_json=as_json))


@users.command()
def create(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", show_default=False)],
    role: Annotated[RoleName, typer.Option("--role", help="What they are.")] = RoleName.MEMBER,
    choose: Annotated[
        bool, typer.Option("--choose-password", help="Ask for their password, don't make one.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Make a user; a one-time password is made, and shown this once."""
    client = open_client(context, home)
    password = ask_secret(f"Password of {email}") if choose else None
    asyncio.run(_create(client, email, role.value, password, as_json=as_json))


@users.command()
def change(
    context: typer.Context,
    user: UserArgument,
    role: Annotated[
        RoleName | None, typer.Option("--role", help="What they are from now on.")
    ] = None,
    disable: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Whether they may get in.")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Change a user's role, or whether they may get in; their logins end."""
    wanted: dict[str, object] = {} if role is None else {"role": role.value}
    if disable is not None:
        wanted["disabled"] = disable
    if not wanted:
        raise NothingToChange("Say what to change: --role, --disable or --enable.")
    asyncio.run(_change(open_client(context, home), user, wanted, as_json=as_json))


@users.command()
def reset(
    context: typer.Context,
    user: UserArgument,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Give a user a new one-time password, shown this once; their logins end."""
    asyncio.run(_reset(open_client(context, home), user, as_json=as_json))


@users.command()
def remove(
    context: typer.Context, user: UserArgument, yes: YesOption = False, home: HomeOption = None
) -> None:
    """Remove a user with their keys and logins; what they made stays."""
    client = open_client(context, home)
    confirm(f"Remove {user} with all their keys?", yes=yes)
    asyncio.run(_remove(client, user))


@users.command()
def password(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", show_default=False)],
    home: HomeOption = None,
) -> None:
    """Change one's own password; asks for the old one and, twice, for the new one.

    From a pipe it reads two lines: the old one and the new one.
    """
    import sys

    old, new = ask_secret("Old password"), ask_secret("New password")
    if sys.stdin.isatty() and ask_secret("New password again") != new:
        raise CliError("The two are not the same: nothing was changed.")
    asyncio.run(_password(context, home, email, old, new))


async def _list(client: "ApiClient", *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, print_table

    async with client:
        found = [user async for user in client.users()]
    if as_json:
        print_json({"items": [as_plain(user) for user in found]})
        return
    rows = [(user.email, user.role, _state(user), str(user.last_login_on or "")) for user in found]
    print_table(open_console(), ("EMAIL", "ROLE", "STATE", "LAST LOGIN"), rows, flexible=0)


def _state(user: "Member") -> str:
    if user.disabled:
        return "disabled"
    return "one-time password" if user.one_time_password else "active"


async def _create(
    client: "ApiClient", email: str, role: str, password: str | None, *, as_json: bool
) -> None:
    async with client:
        made = await client.create_user(email, role, password)
    _show(made, f"Made {made.user.email}, {made.user.role}.", as_json=as_json)


async def _change(
    client: "ApiClient", user: str, wanted: dict[str, object], *, as_json: bool
) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    async with client:
        changed = await client.change_user(await _id_of(client, user), wanted)
    if as_json:
        print_json(as_plain(changed))
    else:
        say(open_console(), f"{changed.email} is {changed.role}, {_state(changed)}.")


async def _reset(client: "ApiClient", user: str, *, as_json: bool) -> None:
    async with client:
        made = await client.reset_password(await _id_of(client, user))
    _show(made, f"{made.user.email} has a new password.", as_json=as_json)


async def _remove(client: "ApiClient", user: str) -> None:
    from sutazai.entrypoints.cli.render import open_console, say

    async with client:
        await client.remove_user(await _id_of(client, user))
    say(open_console(), f"Removed {user}.")


async def _password(
    context: typer.Context, home: HomeOption, email: str, old: str, new: str
) -> None:
    from sutazai.entrypoints.cli.render import open_console, say

    async with open_client_with(context, home, "") as nobody:
        tokens = await nobody.log_in(email, old)
        async with open_client_with(context, home, tokens.access_token) as client:
            tokens = await client.change_password(old, new)
        await nobody.log_out(tokens)
    say(open_console(), "The password is changed; all other logins have ended.")


def _show(made: "MadeMember", done: str, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    if as_json:
        print_json(as_plain(made))
        return
    console = open_console()
    say(console, done)
    if made.password is not None:
        say(console, "One-time password, shown this once: ", (made.password, "bold"))


async def _id_of(client: "ApiClient", user: str) -> "UUID":
    """Give a user's id, by it or by their address."""
    from uuid import UUID

    try:
        return UUID(user)
    except ValueError:
        pass
    async for one in client.users():
        if one.email == user.strip().lower():
            return one.id
    raise CliError(f"There is no user {user} here.", remedy="See them with `sutazai users list`.")

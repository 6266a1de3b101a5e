"""`sutazai conversations`: list, show, rename and delete conversations."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sutazai.entrypoints.cli.errors import CliError, ExitCode
from sutazai.entrypoints.cli.session import HomeOption, JsonOption, open_client

if TYPE_CHECKING:
    from rich.console import Console

    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.entrypoints.cli.shapes import Conversation, Message

RECENT = 200
UNNAMED = "(no question yet)"
_SHORT = re.compile(r"[0-9a-f]{4,12}", re.IGNORECASE)

ConversationArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A conversation's id, or the end of one (4 characters or more) as `conversations` "
        "shows it.",
        show_default=False,
    ),
]
LimitOption = Annotated[
    int, typer.Option("--limit", "-n", metavar="N", min=1, max=10_000, help="How many.")
]

conversations = typer.Typer(
    help="See and tidy conversations: `conversations` alone lists them.\n\n[dim]Examples[/dim]"
    "\n\n  sutazai conversations\n  sutazai conversations show 3f2a9c1d04be"
    '\n  sutazai conversations rename 3f2a9c1d04be "The flat"',
    rich_markup_mode="rich",
)


@conversations.callback(invoke_without_command=True)
def default(
    context: typer.Context,
    as_json: JsonOption = False,
    limit: LimitOption = 20,
    home: HomeOption = None,
) -> None:
    """List conversations when no other command is named."""
    if context.invoked_subcommand is None:
        list_conversations(context, as_json=as_json, limit=limit, home=home)
    elif as_json:
        raise typer.BadParameter(f"--json belongs after `{context.invoked_subcommand}`.")


@conversations.command("list")
def list_conversations(
    context: typer.Context,
    as_json: JsonOption = False,
    limit: LimitOption = 20,
    home: HomeOption = None,
) -> None:
    """List conversations, last asked first."""
    asyncio.run(_list(open_client(context, home), limit, as_json=as_json))


@conversations.command()
def show(
    context: typer.Context,
    conversation: ConversationArgument,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show what was asked and answered in one conversation."""
    asyncio.run(_show(open_client(context, home), conversation, as_json=as_json))


@conversations.command()
def rename(
    context: typer.Context,
    conversation: ConversationArgument,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="Its new title.")],
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Give a conversation another title."""
    asyncio.run(_rename(open_client(context, home), conversation, title, as_json=as_json))


@conversations.command()
def delete(
    context: typer.Context,
    conversation: ConversationArgument,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Delete a conversation with its messages; its runs stay."""
    asyncio.run(_delete(open_client(context, home), conversation, as_json=as_json))


async def _list(client: "ApiClient", limit: int, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    async with client:
        found = [each async for each in client.conversations(limit)]
    if as_json:
        print_json({"items": [as_plain(each) for each in found]})
    elif not found:
        say(open_console(), "No conversations yet. Begin one: `sutazai chat`.")
    else:
        print_conversations(open_console(), found, [short(each) for each in found], "ID")


async def _show(client: "ApiClient", named: str, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    async with client:
        found = await find(client, named)
        messages = [each async for each in client.messages(found.id)][::-1]
    if as_json:
        print_json({**as_plain(found), "items": [as_plain(each) for each in messages]})
        return
    console = open_console()
    say(console, (found.title or UNNAMED, "bold"), (f"  {found.id}", "dim"))
    print_messages(console, messages)


async def _rename(client: "ApiClient", named: str, title: str, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    async with client:
        found = await find(client, named)
        renamed = await client.rename_conversation(found.id, title)
    if as_json:
        print_json(as_plain(renamed))
    else:
        say(open_console(), f"It is called “{renamed.title}” now.")


async def _delete(client: "ApiClient", named: str, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import open_console, print_json, say

    async with client:
        found = await find(client, named)
        await client.delete_conversation(found.id)
    if as_json:
        print_json({"id": str(found.id), "deleted": True})
    else:
        say(open_console(), f"Deleted “{found.title or UNNAMED}” with {found.messages} messages.")


async def find(client: "ApiClient", named: str) -> "Conversation":
    """Give a conversation by its id or the end of one; raise `CliError` where none is meant."""
    if not _SHORT.fullmatch(named):
        return await client.conversation(named)
    wanted = named.lower()
    recent = [each async for each in client.conversations(RECENT)]
    matches = [each for each in recent if str(each.id).endswith(wanted)]
    if len(matches) == 1:
        return matches[0]
    count = "No conversation" if not matches else f"{len(matches)} conversations"
    raise _NoSuchConversation(
        f"{count} among the newest {RECENT} end{'s' if not matches else ''} with {named}.",
        remedy="Give the whole id; `sutazai conversations list --json` shows it.",
    )


class _NoSuchConversation(CliError):
    """The end of an id names no conversation, or more than one."""

    @property
    def exit_code(self) -> ExitCode:
        """Give the exit code of what the API does not know."""
        return ExitCode.REFUSED


def short(conversation: "Conversation") -> str:
    """Give the end of an id: of a UUIDv7 the beginning is only the time."""
    return str(conversation.id)[-12:]


def print_conversations(
    console: "Console", found: "Sequence[Conversation]", names: Sequence[str], heading: str
) -> None:
    """Print conversations as a table, each by a name under a heading."""
    from sutazai.entrypoints.cli.render import ago, one_line, print_table

    now = datetime.now(UTC)
    rows = [
        (
            name,
            one_line(each.title or UNNAMED, 200),
            each.collection,
            str(each.messages),
            ago(each.updated_at, now),
        )
        for name, each in zip(names, found, strict=True)
    ]
    headings = (heading, "TITLE", "COLLECTION", "MESSAGES", "AGE")
    print_table(console, headings, rows, flexible=1)


def print_messages(console: "Console", messages: "Sequence[Message]") -> None:
    """Print messages, oldest first, each answer with its sources."""
    from sutazai.entrypoints.cli.answer import show_citation
    from sutazai.entrypoints.cli.render import say

    for message in messages:
        console.print()
        if message.role == "user":
            say(console, ("› ", "cyan"), (message.text, "bold"))
            continue
        if message.status != "succeeded":
            why = f": {message.error}" if message.error else ""
            say(console, (f"No answer, its run {message.status}{why}.", "yellow"))
        else:
            say(console, message.text.strip())
        for citation in message.citations:
            show_citation(console, citation)

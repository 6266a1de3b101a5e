"""`sutazai chat`: a conversation on the terminal, or from lines that are piped in."""

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import uuid4

import typer

from sutazai.entrypoints.cli.conversations import find, print_conversations, print_messages
from sutazai.entrypoints.cli.errors import ApiProblem, CliError, ExitCode, NotSetUp, Unreachable
from sutazai.entrypoints.cli.session import CollectionOption, GraphOption, HomeOption, open_client

if TYPE_CHECKING:
    from rich.console import Console

    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.entrypoints.cli.shapes import Conversation, Posted

R = TypeVar("R")
PROMPT = "› "
LISTED = 20
# How much of a conversation is shown where it is opened.
SHOWN = 6
# How long a key press waits for the platform to take note that the run is to stop.
CANCEL_S = 5.0
HELP = (
    "/new begins a new conversation · /list shows those there are · /open N goes on with one · "
    "/quit ends"
)


def chat(
    context: typer.Context,
    collection: CollectionOption = "default",
    conversation: Annotated[
        str | None,
        typer.Option(
            "--conversation", metavar="ID", help="Go on with this one instead of a new one."
        ),
    ] = None,
    graph: GraphOption = False,
    home: HomeOption = None,
) -> None:
    """Ask one question after another, each in the context of those before.

    An answer appears as it is written, with numbered sources. Ctrl-C cancels the one that is being
    worked on; at the prompt it ends. Lines may be piped in: each is a question or a command, and
    the exit code is 1 where one of them failed.

    [dim]Commands[/dim]

      /new      [dim]begin a new conversation[/dim]
      /list     [dim]show the conversations there are[/dim]
      /open N   [dim]go on with one, by its number or its id[/dim]
      /quit     [dim]end, as does the end of the input[/dim]

    [dim]Examples[/dim]

      sutazai chat
      sutazai chat -c handbook < questions.txt
    """
    from sutazai.entrypoints.cli.render import open_console

    client = open_client(context, home)
    talk = Talk(client, collection, open_console(), graph=graph)
    with asyncio.Runner() as runner:
        runner.run(client.__aenter__())
        try:
            if conversation is not None:
                runner.run(talk.open(conversation))
            failed = _converse(runner, talk)
        finally:
            runner.run(client.__aexit__(None, None, None))
    if failed and not sys.stdin.isatty():
        raise typer.Exit(ExitCode.FAILED)


def _converse(runner: asyncio.Runner, talk: "Talk") -> bool:
    """Take line after line until the end; tell whether one of them failed."""
    from sutazai.entrypoints.cli.render import print_error, say

    at_terminal = sys.stdin.isatty()
    if at_terminal:
        with suppress(ImportError):
            import readline  # noqa: F401  # lines can be edited and called back

        say(talk.console, (HELP, "dim"))
    failed = False
    # Lines are read outside the event loop: there, Ctrl-C would have to wait for the next one.
    while (line := _line(at_terminal)) is not None:
        try:
            if not _run(runner, talk.take(line), goes_on=at_terminal):
                return failed
        except (NotSetUp, Unreachable):
            raise
        except CliError as error:
            failed = True
            print_error(error)
    return failed


def _run(runner: asyncio.Runner, work: Coroutine[Any, Any, bool], *, goes_on: bool) -> bool:
    """Run the work on one line; an interrupted one is over, and at a terminal another may come."""
    try:
        return runner.run(work)
    except KeyboardInterrupt:
        if goes_on:
            return True
        raise


def _line(at_terminal: bool) -> str | None:
    """Give the next line; None at the end of the input."""
    if not at_terminal:
        return sys.stdin.readline() or None
    try:
        return input(PROMPT)
    except EOFError:
        # The prompt's line is not ended yet.
        sys.stdout.write("\n")
        return None


@dataclass
class Talk:
    """The conversation that is open; one begins with its first question.

    `graph`: whether its questions ask the graph too.
    """

    client: "ApiClient"
    collection: str
    console: "Console"
    conversation: "Conversation | None" = None
    listed: "list[Conversation]" = field(default_factory=list)
    graph: bool = False

    async def take(self, line: str) -> bool:
        """Do what a line says; false where it is to end."""
        from sutazai.entrypoints.cli.render import say

        command, _, rest = line.strip().partition(" ")
        match command:
            case "":
                return True
            case "/quit" | "/exit":
                return False
            case "/new":
                self.conversation = None
                say(self.console, ("A new conversation begins with your next question.", "dim"))
            case "/list":
                await self._list()
            case "/open":
                await self.open(rest.strip())
            case _ if command.startswith("/"):
                raise CliError(f"There is no command {command}.", remedy=HELP)
            case _:
                await self._ask(line.strip())
        return True

    async def open(self, named: str) -> None:
        """Go on with a conversation, by its number in the list or its id."""
        from sutazai.entrypoints.cli.render import say

        number = int(named) if named.isascii() and named.isdecimal() and len(named) < 4 else None
        if number is not None and not self.listed:
            await self._look()
        if number is None:
            if not named:
                raise CliError("Which one? Its number, as /list shows it, or its id.")
            self.conversation = await find(self.client, named)
        elif 1 <= number <= len(self.listed):
            self.conversation = self.listed[number - 1]
        else:
            raise CliError(f"The list has no number {number}.", remedy="See /list.")
        newest = [each async for each in self.client.messages(self.conversation.id, SHOWN)]
        say(self.console, (self.conversation.title or "", "bold"))
        print_messages(self.console, newest[::-1])

    async def _look(self) -> None:
        self.listed = [each async for each in self.client.conversations(LISTED)]

    async def _list(self) -> None:
        from sutazai.entrypoints.cli.render import say

        await self._look()
        if not self.listed:
            say(self.console, "No conversations yet: ask something.")
            return
        numbers = [str(number) for number in range(1, len(self.listed) + 1)]
        print_conversations(self.console, self.listed, numbers, "N")

    async def _ask(self, question: str) -> None:
        from sutazai.entrypoints.cli.ask import watch

        if self.conversation is None:
            self.conversation = await self.client.create_conversation(self.collection)
        if not self.console.is_terminal:
            self._show(question)
        posted = await self._post(question)
        self._say_context(posted)
        try:
            await watch(self.client, posted.run.id, as_json=False)
        except asyncio.CancelledError:
            await self._stop(posted)
            raise
        self.console.print()

    def _show(self, question: str) -> None:
        """Show a question that was piped in: nobody saw it being typed."""
        from sutazai.entrypoints.cli.render import say

        say(self.console, (PROMPT, "cyan"), (question, "bold"))

    async def _post(self, question: str) -> "Posted":
        # A key of its own for each question: sending it again can't ask twice.
        key, conversation = str(uuid4()), self.conversation
        if conversation is None:
            raise CliError("No conversation is open.")
        post = partial(self.client.post_message, conversation.id, question, key, graph=self.graph)
        try:
            return await post()
        except Unreachable:
            return await post()
        except ApiProblem as problem:
            if problem.status == 404:
                self.conversation = None
                problem.remedy = "It was removed: your next question begins a new one."
            raise

    def _say_context(self, posted: "Posted") -> None:
        """Say what of the conversation was left out."""
        from sutazai.entrypoints.cli.render import plural, say

        context = posted.message.context
        if context is not None and context.dropped:
            left = plural(context.dropped, "earlier message")
            say(self.console, (f"  asked without {left}, which did not fit", "dim"))

    async def _stop(self, posted: "Posted") -> None:
        from sutazai.entrypoints.cli.render import say

        with suppress(CliError, TimeoutError):
            async with asyncio.timeout(CANCEL_S):
                await self.client.cancel(posted.run.id)
                say(self.console, f"Cancelled run {posted.run.id}.")
                return
        say(self.console, f"Run {posted.run.id} could not be cancelled and may go on.")

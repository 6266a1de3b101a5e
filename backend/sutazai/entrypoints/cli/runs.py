"""`sutazai runs`: list, show, watch, cancel and retry runs."""

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID, uuid4

import typer

from sutazai.entrypoints.cli.errors import CliError, ExitCode, Unreachable
from sutazai.entrypoints.cli.session import HomeOption, JsonOption, open_client

if TYPE_CHECKING:
    from rich.console import Console

    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.entrypoints.cli.shapes import Run, StepState

RECENT = 200
_SHORT = re.compile(r"[0-9a-f]{4,12}", re.IGNORECASE)

LimitOption = Annotated[
    int, typer.Option("--limit", "-n", metavar="N", min=1, max=10_000, help="How many.")
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A run's id, or the end of one (4 characters or more) as `runs list` shows it.",
        show_default=False,
    ),
]

runs = typer.Typer(
    help="See and steer runs: `runs` alone lists them.\n\n[dim]Examples[/dim]\n\n"
    "  sutazai runs\n  sutazai runs show 3f2a9c1d04be\n  sutazai runs watch 3f2a9c1d04be\n"
    "  sutazai runs retry 3f2a9c1d04be",
    rich_markup_mode="rich",
)


@runs.callback(invoke_without_command=True)
def default(
    context: typer.Context,
    as_json: JsonOption = False,
    limit: LimitOption = 20,
    home: HomeOption = None,
) -> None:
    """List runs when no other command is named."""
    if context.invoked_subcommand is None:
        list_runs(context, as_json=as_json, limit=limit, home=home)
    elif as_json:
        raise typer.BadParameter(f"--json belongs after `{context.invoked_subcommand}`.")


@runs.command("list")
def list_runs(
    context: typer.Context,
    as_json: JsonOption = False,
    limit: LimitOption = 20,
    home: HomeOption = None,
) -> None:
    """List runs, newest first."""
    asyncio.run(_list(open_client(context, home), limit, as_json=as_json))


@runs.command()
def show(
    context: typer.Context, run: RunArgument, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """Show one run: its steps, times, result and sources."""
    asyncio.run(_show(open_client(context, home), run, as_json=as_json))


@runs.command()
def watch(
    context: typer.Context, run: RunArgument, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """Follow a run to its end. Ctrl-C stops watching; the run goes on."""
    asyncio.run(_watch(open_client(context, home), run, as_json=as_json))


@runs.command()
def cancel(
    context: typer.Context, run: RunArgument, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """Cancel a run."""
    asyncio.run(_cancel(open_client(context, home), run, as_json=as_json))


@runs.command()
def retry(
    context: typer.Context, run: RunArgument, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """Take up a run that failed or was cancelled, and follow it to its end.

    A new run keeps the steps that succeeded and works only the others again. Ctrl-C stops watching;
    the run goes on.
    """
    asyncio.run(_retry(open_client(context, home), run, as_json=as_json))


async def _list(client: "ApiClient", limit: int, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import (
        ago,
        as_plain,
        one_line,
        open_console,
        print_json,
        print_table,
        say,
        status_text,
    )

    async with client:
        found = [run async for run in client.runs(limit)]
    if as_json:
        print_json({"items": [as_plain(run) for run in found]})
        return
    console = open_console()
    if not found:
        say(console, 'No runs yet. Ask something: `sutazai ask "…"`.')
        return
    now = datetime.now(UTC)
    rows = [
        (
            _short(run.id),
            status_text(run.status),
            run.workflow,
            one_line(run.goal, 400),
            ago(run.created_at, now),
        )
        for run in found
    ]
    print_table(console, ("ID", "STATUS", "WORKFLOW", "GOAL", "AGE"), rows, flexible=3)


def _short(run: UUID) -> str:
    """Give the end of an id: of a UUIDv7 the beginning is only the time."""
    return str(run)[-12:]


async def full_id(client: "ApiClient", named: str) -> str:
    """Give the full id for the end of one; anything else is left for the API to judge."""
    if not _SHORT.fullmatch(named):
        return named
    matches = [run async for run in client.runs(RECENT) if str(run.id).endswith(named.lower())]
    if len(matches) == 1:
        return str(matches[0].id)
    count = "No run" if not matches else f"{len(matches)} runs"
    raise _NoSuchRun(
        f"{count} among the newest {RECENT} end{'s' if not matches else ''} with {named}.",
        remedy="Give the whole id; `sutazai runs list --json` shows it.",
    )


class _NoSuchRun(CliError):
    """The end of an id names no run, or more than one."""

    @property
    def exit_code(self) -> ExitCode:
        """Give the exit code of what the API does not know."""
        return ExitCode.REFUSED


async def _show(client: "ApiClient", named: str, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json

    async with client:
        run = await full_id(client, named)
        shown = await client.run(run)
    if as_json:
        print_json(as_plain(shown))
    else:
        _print_run(open_console(), shown)


async def _watch(client: "ApiClient", named: str, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.ask import watch as watch_run

    async with client:
        run = await client.run(await full_id(client, named))
        await watch_run(client, run.id, as_json=as_json)


async def _cancel(client: "ApiClient", named: str, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    async with client:
        run = await client.cancel(await full_id(client, named))
    if as_json:
        print_json(as_plain(run))
    elif run.status == "cancelled":
        say(open_console(), f"Cancelled run {run.id}.")
    else:
        say(open_console(), f"Run {run.id} is {run.status}.")


async def _retry(client: "ApiClient", named: str, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.ask import watch as watch_run
    from sutazai.entrypoints.cli.render import open_console, say

    async with client:
        earlier, key = await full_id(client, named), str(uuid4())
        try:
            run = await client.retry(earlier, key)
        except Unreachable:
            # A key of its own for each call: sending it again can't start a second run.
            run = await client.retry(earlier, key)
        if not as_json:
            say(open_console(), f"Run {run.id} retries run {run.retry_of}.")
        await watch_run(client, run.id, as_json=as_json)


def _print_run(console: "Console", run: "Run") -> None:
    from sutazai.entrypoints.cli.answer import show_answer
    from sutazai.entrypoints.cli.render import (
        STATUS_STYLES,
        ago,
        one_line,
        say,
        seconds_between,
    )

    say(console, ("Run ", "bold"), str(run.id))
    took = seconds_between(run.started_at, run.finished_at)
    age = ago(run.created_at, datetime.now(UTC))
    about = [run.workflow, f"{age} ago" if age else "", f"took {took}" if took else ""]
    facts = "".join(f" · {fact}" for fact in about if fact)
    say(console, (run.status, STATUS_STYLES.get(run.status, "")), facts, indent=2)
    if run.goal:
        say(console, one_line(run.goal, 600), indent=2)
    if run.retry_of:
        say(console, f"retries run {run.retry_of}", indent=2)
    if run.error:
        say(console, (one_line(run.error, 600), "red"), indent=2)
    if run.steps:
        console.print()
        _print_steps(console, run.steps)
    if run.result is not None and run.result.answer is not None:
        show_answer(console, run)


def _print_steps(console: "Console", steps: "tuple[StepState, ...]") -> None:
    from sutazai.entrypoints.cli.render import one_line, print_table, seconds_between, status_text

    rows = [
        (
            step.id,
            step.agent or "",
            status_text(step.status),
            "kept" if step.kept else str(step.attempts),
            seconds_between(step.started_at, step.finished_at) or "",
            one_line(step.error or "", 300),
        )
        for step in steps
    ]
    headings = ("STEP", "AGENT", "STATUS", "ATTEMPTS", "TIME", "")
    print_table(console, headings, rows, flexible=5)

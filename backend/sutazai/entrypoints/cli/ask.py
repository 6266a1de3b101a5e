"""`sutazai ask`: start a run, show its steps, print the answer with its sources."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID, uuid4

import typer

from sutazai.entrypoints.cli.errors import ApiProblem, CliError, ExitCode, Unreachable
from sutazai.entrypoints.cli.session import (
    CollectionOption,
    GraphOption,
    HomeOption,
    JsonOption,
    open_client,
)

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.client import ApiClient

# How long a key press waits for the platform to take note that the run is to stop.
CANCEL_S = 5.0


def ask(
    context: typer.Context,
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="What you want to know.", show_default=False)
    ],
    collection: CollectionOption = "default",
    workflow: Annotated[
        str, typer.Option("--workflow", metavar="NAME", help="The plan the agents follow.")
    ] = "answer",
    graph: GraphOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Ask a question; get an answer with numbered sources.

    Each step is shown as it happens; on a terminal the answer appears as it is written. Ctrl-C
    cancels the run.

    [dim]Examples[/dim]

      sutazai ask "How do I back up the database?"
      sutazai ask -c handbook --json "Who approves travel?" | jq .result.answer
      sutazai ask --graph "In which town is the maker of the Zephyr 9?"
    """
    client = open_client(context, home)
    asked = Asked(question, collection, workflow, graph)
    asyncio.run(_ask(client, asked, as_json=as_json))


@dataclass(frozen=True)
class Asked:
    """A question, where it is put, by which workflow, and whether the graph is asked too."""

    question: str
    collection: str
    workflow: str
    graph: bool


async def _ask(client: "ApiClient", asked: Asked, *, as_json: bool) -> None:
    async with client:
        try:
            # A key of its own for each question: sending it again can't start a second run.
            run = await _start(client, asked, key=str(uuid4()))
        except ApiProblem as problem:
            raise _advised(problem, asked.collection) from problem
        try:
            await watch(client, run, as_json=as_json)
        except asyncio.CancelledError:
            await _stop(client, run, as_json=as_json)
            raise


async def _start(client: "ApiClient", asked: Asked, key: str) -> UUID:
    async def start() -> UUID:
        run = await client.start_run(
            asked.question, asked.collection, asked.workflow, key, graph=asked.graph
        )
        return run.id

    try:
        return await start()
    except Unreachable:
        return await start()


def _advised(problem: ApiProblem, collection: str) -> ApiProblem:
    if problem.status == 404:
        problem.remedy = (
            f"Put documents into “{collection}” first: `sutazai ingest -c {collection} PATH`; "
            "`sutazai collections list` shows what there is."
        )
    return problem


async def watch(client: "ApiClient", run: UUID, *, as_json: bool) -> None:
    """Follow a run to its end and show how it ends; raise `CliError` where it did not succeed."""
    from sutazai.entrypoints.cli.answer import StepLog, show_answer
    from sutazai.entrypoints.cli.follow import follow
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json

    console = open_console()
    log = StepLog(console)
    if as_json:
        async for _ in follow(client, run):
            pass
    else:
        with log.spinner():
            try:
                async for event in follow(client, run):
                    log.show(event)
            finally:
                log.rest()
    ended = await client.run(run)
    if as_json:
        print_json(as_plain(ended))
    if ended.status != "succeeded":
        verb = "was cancelled" if ended.status == "cancelled" else "failed"
        why = "" if ended.error is None and ended.status == "cancelled" else f": {ended.reason}"
        raise CliError(f"The run {verb}{why}.", remedy=f"Its history: `sutazai runs show {run}`.")
    if not as_json:
        show_answer(console, ended, log.said)


async def _stop(client: "ApiClient", run: UUID, *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import open_console, say

    console = open_console(stderr=as_json)
    with suppress(CliError, TimeoutError):
        async with asyncio.timeout(CANCEL_S):
            await client.cancel(run)
            say(console, f"Cancelled run {run}.")
            return
    say(console, f"Run {run} could not be cancelled and may go on: `sutazai runs cancel {run}`.")
    raise typer.Exit(ExitCode.INTERRUPTED)

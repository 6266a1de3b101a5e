"""The `sutazai` program: global options, the commands, exit codes."""

import sys
from typing import Annotated

import typer

from sutazai.entrypoints.cli.agents import agents
from sutazai.entrypoints.cli.ask import ask
from sutazai.entrypoints.cli.audit import audit
from sutazai.entrypoints.cli.backup import backup, restore
from sutazai.entrypoints.cli.chat import chat
from sutazai.entrypoints.cli.collections import collections
from sutazai.entrypoints.cli.conversations import conversations
from sutazai.entrypoints.cli.doctor import doctor
from sutazai.entrypoints.cli.documents import documents
from sutazai.entrypoints.cli.errors import CliError, ExitCode
from sutazai.entrypoints.cli.graph import graph
from sutazai.entrypoints.cli.index import index
from sutazai.entrypoints.cli.ingest import ingest
from sutazai.entrypoints.cli.keys import keys
from sutazai.entrypoints.cli.models import models
from sutazai.entrypoints.cli.moving import export, import_
from sutazai.entrypoints.cli.run import run
from sutazai.entrypoints.cli.runs import runs
from sutazai.entrypoints.cli.search import search
from sutazai.entrypoints.cli.session import HomeOption
from sutazai.entrypoints.cli.stack import stack
from sutazai.entrypoints.cli.tenants import tenants
from sutazai.entrypoints.cli.users import users

EPILOG = """
[dim]Exit codes[/dim]
  0 done · 1 the work failed · 2 wrong usage · 3 the platform can't be reached
  · 4 the API refused · 130 interrupted
"""


def print_version(wanted: bool) -> None:
    """Print the version and end, where that was asked for."""
    if wanted:
        from importlib.metadata import version

        typer.echo(f"sutazai {version('sutazai')}")
        raise typer.Exit


app = typer.Typer(
    name="sutazai",
    no_args_is_help=True,
    rich_markup_mode="rich",
    # A traceback with locals would print the API key.
    pretty_exceptions_enable=False,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def sutazai(
    home: HomeOption = None,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=print_version, is_eager=True),
    ] = False,
) -> None:
    """Put a team of agents to work on your documents, on this machine alone.

    [dim]First steps[/dim]

      sutazai run                      [dim]# in one terminal; Ctrl-C stops it[/dim]
      sutazai ingest README.md docs    [dim]# in another[/dim]
      sutazai ask "What is this about?"
    """


app.command()(ask)
app.command()(chat)
app.command()(ingest)
app.add_typer(conversations, name="conversations")
app.add_typer(runs, name="runs")
app.add_typer(documents, name="documents")
app.add_typer(collections, name="collections")
app.add_typer(index, name="index")
app.command()(search)
app.add_typer(graph, name="graph")
app.command()(agents)
app.command()(models)
app.add_typer(users, name="users")
app.add_typer(keys, name="keys")
app.add_typer(tenants, name="tenants")
app.add_typer(audit, name="audit")
app.command()(export)
app.command("import")(import_)
app.command()(run)
app.command()(backup)
app.command()(restore)
app.command()(doctor)
app.add_typer(stack, name="stack")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; give the exit code. Arguments default to those of the process."""
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            # A terminal that can't show a sign gets a question mark, not a traceback.
            reconfigure(errors="replace")
    try:
        app(args=arguments, prog_name="sutazai")
    except CliError as error:
        from sutazai.entrypoints.cli.render import print_error

        print_error(error)
        return error.exit_code
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else ExitCode.OK
    return ExitCode.OK

"""`sutazai stack …`: the processes of the stack, each the command of a container."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

stack = typer.Typer(
    help="Run a process of the Docker Compose stack; `make up` starts them all.",
    no_args_is_help=True,
    hidden=True,
)
HomeOption = Annotated[
    Path, typer.Option("--home", metavar="PATH", help="Folder of what this process keeps.")
]
HOME = Path("/var/lib/sutazai")


@stack.command()
def migrate(
    home: HomeOption = HOME,
    url: Annotated[
        str, typer.Option("--url", help="Where the platform is reached, for the credentials file.")
    ] = "http://127.0.0.1:10005",
) -> None:
    """Bring roles and schema up to date, make the first tenant, and end."""
    from sutazai.entrypoints.stack.migrate import migrate as work
    from sutazai.entrypoints.stack.process import run_process
    from sutazai.settings import Settings
    from sutazai.stack_settings import StackSettings

    settings = Settings(home=home)
    job = partial(work, settings, StackSettings(), url)
    raise typer.Exit(run_process("migrate", job, log_level=settings.log.level))


@stack.command()
def core(home: HomeOption = HOME) -> None:
    """Serve the API and, on a second port, the agents."""
    from sutazai.entrypoints.stack.core import core as work
    from sutazai.entrypoints.stack.process import run_process
    from sutazai.settings import Settings
    from sutazai.stack_settings import StackSettings

    settings = Settings(home=home)
    job = partial(work, settings, StackSettings())
    raise typer.Exit(run_process("core", job, log_level=settings.log.level))


@stack.command()
def relay() -> None:
    """Carry wake-ups from the outbox to RabbitMQ."""
    from sutazai.entrypoints.stack.process import run_process
    from sutazai.entrypoints.stack.relay import relay as work
    from sutazai.settings import LogSettings
    from sutazai.stack_settings import StackSettings

    job = partial(work, StackSettings())
    raise typer.Exit(run_process("relay", job, log_level=LogSettings().level))


@stack.command()
def agent(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Agents to run.")],
) -> None:
    """Run agents: they work for core, and answer over HTTP how they do."""
    from sutazai.entrypoints.stack.agent import agent as work
    from sutazai.entrypoints.stack.process import run_process
    from sutazai.settings import LogSettings
    from sutazai.stack_settings import StackSettings

    job = partial(work, StackSettings(), names)
    raise typer.Exit(run_process("agent", job, log_level=LogSettings().level))


@stack.command()
def embedder(
    models: Annotated[
        Path, typer.Option("--models", metavar="PATH", help="Folder of the prepared model.")
    ],
) -> None:
    """Serve the embedding model."""
    from sutazai.entrypoints.stack.embedder import embedder as work
    from sutazai.stack_settings import StackSettings

    raise typer.Exit(work(StackSettings(), models))

"""`sutazai run`: the platform itself, in the foreground."""

import typer

from sutazai.entrypoints.cli.session import HomeOption, read_settings


def run(context: typer.Context, home: HomeOption = None) -> None:
    """Run the platform in the foreground; Ctrl-C stops it in order.

    The first start makes the home folder, an administrator and an API key in its
    credentials.json. `make run` does the same with ./.sutazai as the home.

    [dim]Examples[/dim]

      sutazai run
      sutazai run --home ~/sutazai
    """
    settings = read_settings(context, home)
    from sutazai.entrypoints.serve import serve

    raise typer.Exit(serve(settings))

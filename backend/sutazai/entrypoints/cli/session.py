"""Find the platform: the home folder, the credentials in it, a client for its API."""

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sutazai.entrypoints.cli.errors import BadSettings, NotSetUp

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.settings import Settings

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="PATH",
        help="The platform's folder. [dim]Default: SUTAZAI_HOME, else ./.sutazai if present, "
        "else ~/.local/share/sutazai.[/dim]",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, nothing else.")]
CollectionOption = Annotated[
    str, typer.Option("--collection", "-c", metavar="NAME", help="The collection to use.")
]

GraphOption = Annotated[
    bool, typer.Option("--graph", "-g", help="Also what is joined to that by what both name.")
]


@dataclass(frozen=True)
class Credentials:
    """What first start wrote to `credentials.json`."""

    api_url: str
    api_key: str = field(repr=False)
    email: str | None = None
    dashboard_url: str | None = None


def find_home(context: typer.Context, home: Path | None) -> Path:
    """Give the home folder: the option nearest to the command's end, else what settings say."""
    from sutazai.settings import resolve_home

    named = home or context.params.get("home")
    above = context.parent
    while named is None and above is not None:
        named = above.params.get("home")
        above = above.parent
    return resolve_home(named)


def how_to_start(home: Path) -> str:
    """Say how the platform of a home folder is started."""
    from sutazai.settings import resolve_home

    option = "" if home == resolve_home() else f" --home {shlex.quote(str(home))}"
    return f"Start it with `make run` in a checkout, or with `sutazai{option} run`."


def read_credentials(home: Path) -> Credentials:
    """Read the credentials of a home folder; raise `NotSetUp` where there are none to use."""
    path = home / "credentials.json"
    remedy = how_to_start(home)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Credentials(
            api_url=str(stored["api_url"]).rstrip("/"),
            api_key=str(stored["api_key"]),
            email=stored.get("email"),
            dashboard_url=stored.get("dashboard_url"),
        )
    except FileNotFoundError as error:
        raise NotSetUp(f"No platform was set up in {home} yet.", remedy=remedy) from error
    except PermissionError as error:
        raise NotSetUp(
            f"{path} is not readable by you.", remedy="Run this as the user who runs the platform."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotSetUp(
            f"{path} is damaged: it names no api_url and api_key.",
            remedy="Restore it from a copy, or look at it with `sutazai doctor`.",
        ) from error


def read_settings(context: typer.Context, home: Path | None) -> "Settings":
    """Read the settings for the home folder; raise `CliError` where one is not valid."""
    from pydantic import ValidationError

    from sutazai.settings import load_settings

    try:
        return load_settings(find_home(context, home))
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise BadSettings(
            f"A setting is not valid ({error.title}): {'; '.join(wrong)}.",
            remedy="Look at the environment variables that begin with SUTAZAI_.",
        ) from error


def open_client(context: typer.Context, home: Path | None) -> "ApiClient":
    """Give a client for the API of the home folder; raise `NotSetUp` without credentials."""
    from sutazai.entrypoints.cli.client import ApiClient

    where = find_home(context, home)
    credentials = read_credentials(where)
    return ApiClient(credentials.api_url, credentials.api_key, home=where)


def ask_secret(question: str) -> str:
    """Ask for a password where it is not seen; from a pipe, read one line."""
    import getpass
    import sys

    if sys.stdin.isatty():
        return getpass.getpass(f"{question}: ", sys.stderr)
    return sys.stdin.readline().rstrip("\n")


def open_client_with(context: typer.Context, home: Path | None, key: str) -> "ApiClient":
    """Give a client that shows something else than the home folder's key."""
    from sutazai.entrypoints.cli.client import ApiClient

    where = find_home(context, home)
    return ApiClient(read_credentials(where).api_url, key, home=where)

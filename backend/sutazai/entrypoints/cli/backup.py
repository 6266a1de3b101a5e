"""`sutazai backup` and `sutazai restore`: the whole installation in one file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sutazai.entrypoints.cli.errors import CliError
from sutazai.entrypoints.cli.session import HomeOption, JsonOption, how_to_start, read_settings

if TYPE_CHECKING:
    from sutazai.bootstrap.backup.manifest import BackupManifest


def backup(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to; not there yet.", show_default=False)
    ],
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Save the whole installation, of all tenants, into one file, while it runs or not.

    The file holds every secret: it is readable by you alone. Vectors are not in it; the first
    start after a restore embeds anew.

    [dim]Examples[/dim]

      sutazai backup /mnt/safe/sutazai-monday.tar
    """
    from sutazai.bootstrap.backup.making import make_backup
    from sutazai.entrypoints.cli.render import size_text
    from sutazai_contracts.errors import SutazaiError

    settings = read_settings(context, home)
    _be_quiet()
    try:
        manifest = make_backup(settings, file.absolute())
    except SutazaiError as error:
        raise CliError(error.message) from error
    _tell(manifest, as_json=as_json, words=f"{file} holds {{}}, {size_text(file.stat().st_size)}.")


def restore(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What was saved.", show_default=False)
    ],
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Bring a backup back into an empty home: all of it, or nothing.

    [dim]Examples[/dim]

      sutazai --home ./restored restore /mnt/safe/sutazai-monday.tar
    """
    from sutazai.bootstrap.backup.restoring import restore_backup
    from sutazai_contracts.errors import SutazaiError

    settings = read_settings(context, home)
    _be_quiet()
    try:
        manifest = restore_backup(settings, file.absolute())
    except SutazaiError as error:
        raise CliError(error.message) from error
    start = how_to_start(settings.home)
    words = (
        f"{settings.home} holds {{}}. {start} Documents are read at once, and found again when "
        "they are embedded, which that start sets off."
    )
    _tell(manifest, as_json=as_json, words=words)


def _be_quiet() -> None:
    """Leave out what the database's starter logs: a person asked for one thing and is told it."""
    from loguru import logger

    logger.disable("sutazai")


def _tell(manifest: "BackupManifest", *, as_json: bool, words: str) -> None:
    from sutazai.entrypoints.cli.render import open_console, plural, print_json, say

    if as_json:
        print_json(manifest.model_dump(mode="json"))
        return
    rows = plural(sum(manifest.rows.values()), "row")
    files = plural(sum(name.startswith("files/") for name in manifest.files), "file")
    say(open_console(), words.format(f"{rows} and {files}"))

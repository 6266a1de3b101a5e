"""`sutazai export` and `sutazai import`: what a tenant knows and ran as files, and back."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from sutazai.entrypoints.cli.errors import CliError
from sutazai.entrypoints.cli.session import HomeOption, JsonOption, open_client

if TYPE_CHECKING:
    from sutazai.core.moving.archive import Archive
    from sutazai.core.moving.manifest import Manifest
    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.entrypoints.cli.shapes import ImportResult

# One folder deep, and no name that leads elsewhere.
_NAME = re.compile(r"[a-z_]+/[^/\x00]+")


def export(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to; made, or empty.", show_default=False)
    ],
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Write what your tenant knows and ran into a folder: JSON files, and the documents' bytes.

    For administrators. Of conversations yours are in it; people, secrets, the audit log and runs
    that have not ended are not: `sutazai backup` saves everything. See docs/howto/move.md.

    [dim]Examples[/dim]

      sutazai export ./moved
      sutazai export ./moved --json
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CliError(f"{folder} is not an empty folder.", remedy="Name one that is not there.")
    client, made = open_client(context, home), not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        asyncio.run(_export(client, folder, as_json=as_json))
    except BaseException:
        if made:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def import_(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What was exported.", show_default=False)
    ],
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Bring an export into your tenant, which is to be empty: all of it comes, or nothing.

    For administrators. What is damaged, foreign, or of a newer SutazAI is refused. Conversations
    become yours; people are in no export, so none come. Documents are embedded anew here, which
    the command waits for.

    [dim]Examples[/dim]

      sutazai import ./moved
    """
    if not (folder / "manifest.json").is_file():
        raise CliError(
            f"{folder} is no export: manifest.json is not in it.",
            remedy="`sutazai export FOLDER` makes one.",
        )
    paths = [folder / "manifest.json", *sorted(folder.glob("*/*"))]
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    asyncio.run(_import(open_client(context, home), names, as_json=as_json))


async def _export(client: "ApiClient", folder: Path, *, as_json: bool) -> None:
    from sutazai.core.moving.archive import Archive
    from sutazai.core.moving.manifest import Manifest, read_manifest
    from sutazai.entrypoints.cli.render import open_console, plural, print_json, say
    from sutazai.records.migrate import newest_version
    from sutazai_contracts.errors import InvalidInput

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            async with client:
                await client.export(file)
            archive = await asyncio.to_thread(
                Archive[Manifest], file, lambda data: read_manifest(data, newest_version())
            )
            await asyncio.to_thread(_unpack, archive, folder)
    except InvalidInput as error:
        raise CliError(
            f"What arrived is not whole: {error.message}", remedy="Run the command again."
        ) from error
    manifest = archive.manifest
    if as_json:
        print_json({"folder": str(folder), **manifest.model_dump(mode="json")})
        return
    console = open_console()
    say(console, f"{plural(len(manifest.files), 'file')} of {manifest.tenant} are in {folder}.")
    for what, count in manifest.left_out.items():
        say(console, f"Left out: {count} {what}.")


def _unpack(archive: "Archive[Manifest]", folder: Path) -> None:
    for name in archive.names:
        if not _NAME.fullmatch(name):
            raise CliError(f"The export holds {name!r}, which is no name of a file in it.")
        path = folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with path.open("xb") as file:
            for part in archive.parts(name):
                file.write(part)
    # Last: without it, what is there is no export.
    (folder / "manifest.json").write_bytes(b"".join(archive.parts("manifest.json")))


async def _import(client: "ApiClient", paths: dict[str, Path], *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.follow import follow
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    console = open_console()
    async with client:
        made = await client.import_export(_pack(paths))
        if not as_json:
            say(console, f"Imported: {_counts(made)}. What came is embedded now.")
        failed = []
        for run in made.rebuilds:
            async for event in follow(client, run):
                if event.type == "step.progress" and not as_json:
                    say(console, str(event.data.get("message", "")), indent=2)
            ended = await client.run(run)
            if ended.status != "succeeded":
                failed.append(ended)
    if as_json:
        print_json(as_plain(made))
    elif not failed:
        say(console, ("All of it can be found.", "bold green"))
    if failed:
        raise CliError(
            f"Not embedded: {', '.join(str(run.collection) for run in failed)}.",
            remedy="`sutazai index rebuild` tries it again.",
        )


def _counts(made: "ImportResult") -> str:
    counts = [f"{count} {folder}" for folder, count in made.objects.items()]
    return ", ".join([*counts, f"{made.files} files"])


async def _pack(paths: dict[str, Path]) -> AsyncIterator[bytes]:
    from sutazai.core.moving.archive import END, PART, header, padding

    for name, path in paths.items():
        size = path.stat().st_size
        yield header(name, size)
        with path.open("rb") as file:
            while part := await asyncio.to_thread(_read, file, PART):
                yield part
        yield padding(size)
    yield END


def _read(file: IO[bytes], size: int) -> bytes:
    return file.read(size)

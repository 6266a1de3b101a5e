"""`sutazai ingest`: bring files and folders into a collection and wait until they can be found."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sutazai.entrypoints.cli.errors import ApiProblem, CliError
from sutazai.entrypoints.cli.session import (
    CollectionOption,
    HomeOption,
    JsonOption,
    open_client,
    read_settings,
)

if TYPE_CHECKING:
    from rich.console import Console

    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.entrypoints.cli.upload import Ingest, Item
    from sutazai.entrypoints.cli.walk import Skipped, Walk

# Reasons of which a folder may give hundreds: they are counted, not listed one by one.
_COUNTED = ("hidden", "made by tools", "named before")
_LISTED = 20


def ingest(
    context: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", help="Files and folders.", exists=True, show_default=False),
    ],
    collection: CollectionOption = "default",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Bring files and folders into a collection.

    Folders are walked. Hidden files, what tools made, links that lead out of
    the folder and what looks like no document that can be read are left out,
    and the summary says so. A file that did not change since last time costs
    nothing. A collection that does not exist is made.

    [dim]Examples[/dim]

      sutazai ingest README.md docs
      sutazai ingest -c handbook ~/handbook --json
    """
    from sutazai.entrypoints.cli.walk import Walk

    client = open_client(context, home)
    walk = Walk(limit=read_settings(context, home).api.upload_limit)
    for path in paths:
        walk.add(path)
    asyncio.run(_ingest(client, collection, walk, as_json=as_json))


async def _ingest(client: "ApiClient", collection: str, walk: "Walk", *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import open_console, print_json, say
    from sutazai.entrypoints.cli.upload import Ingest

    console = open_console()
    async with client:
        made = await _ensure(client, collection)
        if made and not as_json:
            say(console, f"Made the collection “{collection}”.")
        with _progress(console, len(walk.files), quiet=as_json) as report:
            work = Ingest(client, collection, walk.files, report)
            try:
                await work.run()
            except asyncio.CancelledError:
                _stopped(console, work, quiet=as_json)
                raise
    if as_json:
        print_json(_document(collection, walk, work, made=made))
    else:
        _summary(console, collection, walk, work)
    if work.lost is not None:
        raise work.lost
    _judge(walk, work)


def _stopped(console: "Console", work: "Ingest", *, quiet: bool) -> None:
    """Say how far it came when a person interrupted it."""
    from sutazai.entrypoints.cli.render import plural, say

    counts = Counter(item.status for item in work.items)
    done = counts["indexed"] + counts["unchanged"]
    if not quiet:
        going = (
            f"; {counts['indexing']} uploaded, their indexing goes on" if counts["indexing"] else ""
        )
        say(console, f"Stopped: {done} of {plural(len(work.items), 'file')} done{going}.")


async def _ensure(client: "ApiClient", collection: str) -> bool:
    """Make the collection unless it is there; tell whether it was made."""
    try:
        await client.collection(collection)
    except ApiProblem as problem:
        if problem.status != 404:
            raise
    else:
        return False
    try:
        await client.create_collection(collection)
    except ApiProblem as problem:
        if problem.status != 409:
            raise
        return False
    return True


@contextmanager
def _progress(console: "Console", total: int, *, quiet: bool) -> Iterator[Callable[["Item"], None]]:
    """Give a reporter of items: two bars on a terminal, a line a file elsewhere, or nothing."""
    if quiet or total == 0:
        yield lambda _: None
    elif console.is_terminal:
        with _bars(console, total) as report:
            yield report
    else:
        yield lambda item: _line(console, item)


def _line(console: "Console", item: "Item") -> None:
    from sutazai.entrypoints.cli.render import say

    if item.settled:
        say(
            console,
            f"{item.status:<9}  {item.file.name}",
            f": {item.reason}" if item.reason else "",
        )


@contextmanager
def _bars(console: "Console", total: int) -> Iterator[Callable[["Item"], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.text import Text

    from sutazai.entrypoints.cli.render import one_line

    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[file]}", style="dim", markup=False),
    )
    room = max(10, console.width - 48)
    counts: Counter[str] = Counter()
    with Progress(*columns, console=console, transient=True) as progress:
        sent = progress.add_task("uploaded", total=total, file="")
        done = progress.add_task("indexed", total=total, file="")

        def report(item: "Item") -> None:
            counts[item.status] += 1
            name = Text(one_line(item.file.name, room)).plain
            finished = counts["indexed"] + counts["unchanged"] + counts["failed"]
            gone = counts["indexing"] + counts["unchanged"] + counts["failed"]
            if item.status == "uploading":
                progress.update(sent, file=name)
            else:
                progress.update(sent, completed=min(gone, total))
                progress.update(done, completed=finished, file=name)

        yield report


def _summary(console: "Console", collection: str, walk: "Walk", work: "Ingest") -> None:
    from sutazai.entrypoints.cli.render import plural, say

    counts = Counter(item.status for item in work.items)
    parts = [f"{counts['indexed']} indexed", f"{counts['unchanged']} unchanged"]
    if counts["failed"]:
        parts.append(f"{counts['failed']} failed")
    if walk.skipped:
        parts.append(f"{len(walk.skipped)} skipped")
    mark = ("✗ ", "red") if counts["failed"] else ("✓ ", "green")
    files = plural(len(work.items), "file")
    say(console, mark, (f"{files} to “{collection}”", "bold"), f": {', '.join(parts)}")
    for item in work.items:
        if item.status == "failed":
            say(console, ("failed   ", "red"), item.file.name, f": {item.reason}", indent=2)
    _skips(console, walk.skipped)


def _skips(console: "Console", skipped: "list[Skipped]") -> None:
    from sutazai.entrypoints.cli.render import say

    listed = [skip for skip in skipped if skip.reason not in _COUNTED]
    for skip in listed[:_LISTED]:
        say(console, ("skipped  ", "yellow"), f"{skip.path}: {skip.reason}", indent=2)
    if len(listed) > _LISTED:
        more = f"and {len(listed) - _LISTED} more; --json lists all"
        say(console, ("skipped  ", "yellow"), more, indent=2)
    for reason in _COUNTED:
        names = [skip.path.name for skip in skipped if skip.reason == reason]
        if names:
            some = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
            say(console, ("skipped  ", "yellow"), f"{len(names)} {reason}: {some}", indent=2)


def _document(collection: str, walk: "Walk", work: "Ingest", *, made: bool) -> dict[str, Any]:
    files: list[dict[str, Any]] = [
        {
            "path": str(item.file.path),
            "name": item.file.name,
            "status": item.status,
            "reason": item.reason,
            "document": item.document,
            "run": item.run,
        }
        for item in work.items
    ]
    files += [
        {"path": str(skip.path), "name": None, "status": "skipped", "reason": skip.reason}
        for skip in walk.skipped
    ]
    counts = Counter(file["status"] for file in files)
    totals = {name: counts[name] for name in ("indexed", "unchanged", "failed", "skipped")}
    return {"collection": collection, "created": made, **totals, "files": files}


def _judge(walk: "Walk", work: "Ingest") -> None:
    """Raise `CliError` unless every file that was asked for is in the collection now."""
    from sutazai.entrypoints.cli.render import plural

    failed = sum(item.status == "failed" for item in work.items)
    named = sum(skip.named for skip in walk.skipped)
    if failed or named:
        raise CliError(
            f"Not ingested: {failed + named} of {plural(len(work.items) + named, 'file')}.",
            remedy="Each one's reason is above.",
        )
    if not work.items and not any(skip.reason == "named before" for skip in walk.skipped):
        raise CliError("There was nothing to ingest under these paths.")

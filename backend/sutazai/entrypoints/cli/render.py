"""Put things on the terminal: calm, readable in 80 columns, plain where nobody looks at it."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sutazai.entrypoints.cli.errors import ApiProblem, CliError

if TYPE_CHECKING:
    from pydantic import BaseModel

PIPE_WIDTH = 160
GAP = 2
MIN_WIDTH = 10
STATUS_STYLES = {
    "succeeded": "green",
    "indexed": "green",
    "ready": "green",
    "failed": "red",
    "dead": "red",
    "cancelled": "yellow",
    "running": "cyan",
    "claimed": "cyan",
}
# What a document or a goal says is shown, never obeyed: no escape reaches the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Make text of unknown origin safe to print: control characters become `�`."""
    return _CONTROL.sub("�", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, limit: int) -> str:
    """Give text on one line of at most `limit` characters, cut at a word where that is near."""
    flat = " ".join(clean(text).split())
    if len(flat) <= limit:
        return flat
    cut = flat[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit * 2 // 3 else cut).rstrip(" ,;:.") + "…"


def open_console(*, stderr: bool = False) -> Console:
    """Give a console on standard output or standard error, as they are now."""
    stream = sys.stderr if stderr else sys.stdout
    # Rich takes 80 columns where there is no terminal, and would break lines that programs read.
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, emoji=False)


def say(console: Console, *parts: str | tuple[str, str], indent: int = 0) -> None:
    """Print one paragraph made of parts, each plain or with a style; wrapped on terminals only."""
    text = Text.assemble(*[clean(p) if isinstance(p, str) else (clean(p[0]), p[1]) for p in parts])
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent), expand=False))
    else:
        console.print(Text(" " * indent) + text, soft_wrap=True)


def print_json(document: object) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")
    sys.stdout.flush()


def print_error(error: CliError) -> None:
    """Say on standard error what happened and what to do."""
    console = open_console(stderr=True)
    message = error.reason if isinstance(error, ApiProblem) else error.message
    say(console, ("✗ ", "bold red"), message)
    if isinstance(error, ApiProblem):
        about = [f"{error.status} {error.code}"]
        if error.request_id:
            about.append(f"request {error.request_id}")
        say(console, (" · ".join(about), "dim"), indent=2)
    if error.remedy:
        say(console, error.remedy, indent=2)


def status_text(status: str) -> Text:
    """Give a status in its colour."""
    return Text(clean(status), style=STATUS_STYLES.get(status, ""))


def print_table(
    console: Console,
    headings: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    flexible: int,
) -> None:
    """Print a plain table; column number `flexible` is cut where the width does not do for all."""
    cells = [
        [cell if isinstance(cell, Text) else Text(clean(cell)) for cell in row] for row in rows
    ]
    widths = [
        max([cell_len(heading), *(row[number].cell_len for row in cells)])
        for number, heading in enumerate(headings)
    ]
    rest = sum(widths) - widths[flexible] + GAP * (len(widths) - 1)
    widths[flexible] = max(MIN_WIDTH, min(widths[flexible], console.width - rest))
    made = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
    for heading, width in zip(headings, widths, strict=True):
        made.add_column(heading, no_wrap=True, overflow="ellipsis", width=width)
    for row in cells:
        made.add_row(*row)
    console.print(made, soft_wrap=not console.is_terminal)


def ago(moment: datetime | None, now: datetime) -> str:
    """Give an age in the largest unit that fits: `12 s`, `5 min`, `3 h`, `2 d`."""
    if moment is None:
        return ""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def seconds_between(start: datetime | None, end: datetime | None) -> str | None:
    """Give a duration in words, such as `0.4 s` or `2 min 5 s`; None where an end is missing."""
    if start is None or end is None:
        return None
    seconds = max(0.0, (end - start).total_seconds())
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def size_text(size: int) -> str:
    """Give a number of bytes in words, such as `12 KiB`."""
    value = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def plural(count: int, noun: str) -> str:
    """Give a count with its noun, such as `1 file`, `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def as_plain(shape: "BaseModel") -> dict[str, Any]:
    """Give what the API answered, every field it sent and no other, as JSON can hold it."""
    return shape.model_dump(mode="json", exclude_unset=True)

"""Log files that processes of ours write themselves, kept from growing without end."""

import os
import shutil
from pathlib import Path

MAX_BYTES = 5_000_000
KEEP = 3


def open_log(path: Path) -> int:
    """Open a log file for appending and return its descriptor, which the caller closes.

    Older lines move to ``<name>.1`` first when the file has grown past its bound.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    bound_log(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def bound_log(path: Path, max_bytes: int = MAX_BYTES, keep: int = KEEP) -> bool:
    """Move a log past its bound to ``<name>.1`` (to ``.keep`` at most); return whether it did.

    The file is copied and cut, not renamed: its writer holds it open for appending and goes on at
    the new end. Lines written between the copy and the cut are lost.
    """
    try:
        if path.stat().st_size <= max_bytes:
            return False
    except FileNotFoundError:
        return False
    for number in range(keep - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    shutil.copy(path, path.with_name(f"{path.name}.1"))
    os.truncate(path, 0)
    return True


def log_tail(path: Path, lines: int = 8, max_bytes: int = 8_192) -> str:
    """Return the last lines of a log file, for an error a person reads; empty without a file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - max_bytes))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])

"""The file that tells the owner of an installation how to get in."""

import json
import os
from contextlib import suppress
from pathlib import Path

from sutazai.core.identity.model import FirstCredentials
from sutazai_contracts.errors import Unavailable


def write_credentials(path: Path, first: FirstCredentials, api_url: str) -> None:
    """Write the credentials, readable by the owner alone; once it returns they survive a crash.

    The file is complete or is not there at all; an earlier one is replaced.

    Raises:
        Unavailable: the file can't be written.
    """
    content: dict[str, object] = {
        "email": first.email,
        "password": first.password,
        "api_key": first.api_key,
        "api_url": api_url,
        "dashboard_url": None,
    }
    _replace(path, content)


def keep_addresses(path: Path, api_url: str, dashboard_url: str | None) -> None:
    """Say in the credentials where API and dashboard are now; what is known is not written again.

    A file that was removed, or that its owner keeps in another form, is left as it is.

    Raises:
        Unavailable: the file can't be written.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    addresses = {"api_url": api_url, "dashboard_url": dashboard_url}
    if isinstance(content, dict) and content | addresses != content:
        _replace(path, content | addresses)


def _replace(path: Path, content: dict[str, object]) -> None:
    text = json.dumps(content, indent=2) + "\n"
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(partial, text.encode())
        partial.replace(path)
        _sync_folder(path.parent)
    except OSError as exc:
        with suppress(OSError):
            partial.unlink()
        raise Unavailable(f"{path} can't be written: {exc.strerror or exc}") from exc


def _write(path: Path, data: bytes) -> None:
    # One that a crash left behind; never written to, whoever it belongs to.
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

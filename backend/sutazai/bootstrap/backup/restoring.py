"""Restore a backup into an empty home; its platform then starts as if it had been stopped."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from sutazai.bootstrap.backup import database
from sutazai.bootstrap.backup.manifest import DUMP, KEPT, BackupManifest, read_manifest
from sutazai.bootstrap.processes.instance import LOCK_FILE, hold_instance
from sutazai.core.moving.archive import Archive
from sutazai.settings import Settings
from sutazai_contracts.errors import Conflict, InvalidInput, NotFound, Unavailable

# What may be in an empty home: models that were prepared, and what says who holds it.
_HARMLESS = {LOCK_FILE, "models"}
_MADE = ("postgres", "run", "logs", *KEPT)
# `files/<tenant>/<two>/<address>`, `secrets/<name>`, `credentials.json`: no name leads elsewhere.
_NAME = re.compile(
    r"files/[0-9a-f-]{36}/[0-9a-f]{2}/[0-9a-f]{64}|secrets/[a-z][a-z0-9_.]*|credentials\.json"
)


def restore_backup(settings: Settings, source: Path) -> BackupManifest:
    """Bring a backup back, all of it or nothing.

    Vectors are not in it: the next start embeds what is there anew, in the background.

    Raises:
        Conflict: the home is not empty, or the records would be in a database of the user's own.
        InvalidInput: the backup is damaged, foreign, or of a newer SutazAI.
        NotFound: there is no such file.
        Unavailable: something can't be written.
    """
    home = settings.home
    if settings.database.url is not None:
        raise Conflict("SUTAZAI_DATABASE_URL is set: a backup is restored into the home alone")
    there = {path.name for path in home.iterdir()} - _HARMLESS if home.is_dir() else set()
    if there:
        raise Conflict(
            f"{home} is not empty ({', '.join(sorted(there)[:3])} …): name a new home by --home"
        )
    try:
        with source.open("rb") as file:
            archive = Archive(file, read_manifest)
            _check_names(archive)
            with hold_instance(home):
                try:
                    _bring_back(home, archive)
                except BaseException:
                    _clear(home)
                    raise
            return archive.manifest
    except FileNotFoundError as exc:
        raise NotFound(f"there is no {source}") from exc
    except OSError as exc:
        raise Unavailable(f"the backup can't be restored: {exc.strerror or exc}") from exc


def _check_names(archive: Archive[BackupManifest]) -> None:
    for name in archive.names:
        if name != DUMP and not _NAME.fullmatch(name):
            raise InvalidInput(f"the backup holds {name[:80]!r}, which is no part of a home")
    for name in (DUMP, "credentials.json"):
        if name not in archive.manifest.files:
            raise InvalidInput(f"the backup is not whole: {name} is missing")


def _bring_back(home: Path, archive: Archive[BackupManifest]) -> None:
    with tempfile.TemporaryDirectory(prefix="sutazai-restore-", dir=home) as folder:
        dumped = Path(folder) / DUMP
        _extract(archive, DUMP, dumped)

        def work(url: str) -> None:
            rows = database.restore(url, dumped)
            if rows != archive.manifest.rows:
                raise InvalidInput("the backup is damaged: other rows came back than were saved")

        database.in_loop(home, work)
    for name in archive.names:
        if name != DUMP:
            path = home / name
            for above in reversed(path.relative_to(home).parents[:-1]):
                (home / above).mkdir(mode=0o700, exist_ok=True)
            _extract(archive, name, path)
    # All of it is on the disk before anybody is told so.
    os.sync()


def _extract(archive: Archive[BackupManifest], name: str, path: Path) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for part in archive.parts(name):
            file.write(part)


def _clear(home: Path) -> None:
    """Leave the home as empty as it was."""
    for name in _MADE:
        path = home / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

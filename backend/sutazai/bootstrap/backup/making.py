"""Make a backup: one file of mode 0600 with all of an embedded installation, while it runs."""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import sutazai
from sutazai.bootstrap.backup import database
from sutazai.bootstrap.backup.manifest import DUMP, FORMAT, KEPT, VERSION, BackupManifest
from sutazai.bootstrap.processes.instance import hold_instance
from sutazai.core.moving.manifest import NAME, Entry
from sutazai.records.migrate import newest_version
from sutazai.settings import Settings
from sutazai_contracts.errors import Conflict, NotFound, Unavailable

_PART = 1024 * 1024


def make_backup(settings: Settings, target: Path) -> BackupManifest:
    """Write a backup of an installation; all that was accepted before is in it.

    Raises:
        Conflict: the target is there already, or the records are in a database of the user's own.
        NotFound: there is no installation.
        Unavailable: the database can't be read, or the target not be written.
    """
    home = settings.home
    if settings.database.url is not None:
        raise Conflict(
            "the records are in a database of your own (SUTAZAI_DATABASE_URL): save that by its "
            f"own means, and {', '.join(str(home / name) for name in KEPT)} with it, afterwards"
        )
    if target.exists():
        raise Conflict(f"{target} is there already; a backup replaces nothing")
    if not (home / "postgres" / "PG_VERSION").exists():
        raise NotFound(f"there is no installation in {home}")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with _created(draft) as file:
            manifest = _write(home, file)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
    except OSError as exc:
        raise Unavailable(f"{target} can't be written: {exc.strerror or exc}") from exc
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    return manifest


def _created(draft: Path) -> IO[bytes]:
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    return os.fdopen(descriptor, "wb")


def _write(home: Path, file: IO[bytes]) -> BackupManifest:
    made: list[BackupManifest] = []

    def work(url: str) -> None:
        made.append(_write_all(home, url, file))

    if database.runs(home):
        work(database.served(home))
    else:
        with hold_instance(home):
            database.in_loop(home, work)
    return made[0]


def _write_all(home: Path, url: str, file: IO[bytes]) -> BackupManifest:
    listed: dict[str, Entry] = {}
    with (
        tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive,
        tempfile.TemporaryDirectory(prefix="sutazai-backup-", dir=home) as folder,
    ):
        dumped = Path(folder) / DUMP
        with database.moment(url) as (connection, snapshot):
            rows = database.count_rows(connection)
            database.dump(url, snapshot, dumped)
            listed[DUMP] = _add(archive, DUMP, dumped)
            # After the moment: what the records name is there by then, and none of it goes.
            for path in _kept(home):
                name = path.relative_to(home).as_posix()
                listed[name] = _add(archive, name, path)
        manifest = BackupManifest(
            format=FORMAT,
            version=VERSION,
            product=sutazai.__version__,
            records=newest_version(),
            made_at=datetime.now(UTC).replace(microsecond=0),
            rows=rows,
            files=listed,
        )
        text = json.dumps(manifest.model_dump(mode="json"), indent=2).encode()
        archive.addfile(_member(NAME, len(text)), io.BytesIO(text))
    return manifest


def _kept(home: Path) -> Iterator[Path]:
    """List the files of a home that go with the database."""
    for name in KEPT:
        path = home / name
        if path.is_file():
            yield path
        for folder, below, names in os.walk(path):
            # Names with a dot are of what is being written.
            below[:] = sorted(name for name in below if not name.startswith("."))
            yield from (Path(folder) / name for name in sorted(names) if name[0] != ".")


def _add(archive: tarfile.TarFile, name: str, path: Path) -> Entry:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        reading = _Digest(file)
        archive.addfile(_member(name, size), reading)  # type: ignore[arg-type]
    return Entry(sha256=reading.digest.hexdigest(), size=size)


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


class _Digest:
    """A file that notes the digest of what is read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int) -> bytes:
        part = self._file.read(size)
        self.digest.update(part)
        return part

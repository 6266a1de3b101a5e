"""Where Unix sockets go: in the home, or in a short private folder when its path is too long."""

import contextlib
import hashlib
import os
import re
import stat
from pathlib import Path

from sutazai.bootstrap.processes.accounts import ServerAccount
from sutazai_contracts.errors import Unavailable

# sun_path holds 108 bytes on Linux, 104 on macOS, the closing zero included.
MAX_SOCKET_PATH = 103
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")
# Not the user's own temporary folder: that may differ at the next start, which has to find this.
_SHORT_BASE = Path("/tmp")  # noqa: S108


def socket_folder(
    preferred: Path,
    longest_name: str,
    *,
    account: ServerAccount | None = None,
    base: Path = _SHORT_BASE,
) -> Path:
    """Return a private folder for sockets, the same one at each start; make it if need be.

    Args:
        preferred: the folder inside the home.
        longest_name: the longest file name a socket there will have.
        account: the account that makes sockets there, where it is not our own.
        base: where the short folder goes when the path is too long, or not plain enough to stand
            in a connection URL.

    Raises Unavailable when the folder exists and belongs to somebody else.
    """
    preferred = preferred.absolute()
    full = str(preferred / longest_name)
    folder = preferred
    if len(os.fsencode(full)) > MAX_SOCKET_PATH or not _PLAIN.fullmatch(full):
        digest = hashlib.sha256(os.fsencode(preferred)).hexdigest()[:16]
        folder = base / f"sutazai-{digest}"
    _make_private(folder, account)
    return folder


def _make_private(folder: Path, account: ServerAccount | None) -> None:
    owner = account.uid if account else os.geteuid()
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
        raise Unavailable(
            f"{folder} belongs to somebody else, so no socket is put there. Remove it, or use a "
            "home with a shorter path."
        )
    folder.chmod(0o700)
    if account:
        os.chown(folder, account.uid, account.gid)

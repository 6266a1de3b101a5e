"""The operating-system account that PostgreSQL runs as.

PostgreSQL refuses to run as root. Started by root it runs as the unprivileged account ``pgserver``
(the name the wheel uses too), which is made on first use and gets no more than the right to pass
through the folders above its own.
"""

import errno
import fcntl
import os
import pwd
import shutil
import stat
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from sutazai_contracts.errors import DatabaseUnavailable

ACCOUNT = "pgserver"

_ACCOUNTS = Path("/etc")  # where the system keeps them
_ACL = "system.posix_acl_access"
# Tags of a POSIX access list as Linux stores it (linux/posix_acl_xattr.h).
_USER_OBJ, _USER, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID = 0xFFFFFFFF
_PASS = 0x1

Entry = tuple[int, int, int]  # tag, rights, id


@dataclass(frozen=True)
class ServerAccount:
    """Name the account that PostgreSQL runs as, where it is not our own."""

    name: str
    uid: int
    gid: int


def own_name() -> str:
    """Return the login name of this process, which PostgreSQL's peer authentication will see.

    Raises DatabaseUnavailable when the user id has no name: PostgreSQL can't run without one.
    """
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError as exc:
        raise DatabaseUnavailable(
            f"The user id {uid} has no name on this machine, and PostgreSQL does not run without "
            "one. Add the user to /etc/passwd."
        ) from exc


def server_account() -> ServerAccount | None:
    """Return the account PostgreSQL has to run as, made if need be; None: our own will do."""
    if os.geteuid() != 0:
        return None
    # Two first starts at once would both add it: `useradd` looks whether the name is taken before
    # it locks, and the second one then gives it another number than the first start has seen.
    with _alone():
        if not _account_exists():
            _make_account()
        entry = pwd.getpwnam(ACCOUNT)
    return ServerAccount(entry.pw_name, entry.pw_uid, entry.pw_gid)


def let_through(account: ServerAccount, path: Path) -> None:
    """Let the account pass through every folder above ``path``, and do no more than that.

    A folder anybody may pass stays as it is. Others get one entry for this account in their access
    list, or, on a file system without access lists, the right to pass for all.
    """
    for target in {path.absolute(), path.resolve()}:
        for folder in reversed(target.parents):
            if not folder.stat().st_mode & stat.S_IXOTH:
                _grant_pass(account, folder)


def let_read(account: ServerAccount, folder: Path) -> None:
    """Let the account read an installed package, whose files a strict umask may have closed."""
    let_through(account, folder)
    if all(path.stat().st_mode & stat.S_IROTH for path in (folder, *folder.iterdir())):
        return
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        wanted = 0o055 if mode & stat.S_IXUSR else 0o044
        path.chmod(stat.S_IMODE(mode) | wanted)


@contextmanager
def _alone() -> Iterator[None]:
    """Be the only start on this machine that looks for the account, or adds it."""
    folder = os.open(_ACCOUNTS, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _make_account() -> None:
    """Add the system account, with whichever tool this system has."""
    tools = (
        ("useradd", "--system", "--no-create-home", "--shell", "/bin/false", ACCOUNT),
        ("adduser", "-S", "-D", "-H", "-s", "/bin/false", ACCOUNT),
    )
    for name, *arguments in tools:
        tool = shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")
        if tool is None:
            continue
        done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
        if done.returncode == 0 or _account_exists():  # another program may have added it
            return
        raise DatabaseUnavailable(
            f"PostgreSQL does not run as root, and the user {ACCOUNT!r} it would run as could not "
            f"be added: {done.stderr.strip()}"
        )
    raise DatabaseUnavailable(
        f"PostgreSQL does not run as root. Add a user {ACCOUNT!r}, or start as another user."
    )


def _account_exists() -> bool:
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        return False
    return True


def _grant_pass(account: ServerAccount, folder: Path) -> None:
    try:
        entries = _read_acl(folder)
        if not _may_pass(entries, account.uid):
            _write_acl(folder, _with_pass(entries, account.uid))
            logger.info("{} may pass through {} now", account.name, folder)
    except (OSError, AttributeError) as exc:  # no access lists here, or none on this platform
        logger.warning("everybody may pass through {} now (no access list: {})", folder, exc)
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)


def _read_acl(folder: Path) -> list[Entry]:
    """Return (tag, rights, id) of each entry; a folder without a list has what its mode says."""
    try:
        raw = os.getxattr(folder, _ACL)
    except OSError as exc:
        if exc.errno != errno.ENODATA:
            raise
        mode = folder.stat().st_mode
        owner, group, other = (mode >> 6) & 7, (mode >> 3) & 7, mode & 7
        return [(_USER_OBJ, owner, _NO_ID), (_GROUP_OBJ, group, _NO_ID), (_OTHER, other, _NO_ID)]
    return [(tag, rights, who) for tag, rights, who in struct.iter_unpack("<HHI", raw[4:])]


def _may_pass(entries: list[Entry], uid: int) -> bool:
    """Return whether the list lets the user pass; a chmod narrows the mask, and so the entry."""
    rights = {(tag, who): rights for tag, rights, who in entries}
    granted = rights.get((_USER, uid), 0) & rights.get((_MASK, _NO_ID), 0)
    return bool(granted & _PASS)


def _with_pass(entries: list[Entry], uid: int) -> list[Entry]:
    """Return the entries with one more user who may pass; the kernel wants them in tag order."""
    group = next(rights for tag, rights, _ in entries if tag == _GROUP_OBJ)
    mask = next((rights for tag, rights, _ in entries if tag == _MASK), group)
    kept = [entry for entry in entries if entry[0] != _MASK and entry[2] != uid]
    added = [(_USER, _PASS, uid), (_MASK, mask | _PASS, _NO_ID)]
    return sorted([*kept, *added], key=lambda entry: entry[0])


def _write_acl(folder: Path, entries: list[Entry]) -> None:
    body = b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(folder, _ACL, struct.pack("<I", 2) + body)

"""What the embedder listens on: a Unix socket of its owner alone, or a port."""

import errno
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from sutazai_contracts.embedder import check_socket_path
from sutazai_contracts.errors import AlreadyExists, InvalidInput

_BACKLOG = 128


def listen_unix(path: Path) -> socket.socket:
    """Listen on a Unix socket; what a dead embedder left there is replaced.

    Raises:
        AlreadyExists: somebody listens there.
        InvalidInput: the path is too long, or not one for a socket.
    """
    check_socket_path(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_stale(path)
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise InvalidInput(f"Can't listen on {path}: {error.strerror}.", field="socket") from error
    except AlreadyExists:
        listener.close()
        raise
    return listener


def listen_tcp(address: str) -> socket.socket:
    """Listen on `host:port`. Raises `InvalidInput` where that is no address of this machine."""
    host, _, port = address.rpartition(":")
    try:
        return socket.create_server((host.strip("[]"), int(port)), backlog=_BACKLOG)
    except (OSError, OverflowError, ValueError) as error:
        raise InvalidInput(f"Can't listen on {address!r}: {error}.", field="listen") from error


def remove_socket(listener: socket.socket, identity: tuple[int, int], path: Path) -> None:
    """Close a Unix socket and remove its path, if it is still this one's."""
    with suppress(FileNotFoundError):
        if socket_identity(path) == identity:
            path.unlink()
    listener.close()


def socket_identity(path: Path) -> tuple[int, int]:
    """Tell a socket's file from another that took its place."""
    found = path.stat()
    return (found.st_dev, found.st_ino)


def _remove_stale(path: Path) -> None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(errno.EEXIST, "a file of another kind is there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass  # its backlog is full: somebody is there
    raise AlreadyExists(f"An embedder listens on {path} already.")

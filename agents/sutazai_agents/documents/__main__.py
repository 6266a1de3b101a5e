"""The parser child: `python -I -m sutazai_agents.documents LIMITS PARENT`, its socket as stdin.

It reads one document at a time, within its limits, and ends when the socket is closed. Its parent
kills it whenever a document takes too long or nobody wants it any more.
"""

import gc
import json
import socket
import sys
import time

from sutazai_agents.documents import wire
from sutazai_agents.documents.limits import Limits, allow_cpu, confine, peak_memory
from sutazai_agents.documents.parse import parse
from sutazai_contracts.errors import UnreadableDocument

_TELL_EVERY_S = 0.25
_BLOCK = 1024 * 1024


def serve(connection: socket.socket, limits: Limits) -> None:
    """Read documents until the parent goes away, or as many as a child may."""
    for number in range(1, limits.documents + 1):
        name = _received(connection, wire.NAME)
        data = _received(connection, wire.DATA)
        if name is None or data is None:
            return
        connection.sendall(wire.frame(wire.TAKEN))
        allow_cpu(limits.cpu_s)
        if not _answer(connection, data, name.decode(), limits, last=number == limits.documents):
            return
        del data
        gc.collect()


def _answer(
    connection: socket.socket, data: bytes, name: str, limits: Limits, *, last: bool
) -> bool:
    """Read one document and say what came of it; tell whether there may be another."""
    try:
        try:
            parsed = parse(data, name, _Pages(connection))
        except UnreadableDocument as exc:
            last = last or peak_memory() > limits.kept
            connection.sendall(wire.refused_frame(exc.message, last=last))
        else:
            last = last or peak_memory() > limits.kept
            for part in wire.parsed_frames(parsed, last=last):
                connection.sendall(part)
    except MemoryError:
        connection.sendall(wire.frame(wire.TOO_LARGE))
        return False
    return not last


class _Pages:
    """Tell the parent of pages, now and then."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._told = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY_S:
            self._told = now
            self._connection.sendall(wire.page_frame(done, total))


def _received(connection: socket.socket, kind: bytes) -> bytes | None:
    """Take a frame of this kind; None where the connection ends."""
    head = _exactly(connection, wire.HEAD.size)
    if head is None:
        return None
    got, length = wire.HEAD.unpack(head)
    return _exactly(connection, length) if got == kind else None


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        part = connection.recv(min(_BLOCK, count - len(data)))
        if not part:
            return None
        data += part
    return bytes(data)


def main(limits: str, parent: str) -> None:
    """Serve on the socket that is standard input."""
    allowed = Limits(**json.loads(limits))
    confine(allowed, int(parent))
    with socket.socket(fileno=0) as connection:
        serve(connection, allowed)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""When a task starts: told by its worker to the client that submitted it, the same for all peers.

The clock is the machine's monotonic one, which all processes share.
"""

import socket
import struct
import time

_TIME = struct.Struct("<d")
_WORD = "tell "
_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def tell_start(goal: str) -> None:
    """Tell who asks for it by the task's goal that the task starts now."""
    if goal.startswith(_WORD):
        _socket.sendto(_TIME.pack(time.monotonic()), ("127.0.0.1", int(goal[len(_WORD) :])))


class Starts:
    """Where a client hears of starts; `goal` is what its tasks carry."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.goal = f"{_WORD}{self.socket.getsockname()[1]}"

    def hear(self) -> float:
        """Wait for the next start; gives its time on the monotonic clock, seconds."""
        told: float = _TIME.unpack(self.socket.recv(_TIME.size))[0]
        return told

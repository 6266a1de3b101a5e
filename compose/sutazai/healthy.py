#!/usr/local/bin/python -IS
"""Ask a server of this container for a path: healthy PORT PATH. Ends with 0 where it answers 200.

Bare sockets: it runs every few seconds in every container, and importing an HTTP client costs more
than all the rest of it.
"""

import socket
import sys

TIMEOUT_S = 4.0


def answers(port: int, path: str) -> bool:
    """Tell whether `GET path` on this container's port gives 200."""
    request = f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as server:
        server.sendall(request)
        return server.recv(64).split(b" ")[1:2] == [b"200"]


if __name__ == "__main__":
    try:
        sys.exit(0 if answers(int(sys.argv[1]), sys.argv[2]) else 1)
    except OSError as error:
        sys.exit(str(error))

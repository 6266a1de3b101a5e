"""`python -m sutazai_ui`: the dashboard as a process beside core, on one address of this machine.

Ends when the process that started it does, even by kill -9: `--parent-fd` is the reading end of a
pipe whose other end only that process holds.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from streamlit import net_util
from streamlit.runtime import Runtime
from streamlit.web.cli import main as streamlit
from streamlit.web.server.starlette import create_starlette_app, starlette_server

from sutazai_ui.headers import App, with_headers

SCRIPT = Path(__file__).with_name("app.py")


def main(arguments: Sequence[str]) -> None:
    """Run Streamlit on the script until SIGTERM; what is not known here is for the script."""
    parser = argparse.ArgumentParser(prog="sutazai_ui")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=10011)
    parser.add_argument("--upload-limit-mb", type=int, default=32)
    parser.add_argument("--parent-fd", type=int)
    given, of_script = parser.parse_known_args(arguments)
    # Ctrl-C reaches core alone, which stops its children in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Streamlit also reads what lies in the folder `.streamlit` of where it is started.
    os.chdir(SCRIPT.parent)
    if given.parent_fd is not None:
        _exit_with_parent(given.parent_fd)
    # To judge the origin of a websocket Streamlit would ask a server on the internet who we are.
    net_util.get_external_ip = lambda: None
    # Streamlit takes middleware only in a mode in which Ctrl-C and ports are handled otherwise.
    starlette_server.create_starlette_app = _make_app  # type: ignore[attr-defined, assignment]
    limit = str(given.upload_limit_mb)
    sys.argv = [
        *("streamlit", "run", str(SCRIPT)),
        *("--server.address", given.address, "--server.port", str(given.port)),
        *("--server.maxUploadSize", limit),
        *("--server.allowedHosts", "127.0.0.1", "--server.allowedHosts", "localhost"),
        *("--", *of_script, "--upload-limit-mb", limit),
    ]
    streamlit()


def _make_app(runtime: Runtime) -> App:
    return with_headers(create_starlette_app(runtime))


def _exit_with_parent(descriptor: int) -> None:
    def watch() -> None:
        while os.read(descriptor, 1):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1:])

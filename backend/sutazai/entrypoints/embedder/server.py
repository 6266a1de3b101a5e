"""The embedder's life: watch the parent, load the model, serve, end."""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from loguru import logger

from sutazai.adapters.minilm.embedder import open_embedder
from sutazai.entrypoints.embedder.app import EmbedderApp
from sutazai.entrypoints.embedder.sockets import (
    listen_tcp,
    listen_unix,
    remove_socket,
    socket_identity,
)
from sutazai_contracts.embedder import check_socket_path

if TYPE_CHECKING:
    from loguru import Message

_GRACE_SECONDS = 1
_MAX_CONNECTIONS = 512


def serve(
    address: Path | str,
    models_dir: Path,
    *,
    parent_fd: int | None,
    threads: int,
    token: str | None = None,
) -> None:
    """Run the embedder until SIGTERM, or until its parent is gone.

    Args:
        address: the path of the Unix socket to listen on, or `host:port`.
        models_dir: where the model's graph is kept, or built at first start.
        parent_fd: the read end of a pipe whose write end the parent holds: at its end of file
            this process exits at once.
        threads: threads of one inference.
        token: what callers have to show; None: whoever reaches it may ask.

    Raises:
        SutazaiError: the model can't be loaded or the address can't be listened on.
    """
    # Ctrl-C reaches the whole group; the parent stops its children in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log_as_json()
    if parent_fd is not None:
        exit_with_parent(parent_fd)
    if isinstance(address, Path):
        check_socket_path(address)
    embedder = open_embedder(models_dir, threads=threads)
    try:
        _listen(address, EmbedderApp(embedder, token))
    finally:
        embedder.close()


def _listen(address: Path | str, app: EmbedderApp) -> None:
    if isinstance(address, str):
        with listen_tcp(address) as listener:
            _EmbedderServer(app, str(address)).run([listener])
        return
    listener = listen_unix(address)
    identity = socket_identity(address)
    try:
        _EmbedderServer(app, str(address)).run([listener])
    finally:
        remove_socket(listener, identity, address)


class _EmbedderServer(uvicorn.Server):
    """Uvicorn that ends by SIGTERM alone, and at once."""

    def __init__(self, app: EmbedderApp, address: str) -> None:
        self._app = app
        self._address = address
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=_MAX_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        super().__init__(config)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM alone, and end with status 0 by it."""
        loop = asyncio.get_running_loop()

        def stop(number: int, frame: FrameType | None) -> None:
            self.should_exit = True
            loop.call_soon_threadsafe(self._app.stop)

        before = signal.signal(signal.SIGTERM, stop)
        logger.info("embedder ready", address=self._address, pid=os.getpid())
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
        logger.info("embedder stopped")


def exit_with_parent(descriptor: int) -> None:
    """Exit at once when the pipe's write end is closed, which a parent's death does too."""

    def watch() -> None:
        while os.read(descriptor, 1):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def log_as_json() -> None:
    """Log one JSON object a line on standard output, other libraries' warnings among them."""
    logger.remove()
    logger.add(_write, level="INFO", diagnose=False, backtrace=False)
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.WARNING, force=True)


def _write(message: "Message") -> None:
    record = message.record
    line = {
        "time": record["time"].isoformat(),
        "level": record["level"].name,
        "logger": record["name"],
        "message": record["message"],
        **record["extra"],
    }
    if record["exception"] is not None:
        line["exception"] = str(message).partition("\n")[2]
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class _ToLoguru(logging.Handler):
    """Hand records of the standard library's logging on."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record with its name."""
        level = logger.level(record.levelname).name
        logger.opt(exception=record.exc_info).log(level, record.getMessage(), source=record.name)

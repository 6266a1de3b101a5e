"""The real embedder for tests: a folder of models that outlives the session, and its process.

A ``conftest.py`` takes the fixtures by importing them::

    from tests.support.embeddings import embedder_socket, models_dir  # noqa: F401

``models_dir`` is ``SUTAZAI_TEST_MODELS``, else ``~/.cache/sutazai/models``: the graph is built by
the first test that ever needs it. ``minilm`` is the model in this process, ``embedder_socket`` the
Unix socket of an embedder's process; each is started once a session.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sutazai.adapters.minilm.embedder import open_embedder
from sutazai.adapters.minilm.inprocess import InProcessEmbeddings


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """Give the folder that keeps the model's graph between sessions."""
    return prepared_models()


def prepared_models() -> Path:
    """Give the folder that keeps the model's graph between sessions; it is made where none is."""
    given = os.environ.get("SUTAZAI_TEST_MODELS")
    folder = Path(given) if given else Path.home() / ".cache" / "sutazai" / "models"
    folder.mkdir(parents=True, exist_ok=True)  # platforms of tests link to it
    return folder


@pytest.fixture(scope="session")
def minilm(models_dir: Path) -> Iterator[InProcessEmbeddings]:
    """Give the model in this process; do not close it."""
    embeddings = InProcessEmbeddings(open_embedder(models_dir))
    yield embeddings
    asyncio.run(embeddings.aclose())


@pytest.fixture(scope="session")
def embedder_socket(models_dir: Path) -> Iterator[Path]:
    """Give the socket of an embedder's process; do not end it."""
    with short_folder() as folder, embedder_process(folder / "embedder.sock", models_dir):
        yield folder / "embedder.sock"


@contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder whose path leaves room for a Unix socket: pytest's are too long."""
    folder = Path(tempfile.mkdtemp(prefix="emb-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def embedder_process(
    socket: Path, models: Path, *options: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run an embedder, wait until it listens, and end it with the block."""
    command = [sys.executable, "-m", "sutazai.entrypoints.embedder", "--socket", str(socket)]
    process = subprocess.Popen(
        [*command, "--models", str(models), *options],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        # Its one line by then says that it is ready; no line: it ended.
        if b"embedder ready" not in process.stdout.readline():
            raise RuntimeError(f"the embedder ended with {process.wait()}")
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition, and fail when it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.01)

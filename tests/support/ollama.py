"""A real Ollama for tests: the first binary found, served on a free port with models of its own.

Found are, in this order: `SUTAZAI_TEST_OLLAMA`, `ollama` on the path, and what the kit of stack
stand-ins built (`~/.cache/stack/ollama-*/ollama`). Tests that need it lie in `tests/models` and
are run by `make test-models`, which says in one line when there is none.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

READY_SECONDS = 30.0
TEMPLATE = """{{ if .System }}<|system|>
{{ .System }}</s>
{{ end }}{{ if .Prompt }}<|user|>
{{ .Prompt }}</s>
{{ end }}<|assistant|>
{{ .Response }}</s>"""
STOP = ["<|system|>", "<|user|>", "<|assistant|>", "</s>"]


@dataclass(frozen=True)
class Ollama:
    """A running server: its address, its process, and where it writes its log."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def register(self, name: str, gguf: Path, **more: Any) -> None:
        """Make a model of a GGUF file known under a name."""
        register(self.url, name, gguf, **more)

    def register_chat(self, name: str, gguf: Path) -> None:
        """Make a chat model known, with a template and with stop texts of its own."""
        register_chat(self.url, name, gguf)

    def runner_cpu_s(self) -> float:
        """Give the seconds of processor time of the server and its runners so far."""
        return sum(_cpu_s(pid) for pid in _family(self.process.pid))


def register(url: str, name: str, gguf: Path, **more: Any) -> None:
    """Make a model of a GGUF file known to the server at an address."""
    with httpx2.Client(base_url=url, timeout=120, trust_env=False) as client:
        with gguf.open("rb") as data:
            digest = "sha256:" + hashlib.file_digest(data, "sha256").hexdigest()
        client.post(f"/api/blobs/{digest}", content=gguf.read_bytes()).raise_for_status()
        body = {"model": name, "files": {gguf.name: digest}, "stream": False, **more}
        client.post("/api/create", json=body).raise_for_status()


def register_chat(url: str, name: str, gguf: Path, **parameters: Any) -> None:
    """Make a chat model known to it, with a template and with parameters of its own."""
    register(url, name, gguf, template=TEMPLATE, parameters={"stop": STOP, **parameters})


def find_ollama() -> Path | None:
    """Find an Ollama to run, or None."""
    given = os.environ.get("SUTAZAI_TEST_OLLAMA")
    if given:
        return Path(given)
    on_path = shutil.which("ollama")
    if on_path:
        return Path(on_path)
    built = sorted((Path.home() / ".cache" / "stack").glob("ollama-*/ollama"))
    return built[-1] if built else None


@contextmanager
def serve(binary: Path, **environment: str) -> Iterator[Ollama]:
    """Serve with an empty folder of models, and end it with the block."""
    folder = Path(tempfile.mkdtemp(prefix="ollama-"))
    port = _free_port()
    told = {
        **os.environ,
        "HOME": str(folder),
        "OLLAMA_HOST": f"127.0.0.1:{port}",
        "OLLAMA_MODELS": str(folder / "models"),
        "OLLAMA_DEBUG": "1",
        **environment,
    }
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(binary), "serve"], env=told, stdout=out, stderr=out, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, log)
        yield Ollama(url, process, log)
    finally:
        # SIGTERM lets it end its runners.
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    with httpx2.Client(trust_env=False) as client:
        while True:
            try:
                client.get(f"{url}/api/version").raise_for_status()
                return
            except httpx2.HTTPError as error:
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"Ollama did not start:\n{log.read_text()}") from error
                time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _family(pid: int) -> list[int]:
    """Give a process and its descendants, as the system shows them (proc(5))."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(after_name[1]), []).append(int(entry.parent.name))
    found, pending = [], [pid]
    while pending:
        found.append(pending.pop())
        pending += children.get(found[-1], [])
    return found


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    binary = find_ollama()
    if binary is None:
        sys.exit("no Ollama on this machine: SUTAZAI_TEST_OLLAMA names one")
    print(binary)

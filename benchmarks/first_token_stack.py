"""How soon the first word comes through the stack that runs, beside its own Ollama asked directly.

The stack is the one that `make up` started. It is asked through its gateway, about a document in a
collection made for it, and the direct call goes to the address of the stack's Ollama container with
what the writer asks for these passages, made by the same code. Where the stack has no model, one of
random weights is put into its Ollama. All that was made is removed at the end.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from benchmarks.first_token import CONTEXT, DOCUMENT, Writer, in_turn, watched
from sutazai.settings import RuntimeSettings
from tests.stack.running import ROOT, Stack, eventually, run
from tests.support.gguf import write_tiny_llama
from tests.support.ollama import register_chat

MODEL = "tinyllama"
KNOWN_S = 90.0
# Between rounds, as people ask: the gateway and core count how often somebody does.
PAUSE_S = 0.2


def measure_stack(rounds: int = 20) -> dict[str, float]:
    """Ask the stack and its Ollama in turn; figures are medians, in milliseconds."""
    port = os.environ.get("SUTAZAI_PORT_GATEWAY", "10005")
    stack = Stack("sutazai", ROOT / ".stack", {"SUTAZAI_PORT_GATEWAY": port})
    key = {"Authorization": f"Bearer {stack.api_key}"}
    with (
        httpx2.Client(base_url=stack.gateway, headers=key, timeout=120) as client,
        _model(client, _ollama(stack)),
        _collection(client) as collection,
    ):
        most = int(RuntimeSettings.model_fields["num_ctx"].default)
        found = _writer(client)
        num_ctx = min(most, found["capabilities"]["context_tokens"] or most)
        writer = Writer(found["name"], _ollama(stack), num_ctx)
        return in_turn(client, collection, writer, rounds, PAUSE_S)


def _writer(client: httpx2.Client) -> dict[str, Any]:
    """Give the model that writes answers, or nothing where there is none."""
    told = client.get("/api/v1/models").raise_for_status().json()
    by_name = {model["name"]: model for model in told["models"]}
    return dict(by_name.get(told["roles"]["writer"], {}))


def _ollama(stack: Stack) -> str:
    """Give the address of the Ollama container on its inner network, which this machine reaches."""
    name = stack.compose("ps", "-q", "ollama").strip()
    if not name:
        raise SystemExit("the stack has no Ollama that runs: `make up`")
    networks = json.loads(run("docker", "inspect", name))[0]["NetworkSettings"]["Networks"]
    return f"http://{next(iter(networks.values()))['IPAddress']}:11434"


@contextmanager
def _model(client: httpx2.Client, ollama: str) -> Iterator[None]:
    """See to it that there is a model, and remove it where it was made for this."""
    if _writer(client):
        yield
        return
    with tempfile.TemporaryDirectory() as made:
        gguf = write_tiny_llama(Path(made) / "tiny.gguf", context=CONTEXT, width=512, layers=4)
        # Two threads on two cores that others work on too are many times slower than one.
        register_chat(ollama, MODEL, gguf, num_thread=1)
    try:
        eventually(lambda: _writer(client), within_s=KNOWN_S, every_s=1)
        yield
    finally:
        httpx2.request("DELETE", f"{ollama}/api/delete", json={"model": MODEL}, timeout=30)


@contextmanager
def _collection(client: httpx2.Client) -> Iterator[str]:
    """Make a collection with the document, and remove it."""
    name = f"bench-{uuid4().hex[:8]}"
    client.post("/api/v1/collections", json={"name": name}).raise_for_status()
    try:
        upload = client.post(
            f"/api/v1/collections/{name}/documents",
            files={"file": ("leases.md", DOCUMENT.encode())},
        )
        watched(client, upload.raise_for_status().json()["run"]["id"])
        yield name
    finally:
        client.delete(f"/api/v1/collections/{name}")

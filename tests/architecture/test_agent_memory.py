"""What a process of agents may not load: it has 80 MB in all (docs/adr/0020)."""

import subprocess
import sys

import pytest

# Each with what it costs there, in MB of RSS, and why no agent needs it.
KEPT_OUT = {
    "grpc": "8 MB: Qdrant is asked over REST",
    "qdrant_client": "44 MB: our own requests are held against it in tests, and need none of it",
    "sqlalchemy": "13 MB: the ledger is core's, agents claim over HTTP",
    "onnxruntime": "embedding is the embedder's, a process of its own",
    "tokenizers": "counting word pieces is the embedder's",
    "pypdfium2": "documents are read in a child, which is gone when it has read one",
    "selectolax": "documents are read in a child, which is gone when it has read one",
    "httpx2": "2 MB: what serves asks over aiohttp (docs/adr/0006)",
    "rich": "2 MB: only what a person reads in a terminal is coloured",
}
# What `sutazai stack agent` imports, with every agent, and what the first search adds.
AGENT = """
import sutazai.entrypoints.cli.app
import sutazai.entrypoints.stack.agent
import sutazai.entrypoints.stack.process
import sutazai_kit.discovery
sutazai_kit.discovery.find_agents()
import sutazai_kit.vectors.qdrant.vectors
"""


def needless(program: str) -> dict[str, str]:
    """Run a program in a fresh interpreter; gives what it loaded and should not have, and why."""
    shown = f"{program}\nimport sys\nprint(*sys.modules)"
    command = [sys.executable, "-c", shown]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    return {name: why for name, why in KEPT_OUT.items() if name in loaded}


def test_a_process_of_agents_loads_nothing_needless() -> None:
    assert needless(AGENT) == {}, "an agent's process has 80 MB; see python -m benchmarks.memory"


@pytest.mark.parametrize("name", ["grpc", "sqlalchemy"])
def test_what_is_loaded_needlessly_is_found(name: str) -> None:
    assert set(needless(f"import {name}")) == {name}

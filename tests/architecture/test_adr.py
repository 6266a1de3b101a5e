"""Decisions: each has its four parts, is listed, and names checks that exist."""

import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

FOLDER = ROOT / "docs" / "adr"
PARTS = ["Context", "Decision", "Consequences", "Enforced by"]
NAMED = re.compile(r"`((?:tests|requirements|benchmarks|\.ci)/[\w./-]+)(?:::(\w+))?`")
TARGET = re.compile(r"`make ([a-z0-9-]+)`")


def faults(text: str) -> list[str]:
    """Say what is wrong with a decision's text."""
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    wrong = [] if headings == PARTS else [f"parts {headings}, expected {PARTS}"]
    enforced = text.rpartition("## Enforced by")[2]
    named = NAMED.findall(enforced)
    targets = TARGET.findall(enforced)
    if not named and not targets:
        wrong.append("names no check")
    for path, test in named:
        place = ROOT / path
        if not place.exists():
            wrong.append(f"{path} does not exist")
        elif test and f"def {test}(" not in place.read_text("utf-8"):
            wrong.append(f"{path} has no {test}")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    wrong += [f"there is no make {name}" for name in targets if f"\n{name}:" not in makefile]
    return wrong


def decisions() -> list[Path]:
    """List the decisions."""
    return sorted(FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.stem)
def test_a_decision_is_whole_and_its_checks_exist(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(f"# {int(path.stem[:4])}. ")
    assert faults(text) == []
    assert f"({path.name})" in (FOLDER / "README.md").read_text("utf-8")


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.stem[:4]) for path in decisions()] == [*range(1, len(decisions()) + 1)]
    assert decisions()


@pytest.mark.requirement("B7", part="FAISS, ChromaDB and LanceDB decided in an ADR")
@pytest.mark.requirement("E3", part="no TypeSense or OpenSearch: ADR")
@pytest.mark.parametrize("name", ["FAISS", "ChromaDB", "LanceDB", "TypeSense", "OpenSearch"])
def test_what_is_not_used_is_weighed(name: str) -> None:
    weighed = (FOLDER / "0004-vector-store.md").read_text("utf-8").partition("## Consequences")[0]
    assert re.search(rf"^\| [^|]*{name}[^|]* \| [^|]{{40,}} \|$", weighed, re.MULTILINE)


def test_a_wrong_decision_is_found() -> None:
    whole = "# 1. X\n## Context\n## Decision\n## Consequences\n## Enforced by\n"
    assert faults(whole) == ["names no check"]
    assert faults(whole + "`make lint`") == []
    assert faults(whole + "`make magic`") == ["there is no make magic"]
    assert faults(whole + "`tests/none.py`") == ["tests/none.py does not exist"]
    here = "tests/architecture/test_adr.py"
    assert faults(whole + f"`{here}::{faults.__name__}`") == []
    assert faults(whole + f"`{here}::test_nothing`") == [f"{here} has no test_nothing"]
    assert faults("## Context\n" + "## Enforced by\n`make lint`")[0].startswith("parts")

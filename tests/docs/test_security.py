"""The security page: no requirement is left out, and what it names is there."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from sutazai.core.identity.guessed import WORDS
from sutazai.core.identity.passwords import BESIDE_WORDS, LONGEST, SHORTEST

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "security.md"
# How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has, which are its first ones;
# without V10 and V17.
SECTIONS = {
    "V1.1": 2, "V1.2": 9, "V1.3": 11, "V1.4": 3, "V1.5": 2,
    "V2.1": 3, "V2.2": 3, "V2.3": 4, "V2.4": 1,
    "V3.2": 2, "V3.3": 4, "V3.4": 6, "V3.5": 5, "V3.7": 2,
    "V4.1": 3, "V4.2": 1, "V4.3": 2, "V4.4": 4,
    "V5.1": 1, "V5.2": 3, "V5.3": 2, "V5.4": 3,
    "V6.1": 3, "V6.2": 12, "V6.3": 4, "V6.4": 4, "V6.5": 5, "V6.6": 3, "V6.8": 4,
    "V7.1": 3, "V7.2": 4, "V7.3": 2, "V7.4": 5, "V7.5": 2, "V7.6": 2,
    "V8.1": 2, "V8.2": 3, "V8.3": 1, "V8.4": 1,
    "V9.1": 3, "V9.2": 4,
    "V11.1": 2, "V11.2": 3, "V11.3": 3, "V11.4": 4, "V11.5": 1, "V11.6": 1,
    "V12.1": 3, "V12.2": 2, "V12.3": 4,
    "V13.1": 1, "V13.2": 5, "V13.3": 2, "V13.4": 5,
    "V14.1": 2, "V14.2": 4, "V14.3": 3,
    "V15.1": 3, "V15.2": 3, "V15.3": 7,
    "V16.1": 1, "V16.2": 5, "V16.3": 4, "V16.4": 3, "V16.5": 3,
}  # fmt: skip
# Those of level 1.
FIRST = {
    *("V1.2.1", "V1.2.2", "V1.2.3", "V1.2.4", "V1.2.5", "V1.3.1", "V1.3.2", "V1.5.1"),
    *("V2.1.1", "V2.2.1", "V2.2.2", "V2.3.1", "V3.2.1", "V3.2.2", "V3.3.1", "V3.4.1", "V3.4.2"),
    *("V3.5.1", "V3.5.2", "V3.5.3", "V4.1.1", "V4.4.1", "V5.2.1", "V5.2.2", "V5.3.1", "V5.3.2"),
    *("V6.1.1", *(f"V6.2.{number}" for number in range(1, 9)), "V6.3.1", "V6.3.2", "V6.4.1"),
    *("V6.4.2", "V7.2.1", "V7.2.2", "V7.2.3", "V7.2.4", "V7.4.1", "V7.4.2", "V8.1.1", "V8.2.1"),
    *("V8.2.2", "V8.3.1", "V9.1.1", "V9.1.2", "V9.1.3", "V9.2.1", "V11.3.1", "V11.3.2"),
    *("V11.4.1", "V12.1.1", "V12.2.1", "V12.2.2", "V13.4.1", "V14.2.1", "V14.3.1", "V15.1.1"),
    *("V15.2.1", "V15.3.1"),
}
STATES = {"held", "not held", "does not apply"}
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
# In code, what has a folder, or is a file at the root.
FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+|[\w-]*\.[\w.]*[a-z]\w+)`")


@dataclass(frozen=True)
class Line:
    """A line of the checklist."""

    id: str
    level: str
    asks: str
    state: str
    reason: str


def checklist(text: str) -> list[Line]:
    """Read the lines of the checklist, in their order."""
    rows = [row for row in text.splitlines() if re.match(r"\| V\d", row)]
    return [Line(*(cell.strip() for cell in row.strip("|").split(" | "))) for row in rows]


@cache
def names(path: str) -> frozenset[str]:
    """Name the tests of a module, those of classes too, and its test cases; it is not run."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def wrong(line: Line) -> Iterator[str]:
    """Say what is wrong with a line."""
    if line.state not in STATES:
        yield f"{line.id}: {line.state!r} is no state"
    if line.level != ("1" if line.id in FIRST else "2"):
        yield f"{line.id}: it is not of level {line.level}"
    if not line.asks or len(line.reason) < 3:
        yield f"{line.id}: it says too little"
    tests = TEST.findall(line.reason)
    for path, name in tests:
        if name not in names(path):
            yield f"{line.id}: there is no {path}::{name}"
    for path in FILE.findall(TEST.sub("", line.reason)):
        if not (ROOT / path).exists():
            yield f"{line.id}: there is no {path}"
    files = "onstruction: " in line.reason and FILE.search(TEST.sub("", line.reason))
    if line.state == "held" and not tests and not files:
        yield f"{line.id}: neither a test nor a file shows it"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_no_requirement_is_left_out_or_there_twice(page: str) -> None:
    wanted = [f"{of}.{number + 1}" for of, count in SECTIONS.items() for number in range(count)]
    assert [line.id for line in checklist(page)] == wanted


def test_each_has_its_state_and_what_it_names_is_there(page: str) -> None:
    found = [what for line in checklist(page) for what in wrong(line)]
    assert not found, "\n".join(found)


def test_the_words_of_the_house_are_named(page: str) -> None:
    said = " ".join(page.split())
    assert f"these words: {', '.join(WORDS)}." in said
    assert f"has {SHORTEST} to {LONGEST} characters" in said
    assert f"has {BESIDE_WORDS} characters besides" in said


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (
            "| V1.1.1 | 2 | x | held | `tests/docs/test_security.py::test_not_there` |",
            "is no tests",
        ),
        ("| V1.1.1 | 2 | x | held | `tests/docs/nosuch.py::test_x` |", "is no tests"),
        ("| V1.1.1 | 2 | x | held | it just is |", "neither"),
        ("| V1.1.1 | 2 | x | held | By construction: we care |", "neither"),
        ("| V1.1.1 | 2 | x | held | By construction: `backend/nosuch.py` |", "is no backend"),
        ("| V1.1.1 | 2 | x | almost | `README.md` |", "no state"),
        ("| V1.1.1 | 1 | x | not held | nobody did it |", "level"),
        ("| V1.1.1 | 2 | x | not held |  |", "too little"),
    ],
)
def test_a_wrong_line_is_found(row: str, what: str) -> None:
    [line] = checklist(row)
    assert any(what in found for found in wrong(line)), list(wrong(line))

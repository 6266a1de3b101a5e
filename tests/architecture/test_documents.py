"""Documents: their links lead somewhere, and the commands they name are there."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.architecture.sources import ROOT, Finding, files

LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)]*)?\)")
# In code, at its beginning or after the start of a line of a block.
COMMAND = re.compile(r"(?:`|^|&& )make ([a-z][a-z0-9-]*)", re.MULTILINE)
# The list of what the product must have names what is not there yet.
WISHES = PurePosixPath("docs/requirements.md")


def broken(path: PurePosixPath, text: str, targets: set[str]) -> Iterator[Finding]:
    """Find links that lead nowhere and make targets that are not there."""
    for number, line in enumerate(text.splitlines(), 1):
        for link in LINK.findall(line):
            if "://" not in link and not (ROOT / path.parent / link).exists():
                yield Finding(path, number, f"{link} does not exist")
        for target in COMMAND.findall(line):
            if path != WISHES and target not in targets:
                yield Finding(path, number, f"there is no make {target}")


def make_targets() -> set[str]:
    """Give the targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z][a-z0-9-]*):(?!=)", makefile, re.MULTILINE))


def test_links_and_commands_are_there() -> None:
    documents = [path for path in files() if path.suffix == ".md" and path.parts[0] != "agents"]
    assert PurePosixPath("CONTRIBUTING.md") in documents
    found = [
        str(finding)
        for path in documents
        for finding in broken(path, (ROOT / path).read_text("utf-8"), make_targets())
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line", ["see [this](nowhere.md)", "run `make magic`", "make magic", "cd x && make magic"]
)
def test_a_broken_line_is_found(line: str) -> None:
    assert list(broken(PurePosixPath("README.md"), line, {"run"}))


@pytest.mark.parametrize(
    "line",
    [
        "[house](CONTRIBUTING.md#checks)",
        "[web](https://example.org/x)",
        "`make run WORKERS=2`",
        "to make sense",
    ],
)
def test_a_sound_line_is_fine(line: str) -> None:
    assert not list(broken(PurePosixPath("README.md"), line, {"run"}))

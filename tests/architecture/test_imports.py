"""Directions of imports, and that importing has no effect beyond itself."""

import json
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGE_ROOTS, ROOT, modules

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"
# One violation of each contract in pyproject.toml, and one import that is fine.
PLANTED = {
    "sutazai_contracts/tasks.py": "",
    "sutazai_kit/agent.py": "import sutazai.settings",
    "sutazai_kit/bus/port.py": "import sutazai_kit.agent",
    "sutazai_kit/bus/memory.py": "",
    "sutazai_kit/files/port.py": "",
    "sutazai_agents/writer.py": "import sutazai.core.plan",
    "sutazai/settings.py": "",
    "sutazai/core/plan.py": "import sutazai.records.tables",
    "sutazai/core/wakeups.py": "import sutazai_kit.bus.memory",
    "sutazai/core/sql.py": "import asyncpg",
    "sutazai/core/fine.py": "import sutazai_kit.files.port",
    "sutazai/records/tables.py": "import sutazai.bootstrap",
    "sutazai/adapters/ledger.py": "import sutazai.settings",
    "sutazai/bootstrap/stack.py": "",
    "sutazai/extras.py": "",
}
# What an import may not do: connect, listen, start a process, write.
WATCH = """
import importlib, json, sys
EFFECTS = {"socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.exec"}
seen = []
def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes or event in EFFECTS:
        target = str(arguments[0])
        if "__pycache__" not in target:
            seen.append([event, target, module])
sys.addaudithook(watch)
for module in json.loads(sys.argv[1]):
    importlib.import_module(module)
print(json.dumps(seen))
"""


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter in a folder, over the packages that are importable from it."""
    command = [sys.executable, "-c", LINT, "--no-logo", "--no-cache"]
    path = ":".join(str(folder / root) for root in ("", *PACKAGE_ROOTS.values()))
    environment = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_directions_hold() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_contract_finds_its_planted_violation(tmp_path: Path) -> None:
    configuration = (ROOT / "pyproject.toml").read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text(configuration, "utf-8")
    for name, source in PLANTED.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source + "\n", "utf-8")
        for folder in path.relative_to(tmp_path).parents:
            if folder.name:
                (tmp_path / folder / "__init__.py").touch()
    output = lint(tmp_path).stdout
    contracts = tomllib.loads(configuration)["tool"]["importlinter"]["contracts"]
    for contract in contracts:
        assert f"{contract['name']} BROKEN" in output, output
    for name, source in PLANTED.items():
        if source and not name.endswith("fine.py"):
            importer = name.removesuffix(".py").replace("/", ".")
            assert f"{importer} -> {source.split()[1]}" in output, (importer, output)
    assert "sutazai.core.fine" not in output
    assert "extras" in output, "a new folder of the backend has to be given its layer"


def watched(names: list[str], path: Path = ROOT) -> list[list[str]]:
    """Import modules in a fresh process and give what they did that an import may not do."""
    # Bytecode that is written for next time is no effect of an import.
    command = [sys.executable, "-B", "-c", textwrap.dedent(WATCH), json.dumps(names)]
    done = subprocess.run(command, cwd=path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seen: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_importing_the_product_has_no_effect() -> None:
    names = [
        module.name
        for module in modules()
        # A `__main__` runs when it is imported, and Alembic runs what is in migrations.
        if module.product and module.path.stem != "__main__" and ".migrations." not in module.name
    ]
    assert watched(names) == []


@pytest.mark.parametrize(
    "source",
    [
        "import socket\nsocket.socket().bind(('127.0.0.1', 0))",
        "import subprocess\nsubprocess.run(['true'])",
        "open('made', 'w').close()",
        "import os\nos.mkdir('made')",
    ],
)
def test_an_import_with_an_effect_is_found(tmp_path: Path, source: str) -> None:
    (tmp_path / "planted.py").write_text(source, "utf-8")
    assert [module for _, _, module in watched(["planted"], tmp_path)] == ["planted"]

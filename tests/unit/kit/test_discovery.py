"""Finding agents and workflows by entry points, broken ones among them."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from loguru import logger

from sutazai_kit.discovery import AGENTS, WORKFLOWS, find_agents, find_workflow_folders

GOOD = """
from pydantic import BaseModel
from sutazai_kit import Agent, AgentContext

class Nothing(BaseModel):
    pass

good = Agent("good", description="Do nothing.", version="1")
other = Agent("other", description="Do nothing.", version="1")
bare = Agent("bare", description="Has no handler.", version="1")
number = 3

@good.handler
@other.handler
async def handle(task: Nothing, ctx: AgentContext) -> Nothing:
    return task
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = "plugged_" + tmp_path.name.rpartition("_")[2] + str(abs(hash(str(tmp_path))))
    folder = tmp_path / name
    (folder / "flows").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "good.py").write_text(GOOD)
    (folder / "broken.py").write_text("raise ZeroDivisionError('at import')")
    (folder / "flows" / "__init__.py").write_text("")
    (folder / "flows" / "one.yaml").write_text("name: one\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    for module in [module for module in sys.modules if module.startswith(name)]:
        del sys.modules[module]


def test_broken_agents_are_reported_and_the_others_load(package: str) -> None:
    values = {
        "a_missing": f"{package}.absent:agent",
        "b_good": f"{package}.good:good",
        "c_broken": f"{package}.broken:agent",
        "d_bare": f"{package}.good:bare",
        "e_number": f"{package}.good:number",
        "f_other": f"{package}.good:other",
        "g_twice": f"{package}.good:good",
        "h_no_name": f"{package}.good:nobody",
    }
    broken: dict[str, str] = {}
    points = [EntryPoint(name, value, AGENTS) for name, value in reversed(values.items())]
    agents = find_agents(points, report=broken.__setitem__)
    assert list(agents) == ["good", "other"]
    assert agents["good"].name == "good"
    assert list(broken) == ["a_missing", "c_broken", "d_bare", "e_number", "g_twice", "h_no_name"]
    assert "ModuleNotFoundError" in broken["a_missing"]
    assert broken["c_broken"] == f"{package}.broken:agent: ZeroDivisionError: at import"
    assert "has no handler yet" in broken["d_bare"]
    assert "it is a int, not an Agent" in broken["e_number"]
    assert "there is an agent good already" in broken["g_twice"]
    assert "nobody" in broken["h_no_name"]


def test_workflow_folders_can_be_read(package: str) -> None:
    points = [
        EntryPoint("mine", f"{package}.flows", WORKFLOWS),
        EntryPoint("gone", f"{package}.gone", WORKFLOWS),
    ]
    broken: dict[str, str] = {}
    folders = find_workflow_folders(points, report=broken.__setitem__)
    [flow] = [entry for entry in folders["mine"].iterdir() if entry.name.endswith(".yaml")]
    assert flow.read_text() == "name: one\n"
    assert list(folders) == ["mine"]
    assert list(broken) == ["gone"]


def test_installed_packages_are_asked_by_default(package: str, tmp_path: Path) -> None:
    info = tmp_path / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{AGENTS}]\n{package}_good = {package}.good:good\n"
        f"{package}_bad = {package}.broken:agent\n"
        f"[{WORKFLOWS}]\n{package} = {package}.flows\n"
    )
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}")
    try:
        agents = find_agents()
    finally:
        logger.remove(sink)
    assert agents["good"].card.version == "1"
    assert any(f"{package}_bad is left out" in line for line in lines)
    assert find_workflow_folders()[package].joinpath("one.yaml").is_file()

"""The page `docs/howto/first-agent.md`: its blocks are its files, and its files work."""

import asyncio
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml

from sutazai_contracts.workflows import Workflow
from sutazai_kit.bus.memory import MemoryBus
from sutazai_kit.discovery import AGENTS, find_agents
from sutazai_kit.runner import Runner
from tests.unit.kit.ledger_twin import LedgerTwin, wake
from tests.unit.kit.virtual_time import until, virtual_time

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
SNIPPETS = HOWTO / "snippets"
BLOCK = re.compile(r"`snippets/([\w.]+)`:\n\n```\w+\n(.*?)```", re.DOTALL)


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """Give the entry points of the page, with its modules to import."""
    monkeypatch.syspath_prepend(SNIPPETS)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    project = tomllib.loads((SNIPPETS / "word_counter.toml").read_text("utf-8"))["project"]
    return [
        EntryPoint(name, value, AGENTS)
        for name, value in project["entry-points"]["sutazai.agents"].items()
    ]


def test_every_block_of_the_page_is_its_file() -> None:
    page = (HOWTO / "first-agent.md").read_text("utf-8")
    blocks = dict(BLOCK.findall(page))
    assert set(blocks) == {
        "word_counter.py",
        "test_word_counter.py",
        "word_counter.toml",
        "count_words.yaml",
    }
    assert page.count("```") == 2 * len(blocks), "a block is not a file"
    for name, text in blocks.items():
        assert text == (SNIPPETS / name).read_text("utf-8"), name


@pytest.mark.requirement("H5", part="an agent in about 20 lines, its test in about 10")
def test_the_test_of_the_page_passes() -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null",
         "--rootdir", str(SNIPPETS), "test_word_counter.py"],
        cwd=SNIPPETS,
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_agent_and_its_test_are_as_short_as_promised() -> None:
    def lines(name: str) -> int:
        text = (SNIPPETS / name).read_text("utf-8").split('"""')[-1]
        return len([line for line in text.splitlines() if line.strip()])

    assert lines("word_counter.py") <= 20
    assert lines("test_word_counter.py") <= 12


def test_the_agent_works_on_a_task_that_the_workflow_gives(points: list[EntryPoint]) -> None:
    workflow = Workflow.model_validate(
        yaml.safe_load((SNIPPETS / "count_words.yaml").read_text("utf-8"))
    )
    [step] = workflow.steps
    agent = find_agents(points)[step.agent]
    assert set(step.input) == set(agent.card.input_schema["required"])

    @virtual_time
    async def work() -> None:
        ledger, bus = LedgerTwin(), MemoryBus()
        core = asyncio.create_task(ledger.apply_outcomes(bus))
        async with Runner(agent, ledger, bus, worker="here"):
            await until(lambda: ledger.claims)
            row = ledger.submit(text="a rose is a rose")
            await wake(bus, agent.name)
            await until(lambda: row.outcomes)
        core.cancel()
        result = row.outcomes[0].result
        assert result.kind == "succeeded"
        assert result.output == {"words": {"a": 2, "rose": 2, "is": 1}}

    work()

"""Each rule holds over the whole repository, and finds a violation that is planted."""

from pathlib import PurePosixPath
from textwrap import dedent

import pytest

from tests.architecture import rules
from tests.architecture.rules import RULES, Rule
from tests.architecture.sources import ROOT, Finding, Module, files, modules

PORT = "packages/kit/sutazai_kit/bus/memory.py"
RUNNERS = ("packages/kit/sutazai_kit/runner.py", "packages/kit/sutazai_kit/execution.py")
SETTINGS = "backend/sutazai/settings.py"
ROUTE = "backend/sutazai/entrypoints/api/app.py"
CONTRACTS = "packages/contracts/sutazai_contracts/tasks.py"
TEST = "tests/unit/test_bus.py"


def check(rule: Rule, path: str, source: str) -> list[Finding]:
    """Run a rule over a module that is not there."""
    return list(rule(Module(PurePosixPath(path), dedent(source))))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_repository_keeps_the_rule(rule: Rule) -> None:
    found = [str(finding) for module in modules() for finding in rule(module)]
    assert not found, (rule.__doc__ or "") + "\n" + "\n".join(found)


def test_the_gates_see_the_product() -> None:
    seen = {module.name for module in modules() if module.product}
    assert {"sutazai_contracts", "sutazai_kit.bus.port", "sutazai", "sutazai_agents"} <= seen
    assert PurePosixPath("pyproject.toml") in files()


@pytest.mark.parametrize(("path", "bound"), [(PORT, 400), (TEST, 600)])
def test_a_long_module_is_found(path: str, bound: int) -> None:
    assert check(rules.module_length, path, "x = 1\n" * (bound + 1))
    assert not check(rules.module_length, path, "x = 1\n" * bound)


@pytest.mark.parametrize("head", ["def work():", "async def work():"])
def test_a_long_function_is_found(head: str) -> None:
    assert check(rules.function_length, PORT, head + "\n    x = 1" * 50)
    assert not check(rules.function_length, PORT, head + "\n    x = 1" * 49)
    assert check(rules.function_length, PORT, f"class A:\n    {head}" + "\n        x = 1" * 50)


def test_an_exception_of_length_has_a_reason_and_is_still_needed() -> None:
    for place, reason in rules.LENGTH_EXCEPTIONS.items():
        assert reason.strip(), place
        assert (ROOT / place.partition("::")[0]).exists(), place


@pytest.mark.parametrize(
    "path",
    ["backend/sutazai/utils.py", "backend/sutazai/common/x.py", "backend/sutazai/_helpers.py"],
)
def test_a_vague_name_is_found(path: str) -> None:
    assert check(rules.vague_name, path, "")
    assert not check(rules.vague_name, "backend/sutazai/core/runs/plan.py", "")


@pytest.mark.parametrize(
    "source",
    [
        "import os\nx = os.environ['A']",
        "import os\ndef f(): return os.getenv('A')",
        "from os import environ",
        "from os import getenv as g",
    ],
)
def test_reading_the_environment_is_found(source: str) -> None:
    assert check(rules.environment_read, PORT, source)
    assert not check(rules.environment_read, SETTINGS, source)


@pytest.mark.parametrize(
    "handler",
    ["except:", "except Exception:", "except BaseException as e:", "except (OSError, Exception):"],
)
def test_a_broad_except_is_found(handler: str) -> None:
    source = f"try:\n    x()\n{handler}\n    pass\n"
    assert check(rules.broad_except, PORT, source)
    assert not check(rules.broad_except, ROUTE, source)
    assert not any(check(rules.broad_except, runner, source) for runner in RUNNERS)
    assert not check(rules.broad_except, PORT, source.replace("pass", "undo()\n    raise"))
    assert check(rules.broad_except, PORT, source.replace("pass", "raise ValueError from None"))
    assert not check(rules.broad_except, PORT, "try:\n    x()\nexcept OSError:\n    pass\n")


def test_suppressing_everything_is_found() -> None:
    assert check(rules.broad_except, PORT, "with contextlib.suppress(Exception):\n    x()")
    assert not check(rules.broad_except, PORT, "with contextlib.suppress(OSError):\n    x()")


@pytest.mark.parametrize(
    "source",
    [
        "client = httpx2.AsyncClient()",
        "client: httpx2.Client = httpx2.Client()",
        "with open('x') as f:\n    pass",
        "engine = sqlalchemy.create_engine('x')",
        "pool = asyncio.run(asyncpg.create_pool('x'))",
        "import psycopg\nif True:\n    c = psycopg.connect('')",
        "class A:\n    shard = EdgeShard('x')",
        "def f(session=InferenceSession('x')):\n    pass",
        "@decorate(Path('x').read_text())\ndef f():\n    pass",
        "texts = [path.read_text() for path in PATHS]",
    ],
)
def test_opening_at_import_is_found(source: str) -> None:
    assert check(rules.opens_at_import, PORT, source)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return httpx2.AsyncClient()",
        "make = lambda: open('x')",
        "if __name__ == '__main__':\n    asyncio.run(main())",
        "class A:\n    def f(self):\n        open('x')",
    ],
)
def test_opening_when_called_is_fine(source: str) -> None:
    assert not check(rules.opens_at_import, PORT, source)


def test_a_missing_docstring_is_found() -> None:
    missing = """
    class A:
        def public(self): ...
        def _private(self): ...
        @override
        def known(self): ...
    async def work(): ...
    """
    named = [finding.what.split()[0] for finding in check(rules.docstrings, PORT, missing)]
    assert named == ["the", "A", "public", "work"]
    assert not check(rules.docstrings, PORT, '"""Say it."""\ndef f():\n    """Do it."""')
    assert not check(rules.docstrings, TEST, missing)


def test_a_foreign_import_in_contracts_is_found() -> None:
    assert check(rules.contracts_imports, CONTRACTS, "import httpx2")
    assert check(
        rules.contracts_imports, CONTRACTS, "def f():\n    from numpy.typing import NDArray"
    )
    assert not check(rules.contracts_imports, CONTRACTS, "from pydantic import Field\nimport uuid")
    assert not check(rules.contracts_imports, PORT, "import numpy")

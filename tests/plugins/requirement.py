"""The mark `requirement`: which tests show which row, and whether they passed.

`@pytest.mark.requirement("E2")` says that the test shows the row in full, end to end through the
real part; `@pytest.mark.requirement("B2", part="UUID keys")` that it shows that part of it. With
`--requirements-record FILE` the run writes what became of each marked test; the report
(`tests.plugins.requirement_report`) reads these files.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.requirement_rows import ROWS, load_rows

PROPERTY = "requirement"
BAD = ("failed", "skipped")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    group = parser.getgroup("requirements")
    group.addoption("--requirements-record", metavar="FILE", help="write which marked tests passed")
    group.addoption("--requirements-rows", metavar="FILE", default=str(ROWS), help="the rows")


def pytest_configure(config: pytest.Config) -> None:
    """Keep a record where one is asked for; workers of xdist report to the process that does."""
    target = config.getoption("--requirements-record")
    if target and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Record(Path(target)), "requirements-record")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note the marks on each test's report, and refuse a row that is not in the list."""
    rows = load_rows(Path(config.getoption("--requirements-rows")))
    for item in items:
        for mark in item.iter_markers("requirement"):
            row, part = read_mark(mark, item.nodeid)
            if row not in rows:
                raise pytest.UsageError(f"{item.nodeid}: there is no requirement row {row!r}")
            item.user_properties.append((PROPERTY, json.dumps([row, part])))


def read_mark(mark: pytest.Mark, nodeid: str) -> tuple[str, str | None]:
    """Give a mark's row and part.

    Raises:
        pytest.UsageError: the mark is not `requirement(row)` or `requirement(row, part="…")`.
    """
    part = mark.kwargs.get("part")
    well_formed = (
        len(mark.args) == 1
        and isinstance(mark.args[0], str)
        and set(mark.kwargs) <= {"part"}
        and (part is None or (isinstance(part, str) and part.strip() and "; " not in part))
    )
    if not well_formed:
        raise pytest.UsageError(f'{nodeid}: write requirement("ID") or ("ID", part="…")')
    return mark.args[0], part


class Record:
    """What became of the marked tests of one run."""

    def __init__(self, target: Path) -> None:
        """Take the file to write when the run ends."""
        self.target = target
        self.tests: dict[str, dict[str, Any]] = {}

    def pytest_sessionstart(self) -> None:
        """Remove the record of an earlier run, so that a run that dies leaves none."""
        self.target.unlink(missing_ok=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Fold one phase in: a test passed when its call passed and no phase did otherwise."""
        claims = [json.loads(str(v)) for name, v in report.user_properties if name == PROPERTY]
        if not claims:
            return
        name = _ungrouped(report.nodeid)
        test = self.tests.setdefault(name, {"outcome": "not run", "claims": claims})
        if report.outcome in BAD or hasattr(report, "wasxfail"):
            test["outcome"] = "failed" if report.outcome == "failed" else "skipped"
        elif report.when == "call" and test["outcome"] == "not run":
            test["outcome"] = "passed"

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the record of a run that went to its end."""
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return
        self.target.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.tests, indent=1, sort_keys=True, ensure_ascii=False)
        self.target.write_text(text + "\n", "utf-8")


def _ungrouped(nodeid: str) -> str:
    """Take off what `--dist loadgroup` adds to the names of tests that stay together."""
    return nodeid[: nodeid.rfind("@")] if nodeid.rfind("@") > nodeid.rfind("]") else nodeid

"""The stack, once for all tests of this folder; what it wrote is kept where a test failed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.running import ROOT, Stack, new_stack, run, start

# The first test that wants the stack also builds and starts it.
TIMEOUT_S = 1200
LOGS = ROOT / "build" / "stack.log"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test of this folder the time that starting the stack takes."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


@pytest.fixture(scope="session")
def images() -> None:
    """Build the product's images from this tree."""
    run("docker", "buildx", "bake", "--load", "-f", "compose/docker-bake.hcl")


@pytest.fixture(scope="session")
def configured(images: None) -> Iterator[Stack]:
    """Give a stack that has its secrets and does not run."""
    with new_stack() as stack:
        yield stack


@pytest.fixture(scope="session")
def stack(configured: Stack, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Give the stack in its standard size, healthy."""
    try:
        start(configured)
        yield configured
    except AssertionError:
        _keep_logs(configured)
        raise
    if request.session.testsfailed:
        _keep_logs(configured)


def _keep_logs(stack: Stack) -> None:
    LOGS.parent.mkdir(exist_ok=True)
    LOGS.write_text(stack.logs(), "utf-8")

"""The mark `untraced`: a test that runs without coverage, because tracing it would take minutes.

For tests that go over the same lines thousands of times: simulations, properties, state machines.
The lines they run are traced where other tests run them once.

Nor is collecting traced, which would take twice as long in each process: before it the product is
imported, so that coverage sees what its modules do as they are imported.
"""

import os
import pkgutil
from collections.abc import Generator, Iterator
from importlib import import_module
from pathlib import Path

import coverage
import pytest

# Whole folders of them: what they look at is source text. What `make test` leaves out needs no
# place here: it never runs with coverage.
FOLDERS = ("docs",)
# Alembic alone imports these, and each imports what it migrates.
_NOT_IMPORTED = ".migrations."
_OF_CHILDREN = "COVERAGE_PROCESS_CONFIG"
_TESTS = Path(__file__).parents[1]


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Import the product with coverage, and collect without."""
    measuring = coverage.Coverage.current()
    shares_out = session.config.getoption("dist", "no") != "no"
    if measuring is None or (shares_out and not hasattr(session.config, "workerinput")):
        return (yield)
    packages = measuring.get_option("run:source_pkgs")
    assert isinstance(packages, list)
    for package in packages:
        _import_all(package)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()


def _import_all(package: str) -> None:
    for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
        if _NOT_IMPORTED not in module.name and not module.name.endswith(".__main__"):
            import_module(module.name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of those folders, and every property: it goes the same way a hundred times."""
    for item in items:
        is_property = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if is_property or any(item.path.is_relative_to(_TESTS / name) for name in FOLDERS):
            item.add_marker(pytest.mark.untraced)


@pytest.fixture(autouse=True)
def _coverage_as_marked(request: pytest.FixtureRequest) -> Iterator[None]:
    measuring = coverage.Coverage.current()
    if measuring is None or request.node.get_closest_marker("untraced") is None:
        yield
        return
    measuring.stop()
    # By this variable the processes that it starts would be traced.
    of_children = os.environ.pop(_OF_CHILDREN, None)
    try:
        yield
    finally:
        if of_children is not None:
            os.environ[_OF_CHILDREN] = of_children
        measuring.start()

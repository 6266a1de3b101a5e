"""Folders whose tests are of the whole product, so that `make test-e2e` runs them."""

from pathlib import Path

import pytest

# They move installations, start processes, talk as a person does, or go through thousands of
# schedules: each of their tests goes over lines that smaller tests run too.
FOLDERS = (
    "integration/live",
    "integration/login",
    "integration/moving",
    "integration/processes",
    "simulation",
)
_TESTS = Path(__file__).parents[1]


# Before pytest leaves out what was not asked for, which it does in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of those folders."""
    for item in items:
        if any(item.path.is_relative_to(_TESTS / name) for name in FOLDERS):
            item.add_marker(pytest.mark.e2e)

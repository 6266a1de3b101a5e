"""Tests that share what is dear to make, such as a running platform, run on one worker."""

from pathlib import Path

import pytest

# Folders whose tests share it: on each worker that had some of them it would be made again.
FOLDERS = (
    "architecture",
    "e2e",
    "integration/api",
    "integration/cli",
    "integration/model",
    "integration/moving",
    "quality",
)
_TESTS = Path(__file__).parents[1]


# Before the worker reads the groups, which it does in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests of each of those folders, for `--dist loadgroup`."""
    for item in items:
        for name in FOLDERS:
            if item.path.is_relative_to(_TESTS / name):
                item.add_marker(pytest.mark.xdist_group(name))

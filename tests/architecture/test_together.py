"""Tests of one group run on one worker: `tests/plugins/together.py` rests on it."""

import pytest

TESTS = """
import pytest

@pytest.mark.parametrize("number", range(12))
@pytest.mark.xdist_group("dear")
def test_of_the_group(number, worker_id):
    pass

@pytest.mark.parametrize("number", range(12))
def test_of_none(number, worker_id):
    pass
"""


def test_a_group_stays_on_one_worker(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-n", "2", "--dist", "loadgroup", "-v")
    result.assert_outcomes(passed=24)
    workers = {
        line.split()[0] for line in result.outlines if "PASSED" in line and "of_the_group" in line
    }
    assert len(workers) == 1, "the new pytest or pytest-xdist does not group any more"

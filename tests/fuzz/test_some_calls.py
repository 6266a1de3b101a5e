"""A small, deterministic part of the fuzzing of the API; `make test-api-fuzz` does more of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.__main__ import ENVIRONMENT, fuzz_round, own_ids
from tests.support.platform import LivePlatform, live_platform

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def live(models_dir: Path) -> Iterator[LivePlatform]:
    with live_platform(models_dir, **ENVIRONMENT) as platform:
        platform.start()
        yield platform
        assert platform.stop() == 0


def test_every_edge_of_the_document_is_answered_as_documented(live: LivePlatform) -> None:
    """Each bound of each parameter, met and overstepped: what the document says comes back."""
    calls, status = fuzz_round(live, own_ids(live), 1, 1, "examples,coverage")
    assert status == 0
    assert calls > 300

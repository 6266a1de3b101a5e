"""Random parts of the platform are killed in the middle of 500 tasks: nothing is lost or doubled.

`make test-faults` runs three rounds; `python -m tests.faults.soak --rounds 20` all of them.
"""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.faults.soak import SOAK, VICTIMS, draw, soak
from tests.faults.test_kill import seed

pytestmark = pytest.mark.faults

ROUNDS = 3


@pytest.mark.requirement("C1", part="embedded: nothing lost or doubled by random kills, 500 tasks")
async def test_rounds_of_random_kills(models_dir: Path) -> None:
    soaked = await soak(models_dir, seed(), ROUNDS)
    print(soaked.summary())
    assert soaked.checked.problems == []
    assert soaked.tasks >= ROUNDS * 500


def test_every_part_is_a_victim_as_often_as_the_others() -> None:
    drawn = Counter(draw(Random(1), 4 * len(VICTIMS)))
    assert drawn == dict.fromkeys(VICTIMS, 4)
    assert draw(Random(1), 20) != draw(Random(2), 20)
    assert SOAK.unfinished_runs >= 100

"""Kill each part of the stack under accepted work: nothing is lost, nothing is applied twice.

`make chaos TASKS=1000 VICTIMS=all` plays every round and writes docs/reference/reliability.md.
Without it a third of the rounds is played, another one each day, with a hundred tasks; those of the
clocks, for which containers are made anew, are played where they are named.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.faults.load import Load
from tests.stack.chaos.effects import with_effects
from tests.stack.chaos.harm import CLOCKS, playable, prepared
from tests.stack.chaos.report import add_to_report
from tests.stack.chaos.rounds import play
from tests.stack.product import Product
from tests.stack.running import Stack

TASKS = int(os.environ.get("CHAOS_TASKS", "100"))
CHOSEN = os.environ.get("CHAOS_VICTIMS", "")
REPORT = os.environ.get("CHAOS_REPORT", "")
PARTS = 3
TIMEOUT_S = 900 + 2 * TASKS

pytestmark = [pytest.mark.stack, pytest.mark.timeout(TIMEOUT_S)]


def victims() -> tuple[str, ...]:
    """Choose whom: those that were named, all of them, or today's third."""
    if CHOSEN == "all":
        return playable()
    if CHOSEN:
        return tuple(CHOSEN.split(","))
    daily = [victim for victim in playable() if victim not in CLOCKS]
    return tuple(daily[int(time.time() // 86_400) % PARTS :: PARTS])


@pytest.fixture(scope="module")
def load() -> Load:
    return Load(Random(5))


@pytest.fixture(scope="module")
def counting(stack: Stack) -> Iterator[Stack]:
    """Give the stack with the agent whose effects are counted."""
    with with_effects(stack) as more:
        yield more


@pytest.mark.parametrize("victim", victims())
async def test_what_was_accepted_is_done_once(counting: Stack, load: Load, victim: str) -> None:
    with prepared(counting, victim) as stack:
        played = await play(Product(stack), load, victim, TASKS)
    assert played.unfinished >= TASKS, f"only {played.unfinished} were unfinished: send more"
    assert played.verdict.findings == ()
    if REPORT:
        add_to_report(Path(REPORT), played)

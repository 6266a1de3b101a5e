"""The whole dispatch in virtual time, seed by seed; a finding names the command that replays it.

Here a few hundred seeds; `make test-faults` runs thousands. `docs/howto/replay-a-simulation.md`
tells how to read a finding.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.simulation.plan import CALM, Crash, Goal, Plan, draw
from tests.simulation.planted import PLANTED, planted
from tests.simulation.world import Result, simulate
from tests.support.programs import REPOSITORY

CHUNK = 50
FEW, MANY = 50, 2050
# How often at least each of these happens in the first CHUNK seeds: else nothing is shown.
SEEN = {
    **{"retried": 5, "kept": 1},
    **{"killed": 20, "pause": 30, "jump": 10, "claimed → ready": 40, "outcome": 300},
    **{"fail_before": 50, "fail_after": 20, "slow": 50, "call_lost": 10, "reply_lost": 10},
    **{
        "refused": 5,
        "unconfirmed": 10,
        "dropped": 10,
        "doubled": 10,
        "delayed": 10,
        "hang_up": 10,
    },
}


def checked(result: Result) -> Result:
    """Fail with what was found, and how to see it again."""
    assert not result.problems, "\n".join(
        [result.plan.describe(), *result.problems, f"again: {result.replay}"]
    )
    return result


@pytest.mark.parametrize("first", range(0, FEW, CHUNK))
def test_nothing_is_lost_doubled_or_left(first: int) -> None:
    for seed in range(first, first + CHUNK):
        checked(simulate(seed))


@pytest.mark.faults
@pytest.mark.parametrize("first", range(FEW, MANY, CHUNK * 5))
def test_nothing_is_lost_doubled_or_left_in_thousands(first: int) -> None:
    for seed in range(first, first + CHUNK * 5):
        checked(simulate(seed))


def test_what_the_seeds_draw_does_happen() -> None:
    times: Counter[str] = Counter()
    losses = left_out = 0
    for seed in range(CHUNK):
        result = simulate(seed)
        times += result.trace.times
        losses += result.losses
        left_out += result.left_out
    assert losses > 5, "hardly anything was taken back"
    assert left_out > 5, "hardly anything was changed by two at once"
    assert {what: times[what] for what, least in SEEN.items() if times[what] < least} == {}


def test_a_seed_replays_exactly_even_in_another_process() -> None:
    seed = next(seed for seed in range(100) if draw(seed).crashes and draw(seed).pauses)
    first, second = simulate(seed), simulate(seed)
    assert first.trace.hash == second.trace.hash
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed)]
    told = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"trace ([0-9a-f]{32})", told)
    assert found, told
    assert found[1] == first.trace.hash
    assert simulate(seed + 1).trace.hash != first.trace.hash


@pytest.mark.faults
@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug: Callable[[pytest.MonkeyPatch], None]) -> None:
    for seed in range(PLANTED[bug]):
        with planted(bug):
            if simulate(seed).problems:
                return
    pytest.fail(f"{bug.__name__} was not found in {PLANTED[bug]} seeds")


def test_a_finding_is_printed_with_the_command_that_replays_it() -> None:
    bug = "outbox_emptied_before_the_confirm"
    command = [sys.executable, "-m", "tests.simulation", "--seed", "1", "--bug", bug]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "FOUND a wake-up for alpha left the outbox and was not published" in done.stdout
    assert "again: python -m tests.simulation --seed 1 --trace" in done.stdout


# -- a crash at every await -------------------------------------------------------------------


def quiet(*, embedded: bool) -> Plan:
    """Give a plan in which nothing goes wrong: a fork with two effects and a failure in it."""
    goals = (Goal("goal-1", "fork", 0.0, None), Goal("goal-2", "chain", 0.1, None))
    return replace(
        draw(4),
        embedded=embedded,
        workers=1,
        slots=2,
        lease_s=2.0,
        chaos_s=60.0,
        goals=goals,
        crashes=(),
        pauses=(),
        jumps=(),
        rates=CALM,
    )


def crash_at_steps(plan: Plan, process: str, *, every: int, offset: int) -> None:
    """Kill a process before each n-th of its steps, one simulation each."""
    steps = checked(simulate(plan)).steps[process]
    assert steps > 50
    for step in range(1 + offset, steps, every):
        crashed = replace(plan, crashes=(Crash(process, step, 0.5),))
        result = simulate(crashed)
        assert not result.problems, f"{process} killed before step {step}: {result.problems}"


@pytest.mark.faults
@pytest.mark.parametrize(
    ("embedded", "process"), [(False, "core"), (False, "alpha-0"), (True, "core")]
)
def test_a_crash_at_some_awaits_loses_nothing(embedded: bool, process: str) -> None:
    crash_at_steps(quiet(embedded=embedded), process, every=23, offset=0)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("embedded", "process"),
    [(False, "core"), (False, "alpha-0"), (False, "beta-0"), (True, "core")],
)
def test_a_crash_at_every_await_loses_nothing(embedded: bool, process: str) -> None:
    crash_at_steps(quiet(embedded=embedded), process, every=1, offset=0)

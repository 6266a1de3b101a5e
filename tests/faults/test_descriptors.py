"""The platform has no file descriptor left for a while: it says so, and loses nothing."""

import asyncio
import resource
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.faults.asking import asking
from tests.faults.rounds import all_ended, count_runs, trial
from tests.faults.test_kill import seed
from tests.support.platform import LivePlatform
from tests.support.programs import eventually

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="sets the limit of another process"),
]

# What the platform may open beside what it has open when it is ready: its own work needs half of
# it. More connections than that come.
SPARE = 100
CONNECTIONS = 300


def allow_few(platform: LivePlatform) -> int:
    """Leave the core few descriptors; gives how many it may have in all."""
    assert platform.process is not None
    pid = platform.process.pid
    allowed = psutil.Process(pid).num_fds() + SPARE
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


def crowd(stack: ExitStack, platform: LivePlatform) -> None:
    """Open connections that ask nothing, more than there is room for."""
    for _ in range(CONNECTIONS):
        connection = stack.enter_context(socket.socket())
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", platform.port))


def used_up(platform: LivePlatform, allowed: int) -> bool:
    assert platform.process is not None
    return psutil.Process(platform.process.pid).num_fds() >= allowed - 1


@pytest.mark.requirement("C1", part="embedded: nothing lost or doubled without file descriptors")
async def test_descriptors_are_used_up_for_a_while(models_dir: Path) -> None:
    with trial(models_dir, seed(), EFFECTS_PAUSE_S="0.02") as tried:
        platform, load = tried.platform, tried.load
        first = platform.process
        async with platform.async_client(5) as client, asking(platform) as asked:
            submitting = asyncio.create_task(load.submit(client, load.pieces(2, 30, 2)))
            await all_ended(platform, 3)
            allowed = allow_few(platform)
            with ExitStack() as stack:
                crowd(stack, platform)
                await asyncio.to_thread(
                    eventually, lambda: used_up(platform, allowed), "none is left"
                )
                more = asyncio.create_task(load.submit(client, load.pieces(2, 30, 2)))
                asked_before = sum(asked.statuses.values()) + sum(asked.silent.values())
                await asyncio.to_thread(
                    eventually,
                    lambda: (
                        sum(asked.statuses.values()) + sum(asked.silent.values())
                        > asked_before + 20
                    ),
                    "it was asked without any left",
                    60,
                )
                unfinished = count_runs(platform, "finished_at IS NULL")
            await asyncio.gather(submitting, more)
            await all_ended(platform, len(load.submitted.all_runs))
        print(f"{unfinished} unfinished; {asked.statuses}, {asked.codes}, none: {asked.silent}")
        assert asked.wrong == []
        assert platform.process is first, "the platform itself went on"
        checked = await tried.check()
    assert checked.problems == []

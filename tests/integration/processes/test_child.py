"""Supervised children: they come back, and none is left behind."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import uvloop

from sutazai.bootstrap.processes.child import ChildState, Restarts, Supervised
from sutazai.bootstrap.processes.leftover import end_leftover, remember
from sutazai.bootstrap.processes.postmaster import is_alive
from sutazai_contracts.errors import Unavailable
from tests.integration.processes.children import describe, with_timeouts
from tests.support.programs import eventually, hear, program

pytestmark = pytest.mark.faults

PARENT = Path(__file__).parent / "programs" / "parent.py"


def children_of(root: Path) -> list[psutil.Process]:
    """Return the living processes whose command line names the folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(root / "marker") == word for word in process.info["cmdline"] or ())
        and is_alive(process)
    ]


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path: Path) -> Iterator[None]:
    yield
    left = children_of(tmp_path)
    for process in left:
        process.kill()
    assert left == []


async def test_runs_a_child_in_a_session_of_its_own_and_ends_it(tmp_path: Path) -> None:
    async with Supervised(describe(tmp_path)) as child:
        pid = int((tmp_path / "marker").read_text())
        assert (child.state, child.pid) == (ChildState.RUNNING, pid)
        assert os.getsid(pid) == pid != os.getsid(0)
    assert (child.state, child.pid) == (ChildState.STOPPED, None)
    assert not (tmp_path / "run" / "child.pid").exists()


def test_works_on_uvloop(tmp_path: Path) -> None:
    async def run() -> None:
        async with Supervised(describe(tmp_path)) as child:
            assert child.pid == int((tmp_path / "marker").read_text())
            os.kill(child.pid, signal.SIGKILL)
            await asyncio.wait_for(child.wait_for(ChildState.RESTARTING), 10)
            await asyncio.wait_for(child.wait_for(ChildState.RUNNING), 10)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


async def test_a_child_that_dies_comes_back(tmp_path: Path) -> None:
    async with Supervised(describe(tmp_path)) as child:
        first = child.pid
        assert first is not None
        (tmp_path / "marker").unlink()
        os.kill(first, signal.SIGKILL)
        await asyncio.wait_for(child.wait_for(ChildState.RESTARTING), 10)
        await asyncio.wait_for(child.wait_for(ChildState.RUNNING), 10)
        assert child.restart_count == 1
        assert child.pid == int((tmp_path / "marker").read_text()) != first


async def test_a_child_that_keeps_dying_is_shown_as_failed_and_still_recovers(
    tmp_path: Path,
) -> None:
    broken = tmp_path / "broken"
    rule = Restarts(first_s=0.01, longest_s=0.05, tries=3)
    described = describe(tmp_path, "--broken-while", str(broken), restarts=rule)
    async with Supervised(described) as child:
        broken.write_text("")
        (tmp_path / "marker").unlink()
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        await asyncio.wait_for(child.wait_for(ChildState.FAILED), 20)
        assert child.restart_count >= 2
        broken.unlink()
        await asyncio.wait_for(child.wait_for(ChildState.RUNNING), 20)
    assert "the child is broken" in (tmp_path / "logs" / "child.log").read_text()


async def test_a_child_that_ends_before_it_is_ready_is_an_error_with_its_last_words(
    tmp_path: Path,
) -> None:
    (tmp_path / "broken").write_text("")
    child = Supervised(describe(tmp_path, "--broken-while", str(tmp_path / "broken")))
    with pytest.raises(Unavailable, match=r"(?s)ended with 3 .*the child is broken"):
        await child.__aenter__()
    assert child.state is ChildState.STOPPED


async def test_a_child_that_is_never_ready_is_an_error_and_is_ended(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    described = with_timeouts(describe(tmp_path), ready_s=0.5)
    child = Supervised(type(described)(**{**vars(described), "ready": never}))
    with pytest.raises(Unavailable, match="was not ready within"):
        await child.__aenter__()
    assert children_of(tmp_path) == []


async def test_a_program_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    described = describe(tmp_path)
    child = Supervised(type(described)(**{**vars(described), "command": ["/no/such/program"]}))
    with pytest.raises(Unavailable, match="can't be started"):
        await child.__aenter__()


async def test_a_child_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    described = with_timeouts(describe(tmp_path, "--stubborn"), stop_s=0.2)
    async with Supervised(described) as child:
        assert child.pid is not None
    assert children_of(tmp_path) == []


async def test_a_cancelled_start_leaves_no_child(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def never() -> bool:
        asked.set()
        return False

    described = describe(tmp_path)
    child = Supervised(type(described)(**{**vars(described), "ready": never}))
    start = asyncio.create_task(child.__aenter__())
    await asyncio.wait_for(asked.wait(), 10)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert children_of(tmp_path) == []


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with program(PARENT, tmp_path) as parent:
        child = psutil.Process(int(hear(parent)))
        assert is_alive(child)
        os.kill(parent.pid, signal.SIGKILL)
        eventually(lambda: not is_alive(child), "the child has ended")


async def test_a_left_over_child_is_ended_before_a_new_one_starts(tmp_path: Path) -> None:
    with program(PARENT, tmp_path, "--stubborn") as parent:
        stubborn = psutil.Process(int(hear(parent)))
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(10)
    assert is_alive(stubborn)
    async with Supervised(describe(tmp_path)) as child:
        assert not is_alive(stubborn)
        assert [process.pid for process in children_of(tmp_path)] == [child.pid]


async def test_a_process_that_merely_has_the_number_is_left_alone(tmp_path: Path) -> None:
    pid_path = tmp_path / "run" / "child.pid"
    with subprocess.Popen(["sleep", "600"]) as other:
        try:
            remember(pid_path, other.pid)
            for field, value in (("created", 1.0), ("command", ["python", "child.py"])):
                wrong = _with(pid_path, field, value)
                assert not await end_leftover(wrong)
                assert other.poll() is None
                assert not wrong.exists()
            assert await end_leftover(pid_path)  # the true record does prove it
            assert other.wait(10) == -signal.SIGTERM
        finally:
            other.kill()


async def test_a_pid_file_that_is_none_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "child.pid"
    path.write_text("{")
    assert not await end_leftover(path)
    assert not path.exists()


def _with(pid_path: Path, field: str, value: object) -> Path:
    record = json.loads(pid_path.read_text())
    changed = pid_path.with_name("changed.pid")
    changed.write_text(json.dumps({**record, field: value}))
    return changed


def test_a_child_is_known_by_its_command_though_the_kernel_still_puts_it_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty: list[list[str]] = [[], []]
    real, answers = psutil.Process.cmdline, iter(empty)
    monkeypatch.setattr(psutil.Process, "cmdline", lambda process: next(answers, real(process)))
    pid_path = tmp_path / "child.pid"
    remember(pid_path, os.getpid())
    assert json.loads(pid_path.read_text())["command"] == real(psutil.Process())
    assert next(answers, None) is None

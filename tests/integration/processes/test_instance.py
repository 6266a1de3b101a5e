"""One instance per home, as somebody sees it who starts a second one."""

import fcntl
import os
import signal
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from loguru import logger

from sutazai.bootstrap.processes import instance
from sutazai.bootstrap.processes.instance import (
    InstanceRunning,
    InstanceStatus,
    hold_instance,
    read_instance,
)
from sutazai_contracts.errors import Unavailable
from tests.support.programs import hear, kill_group, program, say

HOLDER = Path(__file__).parent / "programs" / "holder.py"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "some" / "home"


@pytest.fixture
def waiting() -> Iterator[threading.Event]:
    """Give an event that is set once somebody waits for a stopping instance."""
    met = threading.Event()
    sink = logger.add(lambda _: met.set(), filter=lambda record: "waiting for" in record["message"])
    yield met
    logger.remove(sink)


def test_makes_a_private_home_and_says_who_holds_it(home: Path) -> None:
    with hold_instance(home) as held:
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "instance.lock").stat().st_mode) == 0o600
        held.announce("http://127.0.0.1:1")
        found = read_instance(home)
        assert (found.state, found.pid, found.api_url) == (
            "running",
            os.getpid(),
            "http://127.0.0.1:1",
        )
        assert found.started_at is not None
        held.stopping()
        assert read_instance(home).state == "stopping"
    assert read_instance(home) == InstanceStatus("stopped")
    assert (home / "instance.lock").read_bytes() == b""


def test_a_home_never_used_has_no_instance(home: Path) -> None:
    assert read_instance(home) == InstanceStatus("stopped")
    assert not home.exists()


def test_a_second_start_fails_at_once_and_names_the_first(home: Path) -> None:
    with program(HOLDER, home) as holder:
        hear(holder)
        with pytest.raises(InstanceRunning) as caught, hold_instance(home, wait_s=600):
            pass
        assert caught.value.pid == holder.pid
        for word in (str(holder.pid), str(home), f"kill {holder.pid}", "--home"):
            assert word in caught.value.message
        assert read_instance(home).pid == holder.pid
        assert read_instance(home).api_url == "http://127.0.0.1:10010"


def test_a_second_start_in_the_same_process_fails_too(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "_UNNAMED_S", 0.1)
    with hold_instance(home), pytest.raises(InstanceRunning), hold_instance(home):
        pass


def test_a_start_waits_for_one_that_shuts_down(home: Path, waiting: threading.Event) -> None:
    held = threading.Event()

    def start() -> None:
        with hold_instance(home):
            held.set()

    with program(HOLDER, home) as holder:
        hear(holder)
        say(holder, "stopping")
        hear(holder)
        thread = threading.Thread(target=start)
        thread.start()
        assert waiting.wait(10)
        assert not held.is_set()
        assert holder.stdin
        holder.stdin.close()
        assert held.wait(10)
        thread.join(10)


def test_a_start_gives_up_on_one_that_never_ends(home: Path) -> None:
    with program(HOLDER, home) as holder:
        hear(holder)
        say(holder, "stopping")
        hear(holder)
        with (
            pytest.raises(InstanceRunning, match=f"still shutting down.*{holder.pid}"),
            hold_instance(home, wait_s=0.2),
        ):
            pass


def test_a_killed_instance_leaves_no_lock_though_its_child_lives(home: Path) -> None:
    with program(HOLDER, home) as holder:
        hear(holder)
        say(holder, "child")
        child = psutil.Process(int(hear(holder)))
        try:
            os.kill(holder.pid, signal.SIGKILL)
            holder.wait(10)
            assert child.is_running()
            assert read_instance(home).state == "stopped"
            with hold_instance(home):
                assert read_instance(home).pid == os.getpid()
        finally:
            child.kill()


def test_a_lock_that_names_nobody_living_is_not_broken(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "_UNNAMED_S", 0.1)
    home.mkdir(parents=True)
    descriptor = os.open(home / "instance.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert read_instance(home) == InstanceStatus("running")
        with pytest.raises(InstanceRunning, match="not visible") as caught, hold_instance(home):
            pass
        assert caught.value.pid is None
    finally:
        os.close(descriptor)


def test_a_reader_does_not_keep_a_start_out(home: Path) -> None:
    """The reader's own short lock is not taken for an instance, even after a killed one."""
    with program(HOLDER, home) as holder:
        hear(holder)
        kill_group(holder)
    reader = os.open(home / "instance.lock", os.O_RDONLY)
    fcntl.flock(reader, fcntl.LOCK_SH)
    release = threading.Timer(0.2, os.close, [reader])
    release.start()
    with hold_instance(home):
        assert read_instance(home).state == "running"
    release.join()


def test_a_home_that_can_not_be_one_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(Unavailable, match="can't be used as a home"),
        hold_instance(tmp_path / "file"),
    ):
        pass

"""What a killed instance leaves, and what the next start makes of it."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import psycopg
import pytest

from sutazai.bootstrap.processes.accounts import server_account
from sutazai.bootstrap.processes.postgres import start_postgres
from sutazai.bootstrap.processes.postmaster import find_running, is_alive, status
from sutazai.bootstrap.processes.server import EmbeddedPostgres
from tests.support.programs import eventually, hear, kill_group, program

pytestmark = pytest.mark.faults

# What a killed process leaves does not depend on what a power cut would leave.
NO_SYNC = {"fsync": "off"}  # as in owner.py
OWNER = Path(__file__).parent / "programs" / "owner.py"


async def start(root: Path, *, adopt_timeout_s: float = 10.0, **settings: str) -> EmbeddedPostgres:
    return await start_postgres(
        root / "postgres",
        root / "run",
        root / "logs" / "postgres.log",
        settings={**NO_SYNC, **settings},
        adopt_timeout_s=adopt_timeout_s,
    )


def kept(server: EmbeddedPostgres) -> list[str]:
    """Return the words in the owner's table; it must not be locked any more."""
    with psycopg.connect(server.admin_dsn, options="-c lock_timeout=5s") as connection:
        return [word for (word,) in connection.execute("SELECT word FROM kept")]


@pytest.fixture
async def left(root: Path) -> AsyncIterator[psutil.Process]:
    """Give the PostgreSQL that an instance killed with its whole process group has left."""
    with program(OWNER, root) as owner:
        postmaster = psutil.Process(int(hear(owner)))
        kill_group(owner)
    assert is_alive(postmaster)
    yield postmaster
    found = find_running(root / "postgres")
    for process in (found.postmaster, *found.backends):
        if process:
            process.kill()
    assert found.postmaster is None, "the test has not stopped its server"
    assert found.backends == []


async def test_takes_over_a_living_server_and_ends_the_dead_instances_sessions(
    root: Path, left: psutil.Process
) -> None:
    server = await start(root)
    try:
        assert server.adopted
        assert server.pid == left.pid
        assert kept(server) == ["committed"]
    finally:
        await server.stop()
    assert not is_alive(left)


async def test_a_server_started_with_other_settings_is_started_anew(
    root: Path, left: psutil.Process
) -> None:
    server = await start(root, work_mem="5MB")
    try:
        assert not server.adopted
        assert not is_alive(left)
        assert kept(server) == ["committed"]
    finally:
        await server.stop()


async def test_a_server_killed_too_is_started_at_once(root: Path, left: psutil.Process) -> None:
    left.kill()
    server = await start(root)
    try:
        assert server.pid != left.pid
        assert kept(server) == ["committed"]
    finally:
        await server.stop()


async def test_orphans_that_hang_are_ended_first(root: Path, left: psutil.Process) -> None:
    hanging = [child for child in left.children() if "checkpointer" in "".join(child.cmdline())]
    assert hanging
    for backend in hanging:
        backend.send_signal(signal.SIGSTOP)
    left.kill()
    server = await start(root)
    try:
        assert not any(is_alive(backend) for backend in hanging)
        assert kept(server) == ["committed"]
    finally:
        await server.stop()


async def test_a_server_that_hangs_is_ended_and_started_anew(
    root: Path, left: psutil.Process
) -> None:
    left.send_signal(signal.SIGSTOP)
    server = await start(root, adopt_timeout_s=0.2)
    try:
        assert not server.adopted
        assert not is_alive(left)
        assert kept(server) == ["committed"]
    finally:
        await server.stop()


async def test_a_server_in_the_middle_of_its_shutdown_is_waited_for(root: Path) -> None:
    first = await start(root)
    connection = psycopg.connect(first.admin_dsn)
    first.process.send_signal(signal.SIGTERM)  # waits for the session to end
    await asyncio.to_thread(
        eventually, lambda: status(first.data_dir) == "stopping", "it shuts down"
    )
    starting = asyncio.create_task(start(root))
    done, _ = await asyncio.wait([starting], timeout=0.3)
    assert not done
    assert first.is_running()
    connection.close()
    second = await starting
    try:
        assert second.pid != first.pid
        assert not first.is_running()
        log = second.log_path.read_text()
        assert "was not properly shut down" not in log
    finally:
        await second.stop()


async def test_a_foreign_process_with_the_number_in_the_pid_file_is_left_alone(
    root: Path, left: psutil.Process
) -> None:
    """A number is reused: here by a process of the very user the server runs as."""
    left.kill()
    pid_file = root / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    account = server_account()
    with subprocess.Popen(
        ["sleep", "600"], user=account.uid if account else None, cwd=root / "postgres"
    ) as other:
        try:
            pid_file.write_text("\n".join([str(other.pid), *lines[1:]]))
            server = await start(root)
            try:
                assert server.pid != other.pid
                assert kept(server) == ["committed"]
            finally:
                await server.stop()
            assert other.poll() is None
        finally:
            other.kill()


async def test_a_first_start_killed_in_the_middle_leaves_nothing_half_made(
    new_root: Path,
) -> None:
    root = new_root

    def initdbs() -> list[psutil.Process]:
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(f"{root}/postgres.new-" in word for word in process.info["cmdline"] or ())
            and is_alive(process)
        ]

    with program(OWNER, root) as owner:
        await asyncio.to_thread(eventually, initdbs, "initdb runs")
        interrupted = initdbs()
        for process in interrupted:
            process.send_signal(signal.SIGSTOP)  # so that it does not end by itself meanwhile
        kill_group(owner)
    assert interrupted
    assert not (root / "postgres").exists()
    server = await start(root)
    try:
        assert initdbs() == []
        assert list(root.glob("postgres.new-*")) == []
        psycopg.connect(server.admin_dsn).close()
    finally:
        await server.stop()


async def test_a_cancelled_start_leaves_no_server(root: Path) -> None:
    await (await start(root)).stop()
    pids = root / "postgres" / "postmaster.pid"
    starting = asyncio.create_task(start(root))
    await asyncio.to_thread(eventually, pids.exists, "the server has begun")
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert find_running(root / "postgres").postmaster is None


async def test_a_data_folder_reached_by_another_name_is_the_same(
    root: Path, left: psutil.Process
) -> None:
    (root / "link").symlink_to(root)
    found = find_running(root / "link" / "postgres")
    assert found.postmaster is not None
    assert found.postmaster.pid == left.pid
    assert os.getsid(left.pid) == left.pid
    await (await start(root)).stop()

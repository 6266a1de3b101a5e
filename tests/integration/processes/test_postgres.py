"""The embedded PostgreSQL as its owner sees it: it starts, serves, keeps others out, and stops."""

import asyncio
import os
import pwd
import shutil
import stat
import subprocess
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import psycopg
import pytest

from sutazai.bootstrap.processes.cluster import installation
from sutazai.bootstrap.processes.postgres import open_postgres, start_postgres
from sutazai.bootstrap.processes.postmaster import find_running
from sutazai.bootstrap.processes.server import EmbeddedPostgres
from sutazai.bootstrap.processes.sockets import MAX_SOCKET_PATH
from sutazai_contracts.errors import DatabaseUnavailable

AS_ROOT = os.geteuid() == 0


async def start(root: Path, **settings: str) -> EmbeddedPostgres:
    return await start_postgres(
        root / "postgres", root / "run", root / "logs" / "postgres.log", settings=settings
    )


def nothing_runs(root: Path) -> bool:
    found = find_running(root / "postgres")
    return found.postmaster is None and found.backends == []


@pytest.fixture
async def server(root: Path) -> AsyncIterator[EmbeddedPostgres]:
    async with open_postgres(
        root / "postgres", root / "run", root / "logs" / "postgres.log"
    ) as started:
        yield started


async def test_serves_both_drivers_with_vectors_utf8_and_durable_commits(
    server: EmbeddedPostgres,
) -> None:
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute("CREATE EXTENSION vector")
        assert await connection.fetchval("SELECT '[1,2]'::vector <-> '[1,4]'") == 2
        rows = await connection.fetch("SELECT name, setting FROM pg_settings")
        settings = {row["name"]: row["setting"] for row in rows}
        assert settings["fsync"] == settings["synchronous_commit"] == "on"
        assert settings["listen_addresses"] == ""
        assert settings["max_connections"] == "60"
        assert await connection.fetchval("SELECT upper('é') || lower('Ü')") == "Éü"
        await connection.execute("CREATE ROLE plain LOGIN")
        await connection.execute('CREATE DATABASE "it\'s %41 x"')
    finally:
        await connection.close()
    with psycopg.connect(server.dsn("plain", "it's %41 x", password="not/looked@at")) as other:
        assert other.execute("SELECT current_user, current_database()").fetchone() == (
            "plain",
            "it's %41 x",
        )


async def test_stops_with_everything_and_starts_again_with_its_data(root: Path) -> None:
    server = await start(root)
    assert not server.adopted
    with psycopg.connect(server.admin_dsn) as left_open:
        left_open.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        left_open.commit()
        await server.stop()
        assert not server.is_running()
        assert nothing_runs(root)
    again = await start(root)
    try:
        assert again.pid != server.pid
        with psycopg.connect(again.admin_dsn) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    finally:
        await again.stop("immediate")
    assert nothing_runs(root)


async def test_watch_returns_when_the_server_has_ended(server: EmbeddedPostgres) -> None:
    watching = asyncio.create_task(server.watch())
    assert server.is_running()
    server.process.kill()
    await asyncio.wait_for(watching, 10)
    assert not server.is_running()


async def test_runs_in_a_session_of_its_own(server: EmbeddedPostgres) -> None:
    assert os.getsid(server.pid) == server.pid


async def test_a_home_too_deep_for_a_socket_uses_a_short_folder(root: Path) -> None:
    root = root / ("deep " * 12) / ("er" * 30)
    server = await start(root)
    try:
        socket = server.socket_dir / ".s.PGSQL.5432"
        assert stat.S_ISSOCK(socket.stat().st_mode)
        assert len(str(socket)) <= MAX_SOCKET_PATH < len(str(root / "run" / socket.name))
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
        adopted = await start(root)
        assert (adopted.pid, adopted.socket_dir) == (server.pid, server.socket_dir)
        for connect in (psycopg.connect(adopted.dsn()), psycopg.connect(server.dsn())):
            connect.close()
    finally:
        await server.stop()
        shutil.rmtree(server.socket_dir)


async def test_a_setting_the_server_refuses_is_an_error_with_the_log(root: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"did not start(?s:.*)shared_buffers"):
        await start(root, shared_buffers="plenty")
    assert nothing_runs(root)


async def test_a_folder_with_other_things_in_it_is_not_touched(new_root: Path) -> None:
    root = new_root
    (root / "postgres").mkdir()
    (root / "postgres" / "diary.txt").write_text("mine")
    with pytest.raises(DatabaseUnavailable, match="holds no PostgreSQL data"):
        await start(root)
    assert (root / "postgres" / "diary.txt").read_text() == "mine"


async def test_the_log_is_private(server: EmbeddedPostgres) -> None:
    assert stat.S_IMODE(server.log_path.stat().st_mode) == 0o600
    assert "ready to accept connections" in server.log_path.read_text()


@pytest.mark.skipif(not AS_ROOT, reason="only root can be another user")
class TestAsRoot:
    """What concerns more than one operating-system user."""

    async def test_the_server_is_not_root(self, server: EmbeddedPostgres) -> None:
        assert server.process.username() == "pgserver"
        assert server.data_dir.owner() == "pgserver"

    async def test_the_home_stays_shut_to_others(
        self, server: EmbeddedPostgres, root: Path
    ) -> None:
        for target in (root, server.data_dir, server.socket_dir):
            listed = as_nobody(["ls", str(target)])
            assert "Permission denied" in listed.stderr

    async def test_the_kernel_tells_the_server_who_connects(
        self, server: EmbeddedPostgres, root: Path
    ) -> None:
        """Even with the doors open nobody but the owner of the installation is let in."""
        for path in (root, server.socket_dir, server.socket_dir / ".s.PGSQL.5432"):
            path.chmod(0o777)
        assert "Peer authentication failed" in said_by_nobody(lambda: refusal(server.dsn()))
        psycopg.connect(server.dsn()).close()


def as_nobody(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program as another user; `PermissionError` where that user does not reach it."""
    return subprocess.run(
        command, user="nobody", group="nogroup", capture_output=True, text=True, cwd="/"
    )


def said_by_nobody(work: Callable[[], str]) -> str:
    """Give what another user's process makes of some work: what it returns, or how it failed.

    It is forked, not started: the interpreter itself may be where that user does not reach.
    """
    nobody = pwd.getpwnam("nobody")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        words = ""
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            words = work()
        finally:
            os.write(writing, (words or traceback.format_exc()).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        words = said.read()
    os.waitpid(pid, 0)
    return words


def refusal(dsn: str) -> str:
    """Give the words in which a server refuses a connection."""
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError as refused:
        return str(refused)
    return "not refused"


@pytest.mark.skipif(not AS_ROOT, reason="the other tests run as an ordinary user then")
def test_works_as_an_ordinary_user_too(new_root: Path) -> None:
    try:
        as_nobody([str(installation() / "bin" / "initdb"), "--version"])
    except PermissionError:
        pytest.skip("other users don't reach the virtual environment")
    nobody = pwd.getpwnam("nobody")
    os.chown(new_root, nobody.pw_uid, nobody.pw_gid)
    assert said_by_nobody(lambda: asyncio.run(_start_and_stop(new_root))) == "nobody stopped"
    assert nothing_runs(new_root)


async def _start_and_stop(root: Path) -> str:
    server = await start(root)
    user = server.process.username()
    psycopg.connect(server.dsn()).close()
    await server.stop()
    return f"{user} {'runs' if server.is_running() else 'stopped'}"

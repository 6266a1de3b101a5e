"""Who may pass through the folders above the server's own."""

import errno
import os
import pwd
import shutil
import stat
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from sutazai.bootstrap.processes import accounts
from sutazai.bootstrap.processes.accounts import (
    ServerAccount,
    let_read,
    let_through,
    own_name,
    server_account,
)
from sutazai_contracts.errors import DatabaseUnavailable
from tests.support.postgres import private_folder

NOBODY = ServerAccount("nobody", 65534, 65534)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts what runs as another user")


def sees(path: Path, *, uid: int) -> bool:
    """Return whether the user reaches a file that anybody may read."""
    return (
        subprocess.run(
            ["cat", str(path)], user=uid, group=uid, extra_groups=[], capture_output=True
        ).returncode
        == 0
    )


def test_the_server_runs_as_we_do_unless_we_are_root() -> None:
    account = server_account()
    if os.geteuid() == 0:
        assert account is not None
        assert account.uid != 0
        assert server_account() == account
    else:
        assert account is None


def test_a_user_without_a_name_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 3_999_999)
    with pytest.raises(DatabaseUnavailable, match="3999999 has no name"):
        own_name()


@as_root
@pytest.mark.parametrize(("tool", "words"), [(None, "Add a user"), ("/bin/false", "not be added")])
def test_root_is_told_when_the_servers_user_can_not_be_made(
    tool: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "ACCOUNT", "sutazai-no-such-user")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: tool)
    with pytest.raises(DatabaseUnavailable, match=words):
        server_account()


@as_root
def test_one_first_start_at_a_time_adds_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    both_are_adding = threading.Barrier(2)
    added: list[str] = []
    ours = pwd.getpwuid(0)

    def known(_: str) -> pwd.struct_passwd:
        if not added:
            raise KeyError
        return ours

    def add() -> None:
        with suppress(threading.BrokenBarrierError):
            both_are_adding.wait(0.5)
        added.append("pgserver")

    monkeypatch.setattr(pwd, "getpwnam", known)
    monkeypatch.setattr(accounts, "_make_account", add)
    with ThreadPoolExecutor(2) as starts:
        first, second = starts.submit(server_account), starts.submit(server_account)
    assert added == ["pgserver"]
    assert first.result() == second.result()


@as_root
def test_one_user_passes_and_no_other_and_nobody_may_list() -> None:
    with private_folder() as folder:
        deep = folder / "home" / "postgres"
        deep.mkdir(parents=True)
        (folder / "home").chmod(0o700)
        (deep / "file").write_text("seen")
        assert not sees(deep / "file", uid=NOBODY.uid)
        let_through(NOBODY, deep)
        let_through(NOBODY, deep)
        let_through(ServerAccount("other", 4712, 4712), deep)  # a second user joins the list
        assert sees(deep / "file", uid=NOBODY.uid)
        assert sees(deep / "file", uid=4712)
        assert not sees(deep / "file", uid=4711)
        listed = subprocess.run(["ls", str(folder)], user=NOBODY.uid, capture_output=True)
        assert b"Permission denied" in listed.stderr


@as_root
def test_a_chmod_that_shut_the_way_is_mended_at_the_next_start() -> None:
    with private_folder() as folder:
        (folder / "file").write_text("seen")
        let_through(NOBODY, folder / "file")
        folder.chmod(0o700)
        assert not sees(folder / "file", uid=NOBODY.uid)
        let_through(NOBODY, folder / "file")
        assert sees(folder / "file", uid=NOBODY.uid)


@as_root
def test_without_access_lists_all_may_pass_but_not_list(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> bytes:
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(os, "getxattr", unsupported)
    with private_folder() as folder:
        (folder / "file").write_text("seen")
        let_through(NOBODY, folder / "file")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o701
        assert sees(folder / "file", uid=NOBODY.uid)


@as_root
def test_a_package_installed_under_a_strict_umask_is_opened_for_reading() -> None:
    with private_folder() as folder:
        (folder / "package" / "bin").mkdir(parents=True)
        program, data = folder / "package" / "bin" / "tool", folder / "package" / "data"
        program.write_text("")
        data.write_text("")
        program.chmod(0o700)
        for path in (data, folder / "package" / "bin", folder / "package"):
            path.chmod(0o600 if path is data else 0o700)
        let_read(NOBODY, folder / "package")
        assert sees(program, uid=NOBODY.uid)
        assert sees(data, uid=NOBODY.uid)
        assert stat.S_IMODE(program.stat().st_mode) == 0o755
        assert stat.S_IMODE(data.stat().st_mode) == 0o644

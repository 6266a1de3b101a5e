"""Folders for Unix sockets."""

import os
import stat
from pathlib import Path

import pytest

from sutazai.bootstrap.processes.accounts import ServerAccount
from sutazai.bootstrap.processes.sockets import MAX_SOCKET_PATH, socket_folder
from sutazai_contracts.errors import Unavailable


def test_the_homes_own_folder_is_taken_when_the_path_fits(tmp_path: Path) -> None:
    folder = socket_folder(tmp_path / "run", "s")
    assert folder == tmp_path / "run"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["x" * 90, "with space", "a,b", "ünder"])
def test_a_long_or_odd_path_gets_a_short_one_the_same_each_time(name: str, tmp_path: Path) -> None:
    preferred = tmp_path / name
    folder = socket_folder(preferred, "a.sock", base=tmp_path)
    assert folder == socket_folder(preferred, "a.sock", base=tmp_path)
    assert folder.parent == tmp_path
    assert folder != socket_folder(tmp_path / f"{name}2", "a.sock", base=tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not preferred.exists()


def test_the_limit_is_that_of_the_whole_path(tmp_path: Path) -> None:
    room = MAX_SOCKET_PATH - len(str(tmp_path / "run")) - 1
    assert socket_folder(tmp_path / "run", "s" * room, base=tmp_path) == tmp_path / "run"
    assert socket_folder(tmp_path / "run", "s" * (room + 1), base=tmp_path) != tmp_path / "run"


def test_a_short_folder_somebody_planted_is_refused(tmp_path: Path) -> None:
    folder = socket_folder(tmp_path / ("x" * 90), "s", base=tmp_path)
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unavailable, match="belongs to somebody else"):
        socket_folder(tmp_path / ("x" * 90), "s", base=tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused_unless_it_is_the_servers(tmp_path: Path) -> None:
    server = ServerAccount("server", 4711, 4711)
    assert socket_folder(tmp_path / "run", "s", account=server).stat().st_uid == 4711
    assert socket_folder(tmp_path / "run", "s", account=server).stat().st_uid == 4711
    with pytest.raises(Unavailable, match="belongs to somebody else"):
        socket_folder(tmp_path / "run", "s")

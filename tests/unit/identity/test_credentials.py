"""The credentials file."""

import json
import stat
from pathlib import Path
from uuid import uuid4

import pytest

from sutazai.core.identity.credentials import keep_addresses, write_credentials
from sutazai.core.identity.model import FirstCredentials
from sutazai_contracts.errors import Unavailable

FIRST = FirstCredentials(uuid4(), "admin@sutazai.local", "pass word", "sk_key")


def test_it_holds_what_is_needed_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "home" / "credentials.json"
    write_credentials(path, FIRST, "http://127.0.0.1:10010")
    assert json.loads(path.read_text()) == {
        "email": "admin@sutazai.local",
        "password": "pass word",
        "api_key": "sk_key",
        "api_url": "http://127.0.0.1:10010",
        "dashboard_url": None,
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_it_replaces_an_earlier_one_and_what_a_crash_left(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text("old")
    path.chmod(0o644)
    (tmp_path / ".credentials.json.partial").write_text("half")
    write_credentials(path, FIRST, "url")
    assert json.loads(path.read_text())["api_url"] == "url"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_can_not_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match=r"credentials\.json can't be written"):
        write_credentials(tmp_path / "file" / "credentials.json", FIRST, "url")


def test_a_failed_write_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.mkdir()  # a rename onto a folder fails, whoever tries
    with pytest.raises(Unavailable):
        write_credentials(path, FIRST, "url")
    assert list(tmp_path.iterdir()) == [path]
    assert path.is_dir()


def test_the_addresses_are_those_of_now_and_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    write_credentials(path, FIRST, "http://127.0.0.1:10010")
    before = json.loads(path.read_text())
    keep_addresses(path, "http://127.0.0.1:4242", "http://127.0.0.1:4243/")
    addresses = {"api_url": "http://127.0.0.1:4242", "dashboard_url": "http://127.0.0.1:4243/"}
    assert json.loads(path.read_text()) == before | addresses
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kept", [None, "no JSON", "[]"])
def test_a_file_of_another_form_is_left_alone(tmp_path: Path, kept: str | None) -> None:
    path = tmp_path / "credentials.json"
    if kept is not None:
        path.write_text(kept)
    keep_addresses(path, "http://127.0.0.1:4242", "http://127.0.0.1:4243/")
    assert (path.read_text() if path.exists() else None) == kept

"""The whole installation is saved while it runs, and comes back elsewhere, row by row."""

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sutazai.bootstrap.backup.making import make_backup
from sutazai.bootstrap.backup.restoring import restore_backup
from sutazai.settings import DatabaseSettings, Settings
from sutazai_contracts.errors import Conflict, InvalidInput
from tests.integration.api.answers import ended, indexed
from tests.support.platform import LivePlatform, live_platform
from tests.support.postgres import private_folder
from tests.support.programs import eventually

# One platform and one backup for all of them: on one worker.
pytestmark = [pytest.mark.faults, pytest.mark.timeout(600), pytest.mark.xdist_group("backup")]
ROWS = """
SELECT table_name::text FROM information_schema.columns
WHERE table_schema = 'sutazai' AND column_name = 'tenant_id' ORDER BY 1
"""
# What the first start after a restore changes: where points are, and that they are made anew.
_RENEWED = {"collections": "physical", "document_versions": "swept"}


def command(live: LivePlatform, *arguments: object, code: int = 0) -> str:
    """Run a command on a platform's home; gives what it said, to whichever side."""
    ended = subprocess.run(
        live.command(*map(str, arguments)),
        env=live.variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def rows(live: LivePlatform) -> dict[str, set[str]]:
    """Give every row of every table as text."""
    found: dict[str, set[str]] = {}
    with live.postgres() as connection:
        for (table,) in connection.execute(ROWS).fetchall():
            minus = f" - '{_RENEWED[table]}'" if table in _RENEWED else ""
            query = f"SELECT (to_jsonb(r){minus})::text FROM {table} r"
            found[table] = {row[0] for row in connection.execute(query.encode()).fetchall()}
    return found


def hits(live: LivePlatform) -> list[dict[str, Any]]:
    with live.client() as api:
        answer = api.post("/api/v1/search", json={"query": "When are backups made?"})
    found: list[dict[str, Any]] = answer.json().get("hits", [])
    return found


def files(live: LivePlatform) -> dict[str, bytes]:
    root = live.home / "files"
    paths = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def talked(api: httpx2.Client, conversation: str) -> list[str]:
    """Tell how the answers of a conversation ended."""
    page = api.get(f"/api/v1/conversations/{conversation}/messages").json()
    return [item["status"] for item in page["items"] if item["role"] == "assistant"]


@pytest.fixture(scope="module")
def live(models_dir: Path) -> Iterator[LivePlatform]:
    with live_platform(models_dir) as platform:
        platform.start()
        with platform.client() as api:
            indexed(api, "manual.md", "# Backups\n\nBackups are made at two in the morning.\n")
            indexed(api, "lamp.txt", "The keeper lights the lamp at dusk.")
            run = api.post("/api/v1/runs", json={"goal": "When are backups made?"}).json()
            assert ended(api, run["id"])["status"] == "succeeded"
            talk = api.post("/api/v1/conversations", json={}).json()["id"]
            answer = api.post(
                f"/api/v1/conversations/{talk}/messages", json={"goal": "Who lights the lamp?"}
            )
            answer.raise_for_status()
            eventually(lambda: talked(api, talk) == ["succeeded"], "it is answered")
        yield platform


@pytest.fixture(scope="module")
def saved(live: LivePlatform) -> Path:
    path = live.root / "saved.tar"
    said = command(live, "backup", path)
    assert " rows and 4 files, " in said
    return path


@pytest.fixture
def empty(live: LivePlatform) -> Iterator[LivePlatform]:
    with live_platform(live.models) as other:
        yield other


@pytest.mark.requirement("F7", part="embedded: backup while it runs, restore into an empty home")
@pytest.mark.requirement("H2", part="backup and restore")
@pytest.mark.requirement("B8", part="a lost index is made again from the JSONL")
def test_what_was_saved_comes_back_row_by_row(
    live: LivePlatform, saved: Path, empty: LivePlatform
) -> None:
    before, found, stored = rows(live), hits(live), files(live)
    assert saved.stat().st_mode & 0o777 == 0o600
    said = command(empty, "restore", saved)
    assert "run" in said
    empty.start()
    after = rows(empty)
    gone = {table: before[table] - after[table] for table in before}
    assert not any(gone.values()), gone
    for table in ("memberships", "conversations", "turns", "messages", "api_keys"):
        assert before[table], table
    assert sum(len(found) for found in before.values()) > 30
    came = {table for table in before if after[table] - before[table]}
    assert came <= {"runs", "tasks", "events", "outbox", "rebuilds", "leftovers"}
    eventually(lambda: hits(empty) == found, "the same is found", 60)
    assert stored.items() <= files(empty).items()
    assert empty.credentials["api_key"] == live.credentials["api_key"]
    for name in ("credentials.json", "secrets/tokens.key", "secrets/database.json"):
        assert (empty.home / name).stat().st_mode & 0o077 == 0
    assert empty.stop() == 0
    shutil.rmtree(empty.home / "vectors")
    empty.start()
    eventually(lambda: hits(empty) == found, "it is found again", 60)
    assert empty.stop() == 0
    assert not empty.processes()


def test_it_is_saved_while_nothing_runs_too(saved: Path, tmp_path: Path) -> None:
    # A short path, which the server's account may pass through.
    with private_folder() as folder:
        settings = Settings(home=folder / "home")
        restore_backup(settings, saved)
        made = make_backup(settings, tmp_path / "again.tar")
    with tarfile.open(saved) as archive:
        first = json.loads(archive.extractfile("manifest.json").read())  # type: ignore[union-attr]
    assert made.rows == first["rows"]
    others = {name: entry.sha256 for name, entry in made.files.items() if name != "database.dump"}
    first["files"].pop("database.dump")
    assert others == {name: entry["sha256"] for name, entry in first["files"].items()}


def repacked(saved: Path, target: Path, **changes: bytes | None) -> Path:
    """Copy a backup with other bytes in some of its files."""
    with tarfile.open(saved) as old, tarfile.open(target, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            data = content.read()
            data = changes.get(member.name, data) or b""
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return target


def _newer(saved: Path, target: Path) -> Path:
    return _manifest(saved, target, records="9999")


def _foreign(saved: Path, target: Path) -> Path:
    return _manifest(saved, target, format="sutazai-export")


def _manifest(saved: Path, target: Path, **changes: object) -> Path:
    with tarfile.open(saved) as archive:
        manifest = json.loads(archive.extractfile("manifest.json").read())  # type: ignore[union-attr]
    return repacked(saved, target, **{"manifest.json": json.dumps(manifest | changes).encode()})


def _damaged(saved: Path, target: Path) -> Path:
    return repacked(saved, target, **{"credentials.json": b"{}"})


def _cut(saved: Path, target: Path) -> Path:
    target.write_bytes(saved.read_bytes()[:-20_000])
    return target


def _no_backup(saved: Path, target: Path) -> Path:
    target.write_bytes(b"no backup at all")
    return target


REFUSED = {
    "newer than this one": _newer,
    "no backup of SutazAI": _foreign,
    "credentials.json is damaged": _damaged,
    "can't be read as one": _no_backup,
    "archive": _cut,
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_no_whole_backup_of_ours_is_refused(
    words: str, saved: Path, tmp_path: Path
) -> None:
    wrong = REFUSED[words](saved, tmp_path / "wrong.tar")
    home = tmp_path / "home"
    with pytest.raises(InvalidInput) as refused:
        restore_backup(Settings(home=home), wrong)
    assert words in refused.value.message
    assert not home.exists()


def test_nothing_is_replaced(live: LivePlatform, saved: Path) -> None:
    before, settings = saved.read_bytes(), Settings(home=live.home)
    with pytest.raises(Conflict, match="is there already"):
        make_backup(settings, saved)
    assert saved.read_bytes() == before
    assert "is not empty" in command(live, "restore", saved, code=1)


def test_a_database_of_ones_own_is_saved_by_its_own_means(
    live: LivePlatform, tmp_path: Path
) -> None:
    url = {"url": "postgresql://nobody@127.0.0.1:9/none"}
    settings = Settings(home=live.home, database=DatabaseSettings.model_validate(url))
    with pytest.raises(Conflict, match="SUTAZAI_DATABASE_URL"):
        make_backup(settings, tmp_path / "none.tar")
    with pytest.raises(Conflict, match="SUTAZAI_DATABASE_URL"):
        restore_backup(settings, tmp_path / "none.tar")
    assert list(tmp_path.iterdir()) == []

"""`sutazai export` and `sutazai import`, as a person moves from one machine to another."""

import json
from pathlib import Path

import pytest

from sutazai.entrypoints.cli import main
from tests.integration.api.running import Running


def run(platform: Running, *arguments: object) -> int:
    return main(["--home", str(platform.home), *map(str, arguments)])


@pytest.mark.requirement("H2", part="export and import")
def test_a_tenant_moves_by_a_folder(
    source: Running, target: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = tmp_path / "moved"
    assert run(source, "export", moved) == 0
    said = capsys.readouterr().out
    assert f"files of default are in {moved}." in said
    manifest = json.loads((moved / "manifest.json").read_text())
    inside = {path.relative_to(moved).as_posix() for path in moved.glob("*/*")}
    assert inside == set(manifest["files"])
    assert moved.stat().st_mode & 0o077 == 0

    assert run(target, "import", moved) == 0
    said = capsys.readouterr().out
    assert "Imported: 2 collections, 8 runs, 3 documents, 1 conversations, " in said
    assert said.rstrip().endswith("All of it can be found.")
    assert run(target, "ask", "-c", "handbook", "When are backups made?") == 0
    assert "[1] manual.md › Backups" in capsys.readouterr().out

    assert run(target, "import", moved) == 4
    # What came, the two that embedded it, and the question.
    assert "this one holds 11 runs, 3 documents" in capsys.readouterr().err
    again = tmp_path / "again"
    assert run(target, "export", again, "--json") == 0
    assert json.loads(capsys.readouterr().out)["folder"] == str(again)


def test_a_folder_with_something_in_it_is_left_alone(
    source: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert run(source, "export", tmp_path) == 1
    assert "is not an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert run(source, "import", tmp_path) == 1
    assert "is no export" in capsys.readouterr().err


def test_an_export_that_is_refused_leaves_no_folder(source: Running, tmp_path: Path) -> None:
    tenant: dict[str, object] = {"t": source.tenant.id}
    source.execute("UPDATE memberships SET role = 'member' WHERE tenant_id = %(t)s", tenant)
    try:
        assert run(source, "export", tmp_path / "none") == 4
    finally:
        source.execute("UPDATE memberships SET role = 'admin' WHERE tenant_id = %(t)s", tenant)
    assert list(tmp_path.iterdir()) == []

"""`sutazai ingest`, against a real HTTP server that speaks the API's shapes."""

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run, write_credentials
from tests.unit.cli.platform_server import PlatformServer
from tests.unit.cli.test_ask import ESCAPES, PROGRAM, in_terminal


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    (root / "adr").mkdir(parents=True)
    (root / "adr" / "0001.md").write_text("# One")
    (root / "guide.md").write_text("# Guide")
    (root / "logo.txt").write_bytes(b"\0\1\2")
    (root / ".hidden").write_text("x")
    return root


def test_a_folder_is_ingested_and_what_was_left_out_is_said(
    cli: Run, home: Path, platform: PlatformServer, tree: Path
) -> None:
    ended = cli("--home", home, "ingest", tree)
    assert ended.code == 0
    assert set(platform.collections["default"]) == {"docs:adr:0001.md", "docs:guide.md"}
    lines = ended.out.splitlines()
    assert sorted(lines[:2]) == ["indexed    docs:adr:0001.md", "indexed    docs:guide.md"]
    assert lines[2:] == [
        "✓ 2 files to “default”: 2 indexed, 0 unchanged, 2 skipped",
        f"  skipped  {tree / 'logo.txt'}: binary, not text",
        "  skipped  1 hidden: .hidden",
    ]


def test_the_same_again_is_unchanged_and_other_bytes_are_a_new_version(
    cli: Run, home: Path, platform: PlatformServer, tree: Path
) -> None:
    cli("--home", home, "ingest", tree)
    (tree / "guide.md").write_text("# Guide, revised")
    content = cli("--home", home, "ingest", tree, "--json").json
    assert (content["indexed"], content["unchanged"], content["skipped"]) == (1, 1, 2)
    assert platform.collections["default"]["docs:guide.md"]["version"] == 2


def test_what_came_before_and_is_not_indexed_yet_is_waited_for(
    cli: Run, home: Path, platform: PlatformServer, tree: Path
) -> None:
    cli("--home", home, "ingest", tree)
    platform.knobs.still_indexing = True
    platform.runs[platform.collections["default"]["docs:guide.md"]["run"]] |= {
        "status": "failed",
        "error": "out of memory",
    }
    content = cli("--home", home, "ingest", tree, "--json").json
    assert (content["indexed"], content["failed"], content["unchanged"]) == (1, 1, 0)


@pytest.mark.parametrize(("lost", "code"), [(2, 0), (3, 3)])
def test_an_answer_that_is_lost_now_and_then_is_asked_for_again(
    cli: Run, home: Path, platform: PlatformServer, tree: Path, lost: int, code: int
) -> None:
    platform.knobs.lost_answers = lost
    assert cli("--home", home, "ingest", tree / "guide.md").code == code


def test_json_tells_what_became_of_every_file(
    cli: Run, home: Path, platform: PlatformServer, tree: Path
) -> None:
    platform.knobs.refused = {"docs:guide.md": "The document holds nothing to read."}
    ended = cli("--home", home, "ingest", "--json", "-c", "new", tree)
    assert ended.code == 1
    content = ended.json
    assert (content["collection"], content["created"]) == ("new", True)
    files = content["files"]
    assert isinstance(files, list)
    told = {Path(file["path"]).name: (file["status"], file["reason"]) for file in files}
    assert told == {
        "0001.md": ("indexed", None),
        "guide.md": ("failed", "The document holds nothing to read."),
        "logo.txt": ("skipped", "binary, not text"),
        ".hidden": ("skipped", "hidden"),
    }
    document = platform.collections["new"]["docs:adr:0001.md"]["id"]
    assert [file.get("document") for file in files if file["status"] == "indexed"] == [document]


def test_a_document_that_can_not_be_indexed_fails_with_its_reason(
    cli: Run, home: Path, platform: PlatformServer, tree: Path
) -> None:
    platform.knobs.unreadable = {"docs:guide.md": "its parser ran out of time"}
    ended = cli("--home", home, "ingest", tree)
    assert ended.code == 1
    assert "✗ 2 files to “default”: 1 indexed, 0 unchanged, 1 failed, 2 skipped" in ended.out
    assert "  failed   docs:guide.md: its parser ran out of time" in ended.out
    assert "Not ingested: 1 of 2 files." in ended.err


def test_a_file_named_by_the_person_that_is_skipped_is_a_failure(
    cli: Run, home: Path, tree: Path
) -> None:
    ended = cli("--home", home, "ingest", tree / "logo.txt", tree / "guide.md")
    assert ended.code == 1
    assert "logo.txt: binary, not text" in ended.out
    assert "Not ingested: 1 of 2 files." in ended.err


def test_nothing_to_ingest_is_a_failure(cli: Run, home: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ended = cli("--home", home, "ingest", tmp_path / "empty")
    assert (ended.code, "nothing to ingest" in ended.err) == (1, True)


def test_a_path_that_is_not_there_is_wrong_usage(
    cli: Run, home: Path, platform: PlatformServer, tree: Path
) -> None:
    assert cli("--home", home, "ingest", tree, tree / "nothing").code == 2
    assert not platform.calls


def test_a_collection_is_made_when_missing_and_its_name_is_judged_by_the_api(
    cli: Run, home: Path, platform: PlatformServer, tree: Path
) -> None:
    ended = cli("--home", home, "ingest", "-c", "handbook", tree)
    assert ended.out.startswith("Made the collection “handbook”.\n")
    assert "Made" not in cli("--home", home, "ingest", "-c", "handbook", tree).out
    refused = cli("--home", home, "ingest", "-c", "Not Good", tree)
    assert (refused.code, "name: must match" in refused.err) == (4, True)


def test_uploads_run_four_at_a_time_and_busy_is_tried_again(
    cli: Run, home: Path, platform: PlatformServer, tmp_path: Path
) -> None:
    platform.knobs.upload_s, platform.knobs.busy_uploads = 0.02, 3
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text(f"text {number}")
    paths = sorted(tmp_path.glob("*.txt"))
    ended = cli("--home", home, "ingest", *paths)
    assert ended.code == 0
    assert "30 indexed" in ended.out
    assert platform.most_uploading == 4


def test_an_upload_limit_set_here_is_named(
    cli: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUTAZAI_API_UPLOAD_LIMIT_MB", "1")
    (tmp_path / "large.txt").write_bytes(b"x" * (1 << 20) + b"y")
    ended = cli("--home", home, "ingest", tmp_path / "large.txt")
    assert (ended.code, "1.0 MiB, more than 1.0 MiB" in ended.out) == (1, True)


def test_a_platform_that_stops_is_said_once_with_what_was_done(
    cli: Run, home: Path, tree: Path
) -> None:
    platform = PlatformServer()
    platform.start()
    write_credentials(home, platform.url)
    platform.knobs.stop_at = "docs:guide.md"
    ended = cli("--home", home, "ingest", "--json", tree)
    platform.stop()
    assert ended.code == 3
    files = ended.json["files"]
    assert isinstance(files, list)
    reason = {file["name"]: file["reason"] for file in files}["docs:guide.md"]
    assert reason.startswith(f"not finished: The platform at {platform.url}")
    assert ended.err.count("✗") == 1
    assert f"The platform at {platform.url} (home {home}) " in ended.err


def test_interrupting_stops_uploading(home: Path, platform: PlatformServer, tree: Path) -> None:
    platform.knobs.upload_s = 20
    process = subprocess.Popen(
        [*PROGRAM, "--home", str(home), "ingest", str(tree)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 20
    while not platform.uploading and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Stopped" in out
    assert "Traceback" not in err


def test_on_a_terminal_two_bars_show_how_far_it_is(
    home: Path, platform: PlatformServer, tree: Path
) -> None:
    platform.knobs.upload_s = 0.2
    shown = in_terminal([*PROGRAM, "--home", str(home), "ingest", str(tree)], colour=False)
    plain = ESCAPES.sub("", shown)
    assert re.search(r"uploaded +━+ 2/2", plain)
    assert re.search(r"indexed +━+ [12]/2", plain)
    assert "✓ 2 files to “default”: 2 indexed, 0 unchanged, 2 skipped" in plain


def test_a_stale_key_is_refused_before_anything_is_sent(
    cli: Run, home: Path, platform: PlatformServer, tree: Path
) -> None:
    write_credentials(home, platform.url, key="stale")
    assert cli("--home", home, "ingest", tree).code == 4
    assert not platform.most_uploading

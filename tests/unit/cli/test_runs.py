"""`sutazai runs`, `collections` and `documents`, against a real HTTP server of the API's shapes."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.cli.platform_server import PlatformServer


def test_runs_alone_lists_the_newest_first(cli: Run, home: Path, platform: PlatformServer) -> None:
    for number in range(3):
        platform.add_run("answer", f"question {number}\n of\tmany")
    alone, listed = cli("--home", home, "runs"), cli("runs", "list", "--home", home)
    assert alone == listed
    lines = alone.out.splitlines()
    assert lines[0].split() == ["ID", "STATUS", "WORKFLOW", "GOAL", "AGE"]
    ends = [str(run)[-12:] for run in reversed(platform.runs)]
    assert [line.split()[0] for line in lines[1:]] == ends
    assert "succeeded  answer    question 2 of many" in lines[1]


def test_the_limit_holds_and_json_keeps_every_field(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    for number in range(3):
        platform.add_run("answer", str(number))["new_field"] = {"kept": True}
    content = cli("--home", home, "runs", "list", "--json", "--limit", "2").json
    items = content["items"]
    assert isinstance(items, list)
    assert [item["goal"] for item in items] == ["2", "1"]
    assert items[0]["new_field"] == {"kept": True}
    assert cli("--home", home, "runs", "--json", "show", "x").code == 2


def test_no_runs_is_said(cli: Run, home: Path) -> None:
    assert "No runs yet" in cli("--home", home, "runs").out


def test_a_run_is_shown_by_its_id_or_the_end_of_it(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    run = str(platform.add_run("answer", "Why?")["id"])
    shown = cli("--home", home, "runs", "show", run)
    assert shown.code == 0
    assert cli("--home", home, "runs", "show", run[-6:].upper()).out == shown.out
    assert f"Run {run}" in shown.out
    assert "research  researcher  succeeded  1         0.4 s" in shown.out
    assert "Backups are made nightly [1]." in shown.out
    assert cli("--home", home, "runs", "show", run, "--json").json["id"] == run


def test_a_run_that_failed_is_shown_with_its_reason(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    platform.knobs.fail_run = "the index is broken"
    run = str(platform.add_run("answer", "Why?")["id"])
    shown = cli("--home", home, "runs", "show", run)
    assert shown.code == 0
    assert shown.out.count("the index is broken") == 2
    watched = cli("--home", home, "runs", "watch", run)
    assert (watched.code, "The run failed: the index is broken." in watched.err) == (1, True)


@pytest.mark.parametrize("named", ["ffff", "4faaf620-cbf1-4412-9bc4-baf519ee6483", "no-id"])
def test_a_run_nobody_knows_is_refused(cli: Run, home: Path, named: str) -> None:
    assert cli("--home", home, "runs", "show", named).code == 4


def test_an_end_that_fits_two_runs_is_refused(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    run = platform.add_run("answer", "x")
    twin = {**run, "id": "00000000" + str(run["id"])[8:]}
    platform.runs[str(twin["id"])] = twin
    ended = cli("--home", home, "runs", "show", str(run["id"])[-8:])
    assert ended.code == 4
    assert "2 runs among the newest 200 end with" in ended.err


def test_a_run_is_cancelled(cli: Run, home: Path, platform: PlatformServer) -> None:
    platform.knobs.hold = True
    run = str(platform.add_run("answer", "x")["id"])
    assert cli("--home", home, "runs", "cancel", run).out == f"Cancelled run {run}.\n"
    assert platform.runs[run]["status"] == "cancelled"
    assert cli("--home", home, "runs", "cancel", run, "--json").json["status"] == "cancelled"
    ended = cli("--home", home, "runs", "watch", run)
    assert (ended.code, "The run was cancelled." in ended.err) == (1, True)


def test_cancelling_a_run_that_is_over_says_how_it_is(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    run = str(platform.add_run("answer", "x")["id"])
    assert cli("--home", home, "runs", "cancel", run).out == f"Run {run} is succeeded.\n"


def test_a_run_is_retried_and_followed_to_its_answer(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    platform.knobs.fail_run = "the index is broken"
    run = str(platform.add_run("answer", "When are backups made?")["id"])
    told = cli("--home", home, "runs", "retry", run[-12:])
    (new,) = (one for one in platform.runs.values() if one.get("retry_of") == run)
    assert told.code == 0
    assert f"Run {new['id']} retries run {run}." in told.out
    assert "✓ research  kept from the run before" in told.out
    assert "Backups are made nightly [1]." in told.out
    shown = cli("--home", home, "runs", "show", str(new["id"])).out
    assert f"retries run {run}" in shown
    assert "kept" in shown


def test_a_retry_as_json_is_the_run_in_its_end(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    platform.knobs.fail_run = "the index is broken"
    run = str(platform.add_run("answer", "x")["id"])
    told = cli("--home", home, "runs", "retry", run, "--json").json
    assert (told["status"], told["retry_of"]) == ("succeeded", run)


def test_a_run_that_succeeded_is_not_retried(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    run = str(platform.add_run("answer", "x")["id"])
    told = cli("--home", home, "runs", "retry", run)
    assert (told.code, "409 run_not_retriable" in told.err) == (4, True)
    assert cli("--home", home, "runs", "retry", "no-id").code == 4


def test_collections_are_made_listed_and_deleted(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    assert cli("--home", home, "collections", "create", "handbook").code == 0
    assert cli("--home", home, "collections", "create", "x", "--json").json["name"] == "x"
    again = cli("--home", home, "collections", "create", "handbook")
    assert (again.code, "exists already" in again.err) == (4, True)
    listed = cli("--home", home, "collections", "list")
    assert [line.split()[0] for line in listed.out.splitlines()[1:]] == ["default", "handbook", "x"]
    assert cli("--home", home, "collections", "delete", "handbook", "--yes").code == 0
    assert set(platform.collections) == {"default", "x"}
    assert len(cli("--home", home, "collections", "list", "--json").json["items"]) == 2  # type: ignore[arg-type]


def test_deleting_needs_a_yes(cli: Run, home: Path, platform: PlatformServer) -> None:
    ended = cli("--home", home, "collections", "delete", "default")
    assert (ended.code, "--yes" in ended.err) == (2, True)
    assert "default" in platform.collections


def test_documents_are_listed_read_and_deleted(
    cli: Run, home: Path, platform: PlatformServer, tmp_path: Path
) -> None:
    assert "has no documents" in cli("--home", home, "documents", "list").out
    path = tmp_path / "guide.md"
    long = "# Guide\nTo the sources. " + "é𝄞" * 25_000
    path.write_text(long)
    assert cli("--home", home, "ingest", path).code == 0
    listed = cli("--home", home, "documents", "list").out.splitlines()
    assert listed[1].split()[:3] == ["guide.md", "indexed", "1"]
    assert cli("--home", home, "documents", "text", "guide.md").out == long + "\n"
    part = cli("--home", home, "documents", "text", "guide.md", "--start", "2", "--end", "7")
    assert part.out == "Guide\n"
    items = cli("--home", home, "documents", "list", "--json").json["items"]
    assert isinstance(items, list)
    assert cli("--home", home, "documents", "delete", items[0]["id"], "--yes").code == 0
    assert platform.collections["default"] == {}
    gone = cli("--home", home, "documents", "text", "guide.md")
    assert (gone.code, "has no document “guide.md”" in gone.err) == (4, True)

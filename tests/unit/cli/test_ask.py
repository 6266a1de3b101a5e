"""`sutazai ask` and `sutazai runs`, against a real HTTP server that speaks the API's shapes."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sutazai.entrypoints.cli import follow
from tests.unit.cli.conftest import Run, write_credentials
from tests.unit.cli.platform_server import PlatformServer

PROGRAM = [sys.executable, "-m", "sutazai.entrypoints.cli"]
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_each_step_is_printed_then_the_answer_and_its_sources(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    ended = cli("--home", home, "ask", "How are backups made?")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[:7] == [
        "▸ research",
        "  research: reading (2 of 6)",
        "✓ research  done in 0.2 s",
        "▸ write",
        "! write  no room; it is tried again",
        "▸ write  attempt 2",
        "✓ write  done in 0.1 s",
    ]
    assert "Backups are made nightly [1]." in lines
    source = lines.index("Sources") + 1
    assert lines[source] == " [1] docs:ops.md › Operations › Backups"
    assert lines[source + 1].startswith("     “Backups are made nightly by a timer.")
    extract = "An extract: the documents' own words, no language model was used. "
    assert f"{extract}confidence 7 of 10 · 1.5 s · run {next(iter(platform.runs))}" in ended.out


def test_nothing_in_a_document_reaches_the_terminal_as_an_escape(cli: Run, home: Path) -> None:
    assert "\x1b" not in cli("--home", home, "ask", "x").out


def test_the_question_goes_out_once_with_a_fresh_key(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    platform.collections["handbook"] = {}
    for _ in range(2):
        cli("ask", "Who?", "-c", "handbook", "--workflow", "answer", "--home", home)
    expected = {"goal": "Who?", "collection": "handbook", "workflow": "answer"}
    assert platform.goals == [expected, expected]
    assert len(set(platform.keys)) == 2


def test_a_dropped_stream_goes_unnoticed(cli: Run, home: Path, platform: PlatformServer) -> None:
    platform.knobs.cut_after = [2, 3]
    ended = cli("--home", home, "ask", "x")
    assert ended.code == 0
    assert ended.out.count("▸ research") == 1
    assert platform.resumed_after == [None, "2", "5"]


def test_json_is_the_run_and_nothing_else(cli: Run, home: Path, platform: PlatformServer) -> None:
    ended = cli("--home", home, "ask", "--json", "x")
    assert ended.code == 0
    assert ended.json["id"] == next(iter(platform.runs))
    assert ended.json["result"] == platform.runs[str(ended.json["id"])]["result"]


def test_an_answer_without_ground_is_said_to_be_so(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    platform.knobs.result = {
        "answer": "Nothing fitting was found.",
        "kind": "extract",
        "grounded": False,
        "confidence": 1,
    }
    out = cli("--home", home, "ask", "x").out
    assert "Not grounded: no source supports this. confidence 1 of 10" in out
    assert "An extract" not in out


def test_an_answer_by_a_model_is_said_to_be_so(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    platform.knobs.result = {"answer": "Nightly.", "kind": "generated", "grounded": True}
    assert "Written by a language model. 1.5 s · run " in cli("--home", home, "ask", "x").out


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_run_that_fails_ends_with_its_reason(
    cli: Run, home: Path, platform: PlatformServer, form: list[str]
) -> None:
    platform.knobs.fail_run = "the index is broken"
    ended = cli("--home", home, "ask", "x", *form)
    assert ended.code == 1
    assert "The run failed: the index is broken." in ended.err
    if form:
        assert ended.json["status"] == "failed"
    else:
        assert "✗ research  the index is broken" in ended.out


def test_an_unknown_collection_is_refused_with_advice(cli: Run, home: Path) -> None:
    ended = cli("--home", home, "ask", "-c", "nowhere", "x")
    assert ended.code == 4
    assert "✗ collection: There is no such collection." in ended.err
    assert "404 not_found · request req-1" in ended.err
    assert "sutazai ingest -c nowhere PATH" in ended.err


def test_a_wrong_key_is_refused(cli: Run, home: Path, platform: PlatformServer) -> None:
    write_credentials(home, platform.url, key="stale")
    ended = cli("--home", home, "ask", "x")
    assert (ended.code, ended.out) == (4, "")


def test_a_stream_that_never_comes_back_is_unreachable(
    cli: Run, home: Path, platform: PlatformServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "BACKOFF_S", (0.0, 0.0))
    platform.knobs.cut_after = [0] * 9
    ended = cli("--home", home, "ask", "x")
    assert ended.code == 3
    assert "broke off the connection" in ended.err


@pytest.mark.parametrize(
    ("command", "cancel_status", "said", "left"),
    [
        (["ask", "x"], 202, "Cancelled run ", "cancelled"),
        (["ask", "--json", "x"], 202, "Cancelled run ", "cancelled"),
        (["ask", "x"], 503, "could not be cancelled and may go on", "running"),
        (["runs", "watch"], 202, "", "running"),
    ],
    ids=["ask", "json", "can't", "watch"],
)
def test_interrupting_a_question_cancels_it(
    home: Path,
    platform: PlatformServer,
    command: list[str],
    cancel_status: int,
    said: str,
    left: str,
) -> None:
    platform.knobs.hold, platform.knobs.cancel_status = True, cancel_status
    if command[0] == "runs":
        command = [*command, str(platform.add_run("answer", "held")["id"])]
    process = subprocess.Popen(
        [*PROGRAM, "--home", str(home), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 20
    while not platform.resumed_after and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert said in (err if "--json" in command else out)
    assert "Traceback" not in err
    assert [run["status"] for run in platform.runs.values()] == [left]


@pytest.mark.parametrize("colour", [True, False])
def test_on_a_terminal_lines_fit_80_columns_and_colour_can_be_off(
    home: Path, platform: PlatformServer, colour: bool
) -> None:
    platform.knobs.result = {"answer": "word " * 40, "kind": "extract", "grounded": True}
    shown = in_terminal([*PROGRAM, "--home", str(home), "ask", "x"], colour=colour)
    lines = [ESCAPES.sub("", line).split("\r")[-1].rstrip() for line in shown.split("\n")]
    assert "✓ research  done in 0.2 s" in "\n".join(lines)
    assert max(len(line) for line in lines) <= 80
    assert ("\x1b[32m" in shown) is colour


def test_a_table_on_a_terminal_cuts_the_goal_and_nothing_else(
    home: Path, platform: PlatformServer
) -> None:
    run = str(platform.add_run("answer", "What is " + "very " * 30 + "long?")["id"])
    shown = in_terminal([*PROGRAM, "--home", str(home), "runs"], colour=False)
    heading, line = ESCAPES.sub("", shown).splitlines()[:2]
    assert heading.split() == ["ID", "STATUS", "WORKFLOW", "GOAL", "AGE"]
    assert line.startswith(f"{run[-12:]}  succeeded  answer    What is very very")
    assert "…" in line
    assert re.search(r"  \d+ (s|min|h|d) *$", line)
    assert len(line) <= 80


def in_terminal(command: list[str], *, colour: bool) -> str:
    """Run a program on a terminal of 80 columns; give all it wrote."""
    main, inner = pty.openpty()
    unwanted = ("NO_COLOR", "FORCE_COLOR", "SUTAZAI_")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(unwanted)}
    environment = {**kept, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    if not colour:
        environment["NO_COLOR"] = "1"
    with subprocess.Popen(command, stdout=inner, stderr=inner, stdin=inner, env=environment) as _:
        os.close(inner)
        shown = b""
        try:
            while piece := os.read(main, 65536):
                shown += piece
        except OSError:
            pass  # Linux says EIO where the other end is closed
        finally:
            os.close(main)
    return shown.decode().replace("\r\n", "\n")


def test_the_graph_is_asked_where_that_is_wanted(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    cli("ask", "Who?", "--home", home)
    cli("ask", "--graph", "Who?", "--home", home)
    assert [goal.get("graph") for goal in platform.goals] == [None, True]


def test_what_came_by_the_graph_is_marked_and_what_came_without_is_said(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    ended = cli("ask", "-g", "Who?", "--home", home)
    assert "by the graph" not in ended.out
    assert "without the graph" not in ended.out
    (run,) = platform.runs.values()
    run["citations"] = [run["citations"][0] | {"by_graph": True}]
    run["steps"] = [
        {"id": "research", "status": "succeeded", "output": {"without_graph": "It is away."}}
    ]
    shown = cli("runs", "show", run["id"], "--home", home)
    assert " [1] docs:ops.md › Operations › Backups  by the graph" in shown.out
    assert "Answered without the graph: It is away." in shown.out

"""The command line against a real platform, as a person uses it: in processes of its own."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.embeddings import models_dir  # noqa: F401
from tests.support.platform import LivePlatform, live_platform

# A loaded machine needs longer than the usual limit to start a platform and a dozen programs.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def live(models_dir: Path) -> Iterator[LivePlatform]:  # noqa: F811
    with live_platform(models_dir) as platform:
        platform.start()
        yield platform


def run(live: LivePlatform, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command on the platform's home, and see that it ends as it should."""
    ended = subprocess.run(
        live.command(*arguments), env=live.variables, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended


def run_json(live: LivePlatform, *arguments: str) -> dict[str, Any]:
    content = json.loads(run(live, *arguments, "--json").stdout)
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cli") / "docs"
    (root / "adr").mkdir(parents=True)
    (root / "adr" / "0001.md").write_text("# Ledger\n\nA lease holds ten seconds.\n")
    (root / "guide.txt").write_text("naïve 𝄞 " * 5_000)
    (root / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    return root


@pytest.mark.requirement("H2", part="ingest, runs and doctor")
def test_documents_are_brought_in_read_and_their_runs_shown(
    live: LivePlatform, folder: Path
) -> None:
    first = run_json(live, "ingest", "-c", "handbook", str(folder))
    assert (first["created"], first["indexed"], first["skipped"]) == (True, 2, 1)
    again = run_json(live, "ingest", "-c", "handbook", str(folder))
    assert (again["created"], again["unchanged"]) == (False, 2)

    documents = run_json(live, "documents", "list", "-c", "handbook")["items"]
    assert [document["name"] for document in documents] == ["docs:adr:0001.md", "docs:guide.txt"]
    text = run(live, "documents", "text", "-c", "handbook", "docs:guide.txt").stdout
    assert text.rstrip() == (folder / "guide.txt").read_text().rstrip()

    items = run_json(live, "runs", "list")["items"]
    assert {item["goal"] for item in items} == {"Index docs:adr:0001.md", "Index docs:guide.txt"}
    shown = run(live, "runs", "show", items[0]["id"][-8:]).stdout
    assert "index  librarian  succeeded  1" in shown
    assert "✓ index  done in " in run(live, "runs", "watch", items[0]["id"]).stdout

    checks = {check["name"]: check["state"] for check in run_json(live, "doctor")["checks"]}
    assert checks.pop("sockets") in ("ok", "note")
    assert set(checks.values()) == {"ok"}
    assert {"instance", "port", "api"} <= set(checks)


@pytest.mark.requirement("H2", part="ask")
def test_a_question_is_answered_with_a_source_that_opens(live: LivePlatform, folder: Path) -> None:
    run(live, "ingest", "-c", "answers", str(folder))
    question = "How long does a lease hold?"
    lines = run(live, "ask", "-c", "answers", question).stdout.splitlines()
    steps = [line for line in lines if line.startswith(("▸", "✓"))]
    named = [step.split()[1] for step in steps]
    assert named == [step for step in ("research", "write", "review") for _ in range(2)]
    source = lines.index("Sources") + 1
    assert lines[source] == " [1] docs:adr:0001.md › Ledger"
    assert lines[source + 1].startswith("     “A lease holds ten seconds.")

    answer = run_json(live, "ask", "-c", "answers", question)
    assert answer["result"]["grounded"] is True
    citation = answer["citations"][0]
    span = ["--start", str(citation["start"]), "--end", str(citation["end"])]
    named = citation["document"]["name"]
    opened = run(live, "documents", "text", "-c", "answers", named, *span).stdout
    assert opened.rstrip("\n") == citation["quote"].rstrip("\n")


@pytest.mark.requirement("H2", part="chat and conversations")
def test_questions_that_are_piped_in_are_answered_in_one_conversation(
    live: LivePlatform, folder: Path
) -> None:
    run(live, "ingest", "-c", "talk", str(folder))
    chat = subprocess.run(
        live.command("chat", "-c", "talk"),
        env=live.variables,
        input="Does the ledger have a lease?\nAnd how long does it hold?\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (chat.returncode, chat.stderr) == (0, "")
    assert chat.stdout.count("“A lease holds ten seconds.") >= 2
    found = run_json(live, "conversations", "list")["items"][0]
    assert (found["title"], found["messages"]) == ("Does the ledger have a lease?", 4)
    shown = run_json(live, "conversations", "show", found["id"])["items"]
    assert [message["number"] for message in shown] == [1, 2, 3, 4]
    assert shown[2]["context"]["used"] == 2
    assert "Deleted" in run(live, "conversations", "delete", found["id"][-12:]).stdout
    assert run_json(live, "conversations", "list")["items"] == []


def test_what_the_api_refuses_is_said_with_the_field_and_the_request(live: LivePlatform) -> None:
    refused = run(live, "collections", "create", "Not Good", code=4)
    assert "✗ name: " in refused.stderr
    assert "  422 invalid_input · request " in refused.stderr
    assert run(live, "collections", "create", "default", code=4).stdout == ""
    assert "sutazai ingest -c nowhere" in run(live, "ask", "-c", "nowhere", "x", code=4).stderr
    assert "✗ goal: " in run(live, "ask", "", code=4).stderr


@pytest.mark.faults
def test_a_second_platform_on_the_same_home_is_refused(live: LivePlatform) -> None:
    live.environment["SUTAZAI_API_PORT"] = "0"
    try:
        second = run(live, "run", code=1)
    finally:
        del live.environment["SUTAZAI_API_PORT"]
    assert live.process is not None
    assert f"process {live.process.pid}" in second.stderr

"""`sutazai chat` and `sutazai conversations`, against a real HTTP server with the API's shapes."""

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Ended, Run
from tests.unit.cli.platform_server import PlatformServer

PROGRAM = [sys.executable, "-m", "sutazai.entrypoints.cli"]
Chat = Callable[..., Ended]


@pytest.fixture
def chat(cli: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """Chat with lines that are piped in."""

    def converse(*lines: str, options: tuple[str, ...] = ()) -> Ended:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return cli("--home", home, "chat", *options)

    return converse


def only(platform: PlatformServer) -> str:
    (conversation,) = platform.talks.all
    return conversation


def test_lines_that_are_piped_in_are_asked_in_one_conversation(
    chat: Chat, platform: PlatformServer
) -> None:
    ended = chat("How are backups made?", "", "And how often?")
    assert (ended.code, ended.err) == (0, "")
    asked = [each["text"] for each in platform.talks.messages[only(platform)]]
    assert asked[::2] == ["How are backups made?", "And how often?"]
    assert ended.out.count("Backups are made nightly [1].") == 2
    assert ended.out.count(" [1] docs:ops.md › Operations › Backups") == 2
    assert ended.out.index("› And how often?") > ended.out.index("Sources")
    assert "\x1b" not in ended.out
    assert len(set(platform.keys)) == 2


def test_nothing_is_made_where_nothing_is_asked(chat: Chat, platform: PlatformServer) -> None:
    for lines in ((), ("/new", "/quit", "Unheard?"), ("/list",)):
        assert chat(*lines).code == 0
    assert platform.talks.all == {}


def test_new_begins_another_and_open_goes_on(chat: Chat, platform: PlatformServer) -> None:
    ended = chat("One?", "/new", "Two?", "/list", "/open 2", "And one?", "/quit")
    assert ended.code == 0
    one, two = platform.talks.messages.values()
    assert [each["text"] for each in one[::2]] == ["One?", "And one?"]
    assert [each["text"] for each in two[::2]] == ["Two?"]
    listed = ended.out[ended.out.index("TITLE") :].splitlines()
    assert [line.split()[:2] for line in listed[1:3]] == [["1", "Two?"], ["2", "One?"]]
    again = chat("And two?", options=("--conversation", [*platform.talks.all][1][-12:]))
    assert again.code == 0
    assert [each["text"] for each in two[::2]] == ["Two?", "And two?"]


def test_what_was_left_out_of_the_conversation_is_said(
    chat: Chat, platform: PlatformServer
) -> None:
    platform.talks.dropped = 1
    assert "asked without 1 earlier message, which did not fit" in chat("One?").out


def test_what_fails_is_said_and_the_next_is_asked(chat: Chat, platform: PlatformServer) -> None:
    platform.knobs.fail_run = "the index is broken"
    ended = chat("One?", "/nonsense", "/open", "/open 7", "/open zz", "Two?")
    assert ended.code == 1
    assert ended.err.count("The run failed: the index is broken.") == 2
    assert "There is no command /nonsense." in ended.err
    assert "Which one?" in ended.err
    assert "The list has no number 7." in ended.err
    assert len(platform.talks.messages[only(platform)]) == 4


def test_what_was_removed_meanwhile_is_said_and_another_begins(
    chat: Chat, platform: PlatformServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chat("One?").code == 0
    gone = only(platform)
    post = platform.talks.post

    async def removed(request: object) -> object:
        platform.talks.all.pop(gone, None)
        return await post(request)  # type: ignore[arg-type]

    monkeypatch.setattr(platform.talks, "post", removed)
    ended = chat(f"/open {gone}", "And?", "Anew?")
    assert ended.code == 1
    assert "your next question begins a new one" in ended.err
    assert [each["text"] for each in platform.talks.messages[only(platform)][::2]] == ["Anew?"]


def test_a_platform_that_is_away_ends_it(cli: Run, home: Path, chat: Chat) -> None:
    (home / "credentials.json").unlink()
    assert chat("One?").code == 3


def test_an_unknown_collection_is_refused(chat: Chat) -> None:
    assert chat("One?", options=("-c", "nowhere")).code == 1


class Terminal:
    """A chat on a terminal of 80 columns, and what it has shown that was not looked at yet."""

    def __init__(self, home: Path) -> None:
        self._main, inner = pty.openpty()
        unwanted = ("NO_COLOR", "FORCE_COLOR", "SUTAZAI_")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(unwanted)}
        self.process = subprocess.Popen(
            [*PROGRAM, "--home", str(home), "chat"],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={**kept, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        os.close(inner)
        self._shown = b""

    def read_until(self, wanted: str) -> None:
        """Read until something is shown; what comes after it is for the next look."""
        deadline = time.monotonic() + 30
        while (found := self._shown.find(wanted.encode())) < 0:
            assert time.monotonic() < deadline, self._shown[-300:].decode(errors="replace")
            if select.select([self._main], [], [], 1)[0]:
                self._shown += os.read(self._main, 65536)
        self._shown = self._shown[found + len(wanted.encode()) :]

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._main, f"{line}\n".encode())

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        os.close(self._main)


def test_at_a_terminal_an_interrupted_answer_is_cancelled_and_it_goes_on(
    home: Path, platform: PlatformServer
) -> None:
    platform.knobs.hold = True
    terminal = Terminal(home)
    try:
        terminal.read_until("› ")
        terminal.type("One?")
        terminal.read_until("research is at work")
        terminal.process.send_signal(signal.SIGINT)
        terminal.read_until("Cancelled run")
        terminal.read_until("› ")
        assert [run["status"] for run in platform.runs.values()] == ["cancelled"]
        platform.knobs.hold = False
        terminal.type("Two?")
        terminal.read_until("Backups are made nightly [1].")
        terminal.read_until("› ")
        terminal.type("/quit")
        assert terminal.process.wait(20) == 0
    finally:
        terminal.close()


def test_conversations_are_listed_shown_renamed_and_deleted(
    cli: Run, chat: Chat, home: Path, platform: PlatformServer
) -> None:
    assert "No conversations yet" in cli("--home", home, "conversations").out
    chat("How are backups made?")
    conversation = only(platform)
    named = conversation[-12:]
    listed = cli("--home", home, "conversations", "list").out.splitlines()
    assert listed[0].split() == ["ID", "TITLE", "COLLECTION", "MESSAGES", "AGE"]
    assert listed[1].startswith(f"{named}  How are backups made?  default     2 ")
    shown = cli("--home", home, "conversations", "show", named).out
    assert "› How are backups made?" in shown
    assert "Backups are made nightly [1]." in shown
    assert "[1] docs:ops.md" in shown
    renamed = cli("--home", home, "conversations", "rename", named, "Backups")
    assert renamed.out == "It is called “Backups” now.\n"
    items = cli("--home", home, "conversations", "--json").json["items"]
    assert isinstance(items, list)
    assert [each["title"] for each in items] == ["Backups"]
    whole = cli("--home", home, "conversations", "show", conversation, "--json").json
    assert [each["role"] for each in whole["items"]] == ["user", "assistant"]  # type: ignore[attr-defined]
    deleted = cli("--home", home, "conversations", "delete", named)
    assert deleted.out == "Deleted “Backups” with 2 messages.\n"
    gone = cli("--home", home, "conversations", "show", named)
    assert gone.code == 4
    assert "No conversation among the newest 200" in gone.err
    assert cli("--home", home, "conversations", "show", conversation).code == 4


def test_an_answer_that_failed_is_shown_as_one(
    cli: Run, chat: Chat, home: Path, platform: PlatformServer
) -> None:
    platform.knobs.fail_run = "no room"
    chat("One?")
    shown = cli("--home", home, "conversations", "show", only(platform)).out
    assert "No answer, its run failed: no room." in shown


def test_json_of_what_changes_is_what_it_is_now(
    cli: Run, chat: Chat, home: Path, platform: PlatformServer
) -> None:
    chat("One?")
    one = only(platform)
    assert cli("--home", home, "conversations", "rename", one, "T", "--json").json["title"] == "T"
    deleted = cli("--home", home, "conversations", "delete", one, "--json").json
    assert deleted == {"id": one, "deleted": True}
    wrong = cli("--home", home, "conversations", "--json", "show", one)
    assert wrong.code == 2


def test_the_graph_is_asked_where_that_is_wanted(chat: Chat, platform: PlatformServer) -> None:
    chat("One?")
    chat("Two?", options=("--graph",))
    assert [posted.get("graph") for posted in platform.talks.posted] == [None, True]

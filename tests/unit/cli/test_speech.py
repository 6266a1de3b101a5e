"""Live text of `sutazai ask`: printed as it comes on a terminal, once, and nowhere else."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from sutazai.entrypoints.cli.speech import Flow, Speech
from tests.unit.cli.conftest import Run
from tests.unit.cli.platform_server import PlatformServer
from tests.unit.cli.test_ask import ESCAPES, PROGRAM, in_terminal

ANSWER = "Backups are made nightly [1]."
# The numbers of the durable events after which the step `write` is at work, see platform_server.
FIRST, FAILED, SECOND = 6, 7, 8


def text(attempt: int, offset: int, piece: str, task: str = "t") -> tuple[str, dict[str, Any]]:
    data = {"task": task, "step": "write", "attempt": attempt, "offset": offset, "text": piece}
    return "step.text", data


def reset(attempt: int) -> tuple[str, dict[str, Any]]:
    return "step.reset", {"task": "t", "step": "write", "attempt": attempt}


def revised(whole: str) -> list[tuple[str, dict[str, Any]]]:
    data = {"task": "t", "step": "write", "attempt": 2, "revision": 1}
    return [("step.reset", data), ("step.text", {**data, "offset": 0, "text": whole})]


def pieces(attempt: int, whole: str, size: int = 3) -> list[tuple[str, dict[str, Any]]]:
    return [text(attempt, at, whole[at : at + size]) for at in range(0, len(whole), size)]


def shown(home: Path) -> list[str]:
    """Run a question on a terminal of 80 columns; give the lines that are left to see."""
    out = in_terminal([*PROGRAM, "--home", str(home), "ask", "x"], colour=False)
    return [ESCAPES.sub("", line).split("\r")[-1].rstrip() for line in out.split("\n")]


def test_the_answer_appears_as_it_is_written_and_only_once(
    home: Path, platform: PlatformServer
) -> None:
    platform.knobs.live = {SECOND: pieces(2, ANSWER)}
    lines = shown(home)
    said = lines.index(ANSWER)
    assert lines.index("▸ write  attempt 2") < said < lines.index("✓ write  done in 0.1 s")
    assert lines.count(ANSWER) == 1
    assert "Sources" in lines[said:]


def test_an_attempt_that_broke_off_is_followed_by_the_next(
    home: Path, platform: PlatformServer
) -> None:
    platform.knobs.live = {
        FIRST: pieces(1, "Backups are never"),
        SECOND: [reset(2), *pieces(2, ANSWER)],
    }
    lines = shown(home)
    assert lines.index("Backups are never") < lines.index("! write  no room; it is tried again")
    assert lines.count(ANSWER) == 1


@pytest.mark.parametrize(
    "live",
    [
        {SECOND: pieces(2, "A draft that a later step changed.")},
        {SECOND: [text(2, 0, "Backups are"), text(2, 16, " nightly [1].")]},
        {FIRST: pieces(1, ANSWER), SECOND: [reset(2)]},
    ],
    ids=["another text", "a gap", "void"],
)
def test_an_answer_that_was_not_said_just_so_is_printed_in_full(
    home: Path, platform: PlatformServer, live: dict[int, list[tuple[str, dict[str, Any]]]]
) -> None:
    platform.knobs.live = live
    lines = shown(home)
    assert ANSWER in lines[lines.index("✓ write  done in 0.1 s") :]


def test_a_text_that_is_revised_after_it_was_printed_is_said_to_be_and_printed_once(
    home: Path, platform: PlatformServer
) -> None:
    platform.knobs.live = {SECOND: [*pieces(2, "Backups are made daily [1]."), *revised(ANSWER)]}
    lines = shown(home)
    draft = lines.index("Backups are made daily [1].")
    assert draft < lines.index("  write: it revised what it wrote") < lines.index(ANSWER)
    assert lines.count(ANSWER) == 1
    assert ANSWER in lines[lines.index("✓ write  done in 0.1 s") :]


def test_a_revised_text_of_which_nothing_was_printed_is_printed_as_it_comes(
    home: Path, platform: PlatformServer
) -> None:
    platform.knobs.live = {SECOND: revised(ANSWER)}
    lines = shown(home)
    assert lines.index(ANSWER) < lines.index("✓ write  done in 0.1 s")
    assert lines.count(ANSWER) == 1


def test_text_that_comes_again_over_a_new_connection_is_printed_once(
    home: Path, platform: PlatformServer
) -> None:
    platform.knobs.live = {
        FIRST: pieces(1, ANSWER[:20]),
        FAILED: [text(1, 0, ANSWER[:20])],
        SECOND: [*pieces(2, ANSWER[:15]), text(2, 0, ANSWER[:15]), text(2, 15, ANSWER[15:])],
    }
    lines = shown(home)
    assert lines.count(ANSWER) == 1
    assert lines.count(ANSWER[:20].rstrip()) == 1


def test_lines_of_live_text_break_between_words_and_carry_no_escape(
    home: Path, platform: PlatformServer
) -> None:
    platform.knobs.live = {SECOND: pieces(2, "word " * 60 + "\x1b[31mred\x07")}
    lines = shown(home)
    assert max(len(line) for line in lines) <= 80
    words = [line for line in lines if line.startswith("word")]
    assert len(words) == 4
    assert "�[31mred�" in words[-1]


def test_without_a_terminal_there_is_no_live_text(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    plain = cli("--home", home, "ask", "x").out
    platform.knobs.live = {FIRST: pieces(1, "draft"), SECOND: [reset(2), *pieces(2, ANSWER)]}
    out = cli("--home", home, "ask", "x").out
    assert out.splitlines()[:-1] == plain.splitlines()[:-1]


def written(width: int, given: list[str]) -> str:
    out = io.StringIO()
    flow = Flow(Console(file=out, width=width, highlight=False, emoji=False))
    for piece in given:
        flow.write(piece)
    flow.finish()
    return out.getvalue()


@given(
    words=st.lists(st.text("abé語🐢", min_size=1, max_size=30), min_size=1, max_size=30),
    cuts=st.lists(st.integers(1, 7), min_size=1),
    width=st.integers(5, 40),
)
def test_in_whatever_pieces_it_comes_the_words_are_all_there(
    words: list[str], cuts: list[int], width: int
) -> None:
    whole, at = " ".join(words), 0
    given: list[str] = []
    while at < len(whole):
        size = cuts[len(given) % len(cuts)]
        given.append(whole[at : at + size])
        at += size
    out = written(width, given)
    assert out == written(width, [whole])
    assert "".join(out.split()) == "".join(words)
    assert max(cell_len(line) for line in out.splitlines()) <= max(width, 2)


def test_one_step_speaks_at_a_time_and_the_other_says_all_it_has_to_say_after_it() -> None:
    out = io.StringIO()
    quiet: list[bool] = []
    speech = Speech(Console(file=out, width=80, highlight=False), quiet.append)
    speech.hear(text(1, 0, "one ", "a")[1])
    speech.hear(text(1, 0, "two ", "b")[1])
    speech.pause()
    speech.hear(text(1, 4, "goes on", "a")[1])
    assert out.getvalue() == "\none\ngoes"
    speech.end("b")
    speech.end("a")
    assert speech.said == "one goes on"
    speech.hear(text(1, 4, "ends", "b")[1])
    speech.end("b")
    assert out.getvalue() == "\none\ngoes on\n\ntwo ends\n"
    assert quiet == [True, False, True, False]
    assert speech.said == "two ends"


def test_what_is_not_understood_is_left_out() -> None:
    speech = Speech(Console(file=sys.stderr), lambda _: None)
    for data in ({}, {"task": "t", "text": 1, "offset": 0, "attempt": 1}, text(1, 0, "")[1]):
        speech.hear(data)
    speech.reset({})
    assert speech.said is None

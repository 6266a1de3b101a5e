"""Words and numbers as they are put on the terminal."""

from datetime import UTC, datetime, timedelta

import pytest

from sutazai.entrypoints.cli.render import ago, clean, one_line, plural, seconds_between, size_text

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (86399, "23 h"), (200_000, "2 d")],
)
def test_ages_are_in_the_largest_unit(seconds: int, shown: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == shown


def test_an_age_nobody_knows_is_left_out() -> None:
    assert ago(None, NOW) == ""
    assert seconds_between(None, NOW) is None


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (125, "2 min 5 s")]
)
def test_durations(seconds: float, shown: str) -> None:
    assert seconds_between(NOW, NOW + timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [(5, "5 bytes"), (1536, "1.5 KiB"), (1 << 25, "32.0 MiB"), (3 << 30, "3.0 GiB")],
)
def test_sizes(size: int, shown: str) -> None:
    assert size_text(size) == shown


def test_a_long_text_is_cut_at_a_word_or_inside_a_very_long_one() -> None:
    assert one_line("a\n  line of\tmany words", 40) == "a line of many words"
    assert one_line("a line, of many words", 9) == "a line…"
    assert one_line("x" * 30, 10) == "x" * 9 + "…"


@pytest.mark.parametrize("sign", ["\x1b", "\x9b", "\x07", "\x00", "\u202e", "\u2066"])
def test_what_steers_a_terminal_is_replaced(sign: str) -> None:
    assert clean(f"a{sign}b\tc\nd") == "a�b\tc\nd"


def test_one_thing_is_not_many() -> None:
    assert (plural(1, "file"), plural(0, "file"), plural(2, "file")) == (
        "1 file",
        "0 files",
        "2 files",
    )

"""Identifiers sort by the time they were made."""

import time

import pytest

from sutazai_contracts.identifiers import new_id


def test_they_are_of_version_7_and_carry_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_they_go_up_strictly_also_when_the_clock_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = [new_id() for _ in range(2000)]
    five_seconds_ago = time.time_ns() - 5_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: five_seconds_ago)
    made += [new_id() for _ in range(2000)]
    assert made == sorted(set(made))


def test_a_clock_set_right_by_a_day_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = time.time_ns()
    tomorrow = right + 86_400_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: tomorrow)
    assert new_id().int >> 80 == tomorrow // 1_000_000
    monkeypatch.setattr(time, "time_ns", lambda: right)
    assert new_id().int >> 80 == right // 1_000_000

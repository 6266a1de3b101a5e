"""The log of refusals is bounded: a flood of them is told by its numbers."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from loguru import logger

from sutazai.entrypoints.api.refusals import LINES_A_MINUTE, RefusalLog


class Minutes:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def said() -> Iterator[list[Any]]:
    records: list[Any] = []
    sink = logger.add(lambda message: records.append(message.record), level="INFO")
    yield records
    logger.remove(sink)


def scope(method: str = "GET", **state: object) -> dict[str, Any]:
    return {"method": method, "request_id": "r1", "state": state}


def test_a_refusal_is_told_with_who_was_refused(said: list[Any]) -> None:
    caller = SimpleNamespace(tenant="t1", user="u1")
    RefusalLog().note(scope("BREW", caller=caller), "/api/v1/runs", 403)
    [line] = said
    assert line["message"] == "other /api/v1/runs refused: 403"
    assert line["extra"] == {"request_id": "r1", "status": 403, "tenant": "t1", "user": "u1"}


@pytest.mark.parametrize("status", [0, 200, 202, 303, 404, 409, 499, 500, 503])
def test_what_is_no_refusal_is_not_told(said: list[Any], status: int) -> None:
    RefusalLog().note(scope(), "/api/v1/runs", status)
    assert said == []


def test_a_flood_is_counted_and_told_when_the_minute_is_over(said: list[Any]) -> None:
    clock = Minutes()
    log = RefusalLog(clock=clock)
    for _ in range(LINES_A_MINUTE + 1000):
        log.note(scope(), "unmatched", 401)
    log.note(scope(), "/login", 429)
    assert len(said) == LINES_A_MINUTE + 1
    assert said[-1]["level"].name == "WARNING"
    clock.now = 59.9
    log.note(scope(), "/login", 429)
    assert len(said) == LINES_A_MINUTE + 1
    clock.now = 60.0
    log.note(scope(), "/login", 400)
    told, line = said[LINES_A_MINUTE + 1 :]
    assert told["extra"]["refused"] == {"401": 1000, "429": 2}
    assert told["message"].startswith("1002 requests more were refused")
    assert line["message"] == "GET /login refused: 400"


def test_a_quiet_minute_tells_nothing_of_the_one_before(said: list[Any]) -> None:
    clock = Minutes()
    log = RefusalLog(lines=2, clock=clock)
    for minute in range(3):
        clock.now = minute * 60.0
        log.note(scope(), "unmatched", 401)
        log.note(scope(), "unmatched", 401)
    assert [line["level"].name for line in said] == ["INFO"] * 6

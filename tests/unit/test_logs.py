"""What a line of a log looks like, whatever is logged."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from loguru import logger

from sutazai.entrypoints.logs import SECRET_FIELDS, line


@pytest.fixture
def lines() -> Iterator[list[str]]:
    kept: list[str] = []
    sink = logger.add(lambda message: kept.append(line(message.record)), level="DEBUG")
    yield kept
    logger.remove(sink)


def test_a_line_is_one_object_with_its_time_zone(lines: list[str]) -> None:
    logger.bind(request_id="r1").warning("{} went by", 2)
    said = json.loads(lines[0])
    assert (said["level"], said["message"], said["request_id"]) == ("WARNING", "2 went by", "r1")
    assert said["logger"]
    assert datetime.fromisoformat(said["time"]).utcoffset() is not None


def _message(text: str) -> None:
    logger.info("asked for {}", text)


def _field(text: str) -> None:
    logger.bind(name=text, **{text: "x"}).info("something")


def _error(text: str) -> None:
    logger.opt(exception=ValueError(text)).error("failed")


@pytest.mark.parametrize("log", [_message, _field, _error])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\x00\n", "\x1b[2K\n", "\\n\n", '"}\n'])
def test_nobody_writes_a_line_of_their_own(
    lines: list[str], log: Callable[[str], None], end: str
) -> None:
    forged = '{"level": "INFO", "message": "all is well"}'
    log(f"a{end}{forged}{end}")
    (said,) = lines
    assert "\n" not in said
    assert "\r" not in said
    assert "\x1b" not in said
    parsed: dict[str, Any] = json.loads(said)
    assert parsed["message"] != "all is well"


@pytest.mark.parametrize("field", sorted(SECRET_FIELDS))
def test_secrets_are_not_printed(lines: list[str], field: str) -> None:
    logger.bind(**{field: "hunter2"}).info("something")
    assert json.loads(lines[0])[field] == "***"
    assert "hunter2" not in lines[0]

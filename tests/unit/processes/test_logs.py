"""Logs that stay bounded while their writers hold them open."""

import os
import stat
from pathlib import Path

from sutazai.bootstrap.processes.logs import bound_log, log_tail, open_log


def test_a_log_past_its_bound_is_cut_and_its_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "server.log"
    log = open_log(path)
    try:
        os.write(log, b"old\n" * 10)
        assert not bound_log(path, max_bytes=40)
        os.write(log, b"one more\n")
        assert bound_log(path, max_bytes=40)
        os.write(log, b"new\n")
        assert path.read_text() == "new\n"
        assert (tmp_path / "logs" / "server.log.1").read_text() == "old\n" * 10 + "one more\n"
    finally:
        os.close(log)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "logs" / "server.log.1").stat().st_mode) == 0o600


def test_no_more_old_logs_are_kept_than_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    for number in range(5):
        path.write_text(f"log {number}")
        assert bound_log(path, max_bytes=1, keep=2)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.log", "a.log.1", "a.log.2"]
    assert (tmp_path / "a.log.1").read_text() == "log 4"
    assert (tmp_path / "a.log.2").read_text() == "log 3"


def test_a_log_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert not bound_log(tmp_path / "none.log")
    assert log_tail(tmp_path / "none.log") == ""


def test_the_tail_of_a_long_log_is_its_last_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("".join(f"line {number}\n" for number in range(5000)))
    assert log_tail(path, lines=2) == "line 4998\nline 4999"

"""The table of the matrix, written by the runs that are in it: one row for each victim."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from tests.stack.chaos.harm import VICTIMS
from tests.stack.chaos.rounds import Round

_HEAD = """\
<!-- Written by `make chaos`, row by row, from the rounds that were played. -->

# Reliability

What happens to work that was accepted when a part of the stack crashes. In each round questions (a
fifth), documents (a tenth) and runs of an agent from outside the product are sent through the
gateway while the agents that begin them stand still; these are let go, and the main process of one
container is ended by SIGKILL, or the broker is cut off its network, or told that its disk is full,
or a clock is set. Docker's restart policy starts what was killed. Then the record is read past the
platform, and the agent's own log of its effects beside it: *lost* counts accepted runs that are not
there or did not succeed, chunks that are missing, and effects that nobody had; *twice* steps that
were applied more than once, submissions that became two runs, chunks or documents too many, and
effects that were had again; *zombies* tasks that nobody ends; *gaps* runs whose events are not
numbered without a gap. The checker is tested by planting each of them. A victim without a row was
not played yet, or its round did not pass.

Containers share the machine's clock, and setting that would hit everything else that runs there. So
the wall clock of some containers is set: libfaketime stands between their processes and the C library
and answers with an offset, from the harm to the end of the round (tests/stack/chaos/clock.py).
Clocks that only count on are left alone, as they are when a machine's clock is set.

| victim | tasks unfinished at the harm | lost | twice | zombies | gaps | seconds until well | seconds until all was done | played on |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""  # noqa: E501


def add_to_report(path: Path, played: Round) -> None:
    """Put a round into the table, in the place of an earlier one of the same victim."""
    rows = _rows(path.read_text("utf-8")) if path.exists() else {}
    rows[played.victim] = _row(played)
    ordered = [rows[victim] for victim in VICTIMS if victim in rows]
    path.write_text(_HEAD + "\n".join(ordered) + "\n", "utf-8")


def _row(played: Round) -> str:
    verdict = played.verdict
    cells = (
        played.victim,
        played.unfinished,
        *map(len, (verdict.lost, verdict.twice, verdict.zombies, verdict.gaps)),
        f"{played.well_s:.0f}",
        f"{played.done_s:.0f}",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors",
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def _rows(text: str) -> dict[str, str]:
    found = re.findall(r"^(\| ([a-z][^|]*?) \| \d.*)$", text, re.MULTILINE)
    return {victim: row for row, victim in found}

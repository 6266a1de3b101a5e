"""Follow the events of a run to its end, over as many connections as that takes."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sutazai.entrypoints.cli.client import ApiClient
from sutazai.entrypoints.cli.errors import ApiProblem, CliError, Unreachable
from sutazai.entrypoints.cli.transport import PATIENCE_S

# Waits between tries, in seconds; any event that arrives starts them anew.
BACKOFF_S = (0.1, 0.3, 1.0, 2.0, 4.0)
TERMINAL = frozenset({"run.succeeded", "run.failed", "run.cancelled"})


@dataclass(frozen=True)
class RunEvent:
    """One event of a run; `seq` is None where it is not durable."""

    type: str
    seq: int | None
    at: datetime | None
    data: dict[str, Any] = field(default_factory=dict)


async def follow(
    client: ApiClient, run: UUID, *, backoff_s: tuple[float, ...] | None = None
) -> AsyncIterator[RunEvent]:
    """Give the events of a run in order, each durable one once, up to the one that ends it.

    A dropped connection is opened again after the last event seen. Raises `Unreachable` when
    that does not work out, `ApiProblem` where the API refuses.
    """
    waits = BACKOFF_S if backoff_s is None else backoff_s
    last: int | None = None
    failures = 0
    while True:
        lost: CliError | None = None
        told_s = 0.0
        try:
            async with client.events(run, after=None if last is None else str(last)) as stream:
                async for event in stream:
                    failures = 0
                    told = _read(event.type, event.data, event.id)
                    if told is None or (told.seq is not None and told.seq <= (last or 0)):
                        continue
                    last = told.seq or last
                    yield told
                    if told.type in TERMINAL:
                        return
        except Unreachable as error:
            lost = error
        except ApiProblem as error:
            if error.status < 500 and error.status != 429:
                raise
            lost, told_s = error, error.retry_after_s
        if failures == len(waits):
            raise lost or Unreachable(f"The events of run {run} stop before its end.")
        await asyncio.sleep(max(waits[failures], min(told_s, PATIENCE_S)))
        failures += 1


def _read(kind: str, data: str, seq: str | None) -> RunEvent | None:
    try:
        content = json.loads(data)
        number = None if seq is None else int(seq)
        at = content.get("at") if isinstance(content, dict) else None
        moment = datetime.fromisoformat(at) if isinstance(at, str) else None
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    inner = content.get("data")
    return RunEvent(kind, number, moment, inner if isinstance(inner, dict) else content)

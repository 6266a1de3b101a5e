"""The platform as `sutazai run` starts it, killed at a labelled point of the path of a task.

    python -m tests.faults.crashing --home HOME --armed FILE run
    echo '{"point": "before:commit:outcome", "times": 3}' > FILE

At the third passage of the point after that the process ends itself by SIGKILL; `FILE.fired` tells
of it, and `FILE` is gone, so that the next start goes on. Without the file nothing else is done
than what `sutazai run` does. Product code knows nothing of this: its functions are wrapped here.
`tests/faults/points.py` lists the points.
"""

import argparse
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from sutazai.core.tasks.service import Tasks
from sutazai.entrypoints.serve import serve
from sutazai.records.database import Database, Lone
from sutazai.records.ledger import SqlLedger, SqlLedgerTransaction
from sutazai.records.runs import SqlRuns
from sutazai.records.uploads import SqlUpload
from sutazai.settings import load_settings
from sutazai_contracts.queues import OUTCOMES, task_queue
from sutazai_kit.bus import memory
from sutazai_kit.files.local import LocalFiles
from sutazai_kit.vectors.edge import EdgeVectors

# What is done now, and what the open transaction wrote, by the names of their labels.
_doing: ContextVar[str] = ContextVar("doing", default="")
_written: ContextVar[set[str] | None] = ContextVar("written", default=None)
_sending: ContextVar[str] = ContextVar("sending", default="")
# Operations of one transaction each, which always writes.
_WHOLE = {"submit", "heartbeat"}
_IS_DUE = "SELECT EXISTS (SELECT FROM sutazai.outbox WHERE due_at <= clock_timestamp())"

Passes = Callable[[str], None]


class Trap:
    """Count passages of the point that a file names, and end the process at the last of them."""

    def __init__(self, armed: Path) -> None:
        """Take the file; it may come and go."""
        self._armed = armed
        self._text = ""
        self._passed: Counter[str] = Counter()

    def passes(self, label: str) -> None:
        """Note that a label is passed; does not return where the trap springs."""
        try:
            text = self._armed.read_text()
        except FileNotFoundError:
            return
        if text != self._text:
            self._text, self._passed = text, Counter()
        self._passed[label] += 1
        wanted = json.loads(text)
        if wanted["point"] == label and self._passed[label] >= wanted["times"]:
            self._armed.rename(f"{self._armed}.fired")
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()  # not one step further, in no thread


def lay(passes: Passes) -> None:
    """Wrap the functions of the product that make up the path of a task."""
    _transactions(passes)
    _operations(passes)
    _outbox(passes)
    _bus(passes)
    for name, owner, what in (
        ("vectors", EdgeVectors, "upsert"),
        ("file:put", LocalFiles, "put"),
    ):
        _replace(owner, what, _around(passes, name, getattr(owner, what)))
    for name, owner, what in (
        ("sweep:points", EdgeVectors, "delete_version"),
        ("sweep:file", LocalFiles, "delete"),
    ):
        _replace(owner, what, _in_sweep(passes, name, getattr(owner, what)))
    _effect(passes)


def _replace(owner: object, name: str, by: object) -> None:
    setattr(owner, name, by)


def _around(passes: Passes, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def wrapped(*args: Any, **named: Any) -> Any:
        passes(f"before:{name}")
        result = await function(*args, **named)
        passes(f"after:{name}")
        return result

    return wrapped


def _wrote(name: str) -> None:
    if (written := _written.get()) is not None:
        written.add(name)


def _transactions(passes: Passes) -> None:
    """A point before and after the commit of each transaction that wrote something."""
    for name in ("hot", "work", "tenant"):
        _replace(Database, name, _committing(passes, getattr(Database, name)))
    fetch = Lone.fetch
    submitting = _alone(passes, fetch, "submit")

    async def fetching(*args: Any) -> Any:
        return await (submitting if _doing.get() == "submit" else fetch)(*args)

    _replace(Lone, "fetch", fetching)


def _committing(passes: Passes, begin: Callable[..., Any]) -> Callable[..., Any]:
    @asynccontextmanager
    async def transaction(*args: Any) -> AsyncIterator[Any]:
        written = {_doing.get()} & _WHOLE
        token = _written.set(written)
        try:
            async with begin(*args) as connection:
                yield connection
                for name in sorted(written):
                    passes(f"before:commit:{name}")
        finally:
            _written.reset(token)
        for name in sorted(written):
            passes(f"after:commit:{name}")

    return transaction


def _operations(passes: Passes) -> None:
    """Tell transactions apart by what they are for."""
    for owner, what, name in (
        (SqlRuns, "submit", "submit"),
        (Tasks, "claim", "claim"),
        (Tasks, "heartbeat", "progress"),
        (Tasks, "apply", "outcome"),
    ):
        _replace(owner, what, _named(name, getattr(owner, what)))
    write, add = SqlLedgerTransaction.write, SqlUpload.add

    async def writing(self: SqlLedgerTransaction, changes: Any, *chunks: Any) -> None:
        await write(self, changes, *chunks)
        _wrote("publication" if changes.publications else _doing.get() or "other")

    async def adding(self: SqlUpload, *args: Any) -> Any:
        _wrote("upload")
        return await add(self, *args)

    _replace(SqlLedgerTransaction, "write", writing)
    _replace(SqlLedger, "write", _alone(passes, SqlLedger.write, None))
    _replace(SqlLedger, "renew", _alone(passes, SqlLedger.renew, "heartbeat"))
    _replace(SqlUpload, "add", adding)


def _alone(passes: Passes, function: Callable[..., Any], name: str | None) -> Callable[..., Any]:
    """A point before and after a statement that is a transaction by itself."""

    async def wrapped(*args: Any, **named: Any) -> Any:
        what = name or _doing.get() or "other"
        passes(f"before:commit:{what}")
        result = await function(*args, **named)
        passes(f"after:commit:{what}")
        return result

    return wrapped


def _named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def wrapped(*args: Any, **named: Any) -> Any:
        with _set(_doing, name):
            return await function(*args, **named)

    return wrapped


def _outbox(passes: Passes) -> None:
    take = SqlLedgerTransaction.take_due

    async def take_due(self: SqlLedgerTransaction, limit: int) -> Any:
        if await self.connection.fetchval(_IS_DUE):
            passes("before:outbox:take")
        if taken := await take(self, limit):
            _wrote("outbox")
            passes("after:outbox:take")
        return taken

    _replace(SqlLedgerTransaction, "take_due", take_due)


def _bus(passes: Passes) -> None:
    """Before a message is in its queue, when it is there, when that is confirmed, and its ack."""
    publish, put, ack = memory.MemoryBus.publish, memory._Queue.put, memory._Delivery.ack

    async def publishing(self: memory.MemoryBus, queue: str, bodies: Sequence[bytes]) -> None:
        what = "outcome" if queue == OUTCOMES else "wake-up" if _is_task_queue(queue) else ""
        passes(f"before:publish:{what}")
        with _set(_sending, what):
            await publish(self, queue, bodies)
        passes(f"after:confirm:{what}")

    def putting(self: memory._Queue, messages: Any) -> None:
        put(self, messages)
        passes(f"after:publish:{_sending.get()}")

    async def acking(self: memory._Delivery) -> None:
        what = "outcome" if "result" in json.loads(self.body) else "wake-up"
        passes(f"before:ack:{what}")
        await ack(self)
        passes(f"after:ack:{what}")

    _replace(memory.MemoryBus, "publish", publishing)
    _replace(memory._Queue, "put", putting)
    _replace(memory._Delivery, "ack", acking)


def _is_task_queue(queue: str) -> bool:
    return queue.startswith(task_queue(""))


def _in_sweep(passes: Passes, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The sweeper removes within a transaction; what others remove is another matter."""
    pointed = _around(passes, name, function)

    @wraps(function)
    async def wrapped(*args: Any) -> None:
        if _written.get() is None:
            await function(*args)
        else:
            _wrote(name)
            await pointed(*args)

    return wrapped


def _effect(passes: Passes) -> None:
    agent = import_module("sutazai_effects")
    append = agent.append_once

    def appending(*args: Any) -> bool:
        passes("before:effect")
        done: bool = append(*args)
        passes("after:effect")
        return done

    _replace(agent, "append_once", appending)


@contextmanager
def _set(variable: "ContextVar[str]", value: str) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def main() -> int:
    """Do what `sutazai run` does, with the trap laid."""
    parser = argparse.ArgumentParser(description="run the platform; die at a labelled point")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--armed", type=Path, required=True, help="names the point, and how often")
    parser.add_argument("run", choices=["run"])
    given = parser.parse_args()
    lay(Trap(given.armed).passes)
    return serve(load_settings(given.home))


if __name__ == "__main__":
    raise SystemExit(main())

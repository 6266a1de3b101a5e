"""Say what was lost or doubled: every finding in words, none where all is as it should be."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.faults.facts import Event, Records, Run, Stores

# The items of each step of the workflow `effects`.
ITEMS = {"left": 3, "right": 2, "last": 2}


@dataclass
class Submitted:
    """What the platform took in: runs by idempotency key, and the runs that index, by file name.

    `scraps` are the runs that indexed documents which were removed since, by file name.
    """

    runs: dict[str, UUID] = field(default_factory=dict)
    effects: set[UUID] = field(default_factory=set)
    uploads: dict[str, UUID] = field(default_factory=dict)
    scraps: dict[str, UUID] = field(default_factory=dict)

    @property
    def all_runs(self) -> list[tuple[str, UUID]]:
        """List what was submitted under which name, and the run it was given."""
        return [*self.runs.items(), *self.uploads.items(), *self.scraps.items()]


def record_problems(records: Records, submitted: Submitted) -> Iterator[str]:
    """Find what is wrong in PostgreSQL."""
    yield from _runs(records, submitted)
    events: dict[UUID, list[Event]] = defaultdict(list)
    for event in records.events:
        events[event.run].append(event)
    for run in records.runs.values():
        yield from _events(run, events[run.id])
    for task in records.tasks:
        if task.status != "succeeded":
            yield f"the task {task.step} of run {task.run} is {task.status}"
    yield from _messages(records)
    yield from _documents(records, submitted)
    if records.outbox:
        yield f"{records.outbox} wake-ups are left in the outbox"
    if records.leftovers:
        yield f"{records.leftovers} leftovers were not swept"


def _runs(records: Records, submitted: Submitted) -> Iterator[str]:
    for what, run in submitted.all_runs:
        if run not in records.runs:
            yield f"the run {run} of {what} is lost"
    for run, times in Counter(run for _, run in submitted.all_runs).items():
        if times > 1:
            yield f"{times} submissions were given the same run {run}"
    known = {run for _, run in submitted.all_runs}
    for stored in records.runs.values():
        if stored.status != "succeeded":
            yield f"the run {stored.id} ({stored.workflow}) is {stored.status}"
        if stored.id not in known:
            yield f"nobody submitted the run {stored.id} ({stored.workflow}), key {stored.key}"


def _events(run: Run, events: list[Event]) -> Iterator[str]:
    seqs = [event.seq for event in events]
    if seqs != list(range(1, len(seqs) + 1)) or run.seq != len(seqs):
        yield f"the events of run {run.id} are numbered {seqs}, and the run says {run.seq}"
    kinds = Counter((event.type, event.step) for event in events)
    for step in run.steps:
        if (times := kinds["step.succeeded", step]) != 1:
            yield f"the step {step} of run {run.id} succeeded {times} times"
    for kind in ("run.started", "run.succeeded"):
        if (times := kinds[kind, None]) != 1:
            yield f"the run {run.id} has {times} events {kind}"
    if events and events[-1].type != "run.succeeded":
        yield f"the last event of run {run.id} is {events[-1].type}"


def _messages(records: Records) -> Iterator[str]:
    """Find questions of conversations without their one answer, and answers to nothing."""
    by_run: dict[UUID, Counter[str]] = defaultdict(Counter)
    for message in records.messages:
        by_run[message.run][message.role] += 1
        if message.role == "assistant" and message.status != "succeeded":
            yield f"the answer of run {message.run} says that it {message.status}"
    for run in records.turns | by_run.keys():
        if dict(by_run[run]) != {"user": 1, "assistant": 1}:
            yield f"the run {run} of a conversation has the messages {dict(by_run[run])}"


def _documents(records: Records, submitted: Submitted) -> Iterator[str]:
    names = Counter(records.documents.values())
    for name in submitted.uploads:
        if names[name] != 1:
            yield f"there are {names[name]} documents {name}"
    for name in submitted.scraps:
        if names[name]:
            yield f"the document {name} was removed and is there"
    versions = Counter(version.document for version in records.versions)
    for document, name in records.documents.items():
        if versions[document] != 1:
            yield f"the document {name} has {versions[document]} versions"
    chunks = Counter(records.chunks.values())
    for version in records.versions:
        if version.state != "indexed":
            yield f"a version of {version.name} is {version.state}"
        if not version.chunk_count or chunks[version.id] != version.chunk_count:
            yield (
                f"{version.name} has {chunks[version.id]} rows of chunks and says that it has "
                f"{version.chunk_count}"
            )


def store_problems(records: Records, stores: Stores) -> Iterator[str]:
    """Find where points, rows of chunks and lines of JSONL differ, collection by collection."""
    for version, why in stores.damaged.items():
        yield f"the JSONL of version {version} is damaged: {why}"
    for collection in records.collections:
        inside = {v.id for v in records.versions if v.physical == collection}
        rows = {chunk for chunk, version in records.chunks.items() if version in inside}
        lines = [id for version in inside for id in stores.lines.get(version, ())]
        yield from _doubles("line of JSONL", lines)
        points = stores.points[collection]
        yield from _difference("points", points, "rows of chunks", rows)
        yield from _difference("lines of JSONL", set(lines), "rows of chunks", rows)


def effect_problems(lines: Iterable[Mapping[str, Any]], runs: Collection[UUID]) -> Iterator[str]:
    """Find effects that were lost or doubled, of the runs of the workflow `effects`."""
    done = [(str(line["run"]), str(line["step"]), str(line["item"])) for line in lines]
    expected = {
        (str(run), step, f"item-{number}")
        for run in runs
        for step, count in ITEMS.items()
        for number in range(count)
    }
    yield from _doubles("effect", done)
    yield from _difference("effects", set(done), "expected ones", expected)


def _doubles(what: str, found: Iterable[object]) -> Iterator[str]:
    for one, times in Counter(found).items():
        if times > 1:
            yield f"the {what} {one} is there {times} times"


def _difference(name: str, these: set[Any], other: str, those: set[Any]) -> Iterator[str]:
    if missing := those - these:
        yield f"{len(missing)} {name} are missing that {other} name: {_some(missing)}"
    if extra := these - those:
        yield f"{len(extra)} {name} are there that {other} do not name: {_some(extra)}"


def _some(found: set[Any]) -> str:
    return ", ".join(sorted(str(one) for one in found)[:3])

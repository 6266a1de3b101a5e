"""What a round of the matrix did to the work: lost, applied twice, left behind, out of order."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.faults.checker import ITEMS
from tests.faults.facts import Records

OPEN = {"waiting", "ready", "claimed"}


@dataclass(frozen=True)
class Verdict:
    """Findings in words, by kind; all empty where everything is as it should be."""

    lost: tuple[str, ...]
    twice: tuple[str, ...]
    zombies: tuple[str, ...]
    gaps: tuple[str, ...]

    @property
    def findings(self) -> tuple[str, ...]:
        """List all of them."""
        return (*self.lost, *self.twice, *self.zombies, *self.gaps)


def judge(
    records: Records,
    accepted: Mapping[str, UUID],
    effected: Collection[UUID] = (),
    effects: Iterable[Mapping[str, Any]] = (),
) -> Verdict:
    """Compare what the record and the agent's own log hold with what was accepted.

    Args:
        records: read once all is said to be done.
        accepted: runs by the name under which they were sent.
        effected: those of them that have effects.
        effects: what was done, whatever the record says of it: a line for each effect.
    """
    ours = set(accepted.values())
    done = _effects(effects, effected)
    wanted = {(str(run), step, n) for run in effected for step in ITEMS for n in range(ITEMS[step])}
    return Verdict(
        lost=(
            *_lost(records, accepted),
            *(
                f"the effect {n} of {step} of run {run} is missing"
                for run, step, n in wanted - done.keys()
            ),
        ),
        twice=(
            *_twice(records, accepted),
            *(f"the effect {one} is there {n} times" for one, n in done.items() if n > 1),
            *(f"nobody asked for the effect {one}" for one in done.keys() - wanted),
        ),
        zombies=tuple(
            f"the task {task.step} of run {task.run} is {task.status}"
            for task in records.tasks
            if task.run in ours and task.status in OPEN
        ),
        gaps=tuple(_gaps(records, ours)),
    )


def _effects(
    effects: Iterable[Mapping[str, Any]], runs: Collection[UUID]
) -> Counter[tuple[str, str, int]]:
    """Count the effects of these runs, each by run, step and number of its item."""
    ours = {str(run) for run in runs}
    return Counter(
        (line["run"], line["step"], int(line["item"].removeprefix("item-")))
        for line in effects
        if line["run"] in ours
    )


def _lost(records: Records, accepted: Mapping[str, UUID]) -> list[str]:
    found = []
    for name, id in accepted.items():
        run = records.runs.get(id)
        if run is None:
            found.append(f"the run {id} of {name} is not there")
        elif run.status != "succeeded":
            found.append(f"the run {id} of {name} is {run.status}")
    chunks = Counter(records.chunks.values())
    found += [
        f"{version.name} has {chunks[version.id]} of {version.chunk_count} chunks"
        for version in records.versions
        if version.name in accepted and chunks[version.id] < (version.chunk_count or 1)
    ]
    return found


def _twice(records: Records, accepted: Mapping[str, UUID]) -> list[str]:
    ours = set(accepted.values())
    ended = Counter(
        (event.run, event.type, event.step)
        for event in records.events
        if event.run in ours and event.type in ("run.started", "run.succeeded", "step.succeeded")
    )
    found = [f"{kind} of {step or run} is there {n} times" for (run, kind, step), n in ended.items() if n > 1]  # fmt: skip  # noqa: E501
    keys = Counter(run.key for run in records.runs.values() if run.key in accepted)
    found += [f"{key} became {n} runs" for key, n in keys.items() if n > 1]
    given = Counter(accepted.values())
    found += [f"{n} submissions were given the run {run}" for run, n in given.items() if n > 1]
    names = Counter(name for name in records.documents.values() if name in accepted)
    found += [f"there are {n} documents {name}" for name, n in names.items() if n > 1]
    chunks = Counter(records.chunks.values())
    found += [
        f"{version.name} has {chunks[version.id]} chunks, {version.chunk_count} of them its own"
        for version in records.versions
        if version.name in accepted and chunks[version.id] > (version.chunk_count or 0)
    ]
    return found


def _gaps(records: Records, ours: set[UUID]) -> list[str]:
    numbers: dict[UUID, list[int]] = defaultdict(list)
    for event in records.events:
        if event.run in ours:
            numbers[event.run].append(event.seq)
    return [
        f"the events of run {run} are numbered {seqs}"
        for run, seqs in numbers.items()
        if seqs != list(range(1, len(seqs) + 1)) or records.runs[run].seq != len(seqs)
    ]

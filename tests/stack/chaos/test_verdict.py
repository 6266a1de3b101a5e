"""The judge of the matrix finds what is planted, and nothing where all is well."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from tests.faults.checker import ITEMS
from tests.faults.facts import Event, Records, Run, Task, Version
from tests.stack.chaos.verdict import judge

ASKED, INDEXED = uuid4(), uuid4()
ACCEPTED = {"question-1": ASKED, "plant-2.md": INDEXED}
VERSION, DOCUMENT, COLLECTION = uuid4(), uuid4(), uuid4()


@pytest.fixture
def records() -> Records:
    """Give the record of a question and a document of two chunks, both done."""
    runs = {
        ASKED: Run(ASKED, "answer", "succeeded", 3, "question-1", ("research",)),
        INDEXED: Run(INDEXED, "index", "succeeded", 3, None, ("index",)),
    }
    events = [
        Event(run, seq, kind, step if kind == "step.succeeded" else None)
        for run, step in ((ASKED, "research"), (INDEXED, "index"))
        for seq, kind in enumerate(("run.started", "step.succeeded", "run.succeeded"), 1)
    ]
    tasks = [Task(ASKED, "research", "succeeded", 1, 0), Task(INDEXED, "index", "succeeded", 1, 0)]
    version = Version(VERSION, DOCUMENT, "plant-2.md", "indexed", uuid4(), COLLECTION, 2, None)
    chunks: dict[UUID, UUID] = {uuid4(): VERSION, uuid4(): VERSION}
    documents = {DOCUMENT: "plant-2.md"}
    return Records(runs, events, tasks, documents, [version], chunks, [COLLECTION], 0, 0)


def test_nothing_is_found_where_all_is_well(records: Records) -> None:
    assert judge(records, ACCEPTED).findings == ()


def test_a_loss_is_found(records: Records) -> None:
    del records.runs[ASKED]
    records.events[:] = [event for event in records.events if event.run != ASKED]
    verdict = judge(records, ACCEPTED)
    assert len(verdict.lost) == 1
    assert verdict.findings == verdict.lost


def test_a_run_that_failed_is_lost(records: Records) -> None:
    records.runs[ASKED] = replace(records.runs[ASKED], status="failed")
    assert len(judge(records, ACCEPTED).lost) == 1


def test_a_chunk_that_is_missing_is_lost(records: Records) -> None:
    records.chunks.popitem()
    assert len(judge(records, ACCEPTED).lost) == 1


def test_a_step_that_is_applied_twice_is_found(records: Records) -> None:
    records.events.append(Event(ASKED, 4, "step.succeeded", "research"))
    records.runs[ASKED] = replace(records.runs[ASKED], seq=4)
    verdict = judge(records, ACCEPTED)
    assert len(verdict.twice) == 1
    assert verdict.findings == verdict.twice


def test_a_key_that_became_two_runs_is_found(records: Records) -> None:
    other = uuid4()
    records.runs[other] = replace(records.runs[ASKED], id=other)
    assert len(judge(records, ACCEPTED).twice) == 1


def test_a_document_and_a_chunk_too_many_are_found(records: Records) -> None:
    records.documents[uuid4()] = "plant-2.md"
    records.chunks[uuid4()] = VERSION
    assert len(judge(records, ACCEPTED).twice) == 2


def line(step: str, number: int, run: UUID = ASKED) -> dict[str, str]:
    """Write what the agent writes down for an effect."""
    return {"run": str(run), "step": step, "item": f"item-{number}"}


EFFECTS = [line(step, number) for step, count in ITEMS.items() for number in range(count)]


def test_effects_that_are_all_there_once_are_well(records: Records) -> None:
    others = [line("left", 0, run=uuid4())]
    assert judge(records, ACCEPTED, {ASKED}, EFFECTS + others).findings == ()


def test_an_effect_that_is_missing_is_lost(records: Records) -> None:
    verdict = judge(records, ACCEPTED, {ASKED}, EFFECTS[1:])
    assert len(verdict.lost) == 1
    assert verdict.findings == verdict.lost


def test_an_effect_that_is_there_twice_is_found(records: Records) -> None:
    verdict = judge(records, ACCEPTED, {ASKED}, [*EFFECTS, EFFECTS[3]])
    assert len(verdict.twice) == 1
    assert verdict.findings == verdict.twice


def test_a_task_that_nobody_ends_is_a_zombie(records: Records) -> None:
    records.tasks[0] = replace(records.tasks[0], status="claimed")
    assert len(judge(records, ACCEPTED).zombies) == 1


def test_a_number_that_is_left_out_is_found(records: Records) -> None:
    records.events[1] = replace(records.events[1], seq=5)
    assert len(judge(records, ACCEPTED).gaps) == 1

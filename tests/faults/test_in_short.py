"""A kill and a stop in the middle of work, and the proof that the checker sees what it should.

`make test-faults` does the same at length. The planted faults are put into the very home that the
check found nothing wrong with: rows in transactions that are rolled back, files in copies.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from sutazai.bootstrap.processes.postgres import start_postgres
from sutazai_contracts.identifiers import new_id
from sutazai_kit.vectors.edge import EdgeVectors, open_edge_vectors
from sutazai_kit.vectors.port import Point
from tests.faults.checker import effect_problems, record_problems, store_problems
from tests.faults.facts import Records, Version, read_effects, read_records, read_stores
from tests.faults.rounds import Checked, Round, Trial, kill, strike_often, terminate, trial

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(180),
    pytest.mark.xdist_group("in short"),  # one home for all of them
]

SHORT = Round(answers=8, effects=12, uploads=3, unfinished_runs=6, unfinished=8, latest=4)
SEED = 20_261_120


@dataclass(frozen=True)
class Worked:
    """A home after its rounds: the platform is stopped, PostgreSQL runs alone."""

    tried: Trial
    checked: Checked

    @property
    def home(self) -> Path:
        return self.tried.platform.home


@pytest.fixture(scope="module")
def worked(models_dir: Path) -> Iterator[Worked]:
    with trial(models_dir, SEED) as tried:
        checked = asyncio.run(strike_often(tried, SHORT, [kill, terminate]))
        home = tried.platform.home
        start = start_postgres(
            home / "postgres", home / "run" / "postgres", home / "logs" / "postgres.log"
        )
        server = asyncio.run(start)
        try:
            yield Worked(tried, checked)
        finally:
            asyncio.run(server.stop("immediate"))


@pytest.mark.requirement("C1", part="embedded: nothing lost or doubled by kill -9 of its group")
@pytest.mark.requirement("C1", part="embedded: nothing lost, doubled or left running by SIGTERM")
@pytest.mark.requirement("C2", part="idempotency keys")
@pytest.mark.requirement("C3", part="resume after restart")
def test_nothing_is_lost_or_doubled_by_a_kill_and_a_stop(worked: Worked) -> None:
    assert worked.checked.problems == []
    assert worked.checked.lost > 0, "the kill did not fall in the middle of a task"


ROW_PLANTS = {
    "lost answer": (
        "DELETE FROM messages WHERE id ="
        " (SELECT id FROM messages WHERE role = 'assistant' LIMIT 1)",
        "of a conversation has the messages {'user': 1}",
    ),
    "lost chunk": (
        "DELETE FROM chunks WHERE id = (SELECT id FROM chunks LIMIT 1)",
        "rows of chunks and says that it has",
    ),
    "lost event": (
        "DELETE FROM events WHERE seq = 2 AND run_id = (SELECT id FROM runs LIMIT 1)",
        "are numbered [1, 3",
    ),
    "event after the end": (
        "INSERT INTO events (run_id, tenant_id, seq, type, data)"
        " SELECT id, tenant_id, seq + 1, 'step.progress', '{}' FROM runs LIMIT 1",
        "are numbered",
    ),
    "step that succeeded twice": (
        "WITH run AS (UPDATE runs SET seq = seq + 1 WHERE id = (SELECT id FROM runs"
        " WHERE workflow = 'effects' LIMIT 1) RETURNING id, seq)"
        " INSERT INTO events (run_id, tenant_id, seq, type, data)"
        " SELECT e.run_id, e.tenant_id, run.seq, e.type, e.data FROM events e, run"
        " WHERE e.run_id = run.id AND e.type = 'step.succeeded' LIMIT 1",
        "succeeded 2 times",
    ),
    "lost outcome": (
        "WITH gone AS (DELETE FROM events WHERE type = 'step.succeeded' AND run_id ="
        " (SELECT id FROM runs LIMIT 1) RETURNING run_id) SELECT * FROM gone",
        "succeeded 0 times",
    ),
    "lost run": (
        "DELETE FROM runs WHERE id = (SELECT id FROM runs WHERE workflow = 'answer' LIMIT 1)",
        "is lost",
    ),
    "doubled run": (
        "INSERT INTO runs (id, tenant_id, workflow, goal, input, plan, status, seq)"
        " SELECT gen_random_uuid(), tenant_id, workflow, goal, input, plan, status, seq"
        " FROM runs LIMIT 1",
        "nobody submitted the run",
    ),
    "run that failed": (
        "UPDATE runs SET status = 'failed' WHERE id = (SELECT id FROM runs LIMIT 1)",
        "is failed",
    ),
    "claim that stayed": (
        "UPDATE tasks SET status = 'claimed' WHERE id = (SELECT id FROM tasks LIMIT 1)",
        "is claimed",
    ),
    "doubled version": (
        "INSERT INTO document_versions (id, tenant_id, collection_id, document_id, number, sha256,"
        " size, run_id) SELECT gen_random_uuid(), tenant_id, collection_id, document_id, 2, sha256,"
        " size, run_id FROM document_versions LIMIT 1",
        "has 2 versions",
    ),
    "version that was not indexed": (
        "UPDATE document_versions SET state = 'pending' WHERE id ="
        " (SELECT id FROM document_versions LIMIT 1)",
        "is pending",
    ),
    "lost document": (
        "DELETE FROM documents WHERE id = (SELECT id FROM documents LIMIT 1)",
        "there are 0 documents",
    ),
    "wake-up that was not sent": (
        "INSERT INTO outbox (id, tenant_id, agent, due_at)"
        " SELECT gen_random_uuid(), id, 'effects', now() FROM tenants",
        "1 wake-ups are left",
    ),
    "leftover that was not swept": (
        "INSERT INTO leftovers (id, tenant_id, physical)"
        " SELECT gen_random_uuid(), id, gen_random_uuid() FROM tenants",
        "1 leftovers were not swept",
    ),
}


@pytest.mark.parametrize("plant", ROW_PLANTS)
def test_the_checker_sees_a_fault_in_the_records(worked: Worked, plant: str) -> None:
    statement, finding = ROW_PLANTS[plant]
    platform = worked.tried.platform
    with platform.postgres() as connection, connection.transaction(force_rollback=True):
        assert connection.execute(statement).rowcount >= 1
        records = read_records(connection)
    problems = list(record_problems(records, worked.tried.load.submitted))
    assert any(finding in problem for problem in problems), problems
    assert worked.checked.problems == []


def test_the_checker_sees_a_removed_document_that_stayed(worked: Worked) -> None:
    submitted = worked.tried.load.submitted
    [name, *others] = submitted.uploads
    removed = replace(
        submitted,
        uploads={other: submitted.uploads[other] for other in others},
        scraps={name: submitted.uploads[name]},
    )
    [problem] = record_problems(worked.checked.records, removed)
    assert problem == f"the document {name} was removed and is there"


async def _lose_points(vectors: EdgeVectors, version: Version) -> None:
    await vectors.delete_version(version.physical, version.id)


async def _add_point(vectors: EdgeVectors, version: Version) -> None:
    vector = np.full(384, 0.1, dtype=np.float32)
    point = Point(id=new_id(), version=version.id, vector=vector, text="one too many")
    await vectors.upsert(version.physical, [point])


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        pytest.param(_lose_points, "points are missing that rows of chunks name", id="loss"),
        pytest.param(_add_point, "1 points are there that rows of chunks do not", id="double"),
    ],
)
async def test_the_checker_sees_a_fault_among_the_points(
    worked: Worked, tmp_path: Path, plant: Callable[..., Any], finding: str
) -> None:
    records = worked.checked.records
    _copy(worked.home, tmp_path)
    async with open_edge_vectors(tmp_path / "vectors") as vectors:
        await plant(vectors, records.versions[0])
    assert finding in "; ".join(await _store_problems(tmp_path, records))


def _lose_line(lines: list[str]) -> list[str]:
    return lines[1:]


def _double_line(lines: list[str]) -> list[str]:
    return [*lines, lines[0]]


def _garble_line(lines: list[str]) -> list[str]:
    return [lines[0][: len(lines[0]) // 2], *lines[1:]]


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        pytest.param(_lose_line, "1 lines of JSONL are missing", id="loss"),
        pytest.param(_double_line, "is there 2 times", id="double"),
        pytest.param(_garble_line, "a line does not parse", id="damage"),
    ],
)
async def test_the_checker_sees_a_fault_in_the_jsonl(
    worked: Worked, tmp_path: Path, plant: Callable[[list[str]], list[str]], finding: str
) -> None:
    records = worked.checked.records
    _copy(worked.home, tmp_path)
    [path] = tmp_path.rglob(str(records.versions[0].chunks_sha256))
    path.write_text("".join(f"{line}\n" for line in plant(path.read_text().splitlines())))
    problems = await _store_problems(tmp_path, records)
    assert finding in "; ".join(problems)
    assert "is damaged" in "; ".join(problems)


def test_the_checker_sees_a_lost_and_a_doubled_effect(worked: Worked) -> None:
    lines = read_effects(worked.tried.effects_path)
    runs = worked.tried.load.submitted.effects
    assert list(effect_problems(lines, runs)) == []
    [lost] = effect_problems(lines[1:], runs)
    assert "1 effects are missing" in lost
    # Another key does not make it another effect.
    [doubled] = effect_problems([*lines, {**lines[0], "key": str(new_id())}], runs)
    assert "is there 2 times" in doubled
    [unasked] = effect_problems([*lines, {**lines[0], "run": str(UUID(int=0))}], runs)
    assert "1 effects are there that" in unasked


def test_a_process_that_stayed_is_seen(worked: Worked) -> None:
    before = {process.pid for process in worked.tried.platform.processes()}
    program = "import sys; print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=worked.home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        seen = {process.pid for process in worked.tried.platform.processes()}
    assert seen - before == {process.pid}


async def _store_problems(home: Path, records: Records) -> list[str]:
    return list(store_problems(records, await read_stores(home, records)))


def _copy(home: Path, target: Path) -> None:
    for folder in ("vectors", "files"):
        shutil.copytree(home / folder, target / folder)

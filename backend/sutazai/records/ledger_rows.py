"""Rows of the ledger, read as what they are."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from sutazai.core.runs.model import RunRow, RunStatus, Snapshot, TaskRow, TaskStatus
from sutazai.core.runs.plan import plan_from_json
from sutazai_contracts.knowledge import CollectionGrant, EmbeddingModel, RebuildTarget


def snapshots(rows: Sequence[Record]) -> dict[UUID, Snapshot]:
    """Read rows of tasks with a run beside some of them, as `CLAIMABLE`, `STANDING` give them."""
    found: dict[UUID, Snapshot] = {}
    for row in rows:
        if row["run_plan"] is not None and row["run_id"] not in found:
            found[row["run_id"]] = Snapshot(run_row(row, "run_"), {}, row["now"])
    for row in rows:
        found[row["run_id"]].tasks[row["id"]] = task_row(row)
    return found


def run_row(row: Record, prefix: str = "") -> RunRow:
    """Read a row with the columns that `LOCK_RUNS` names; beside a task they have a prefix."""
    return RunRow(
        id=row[f"{prefix}id"],
        tenant=row["tenant_id"],
        plan=plan_from_json(row[f"{prefix}plan"]),
        goal=row[f"{prefix}goal"],
        input=row[f"{prefix}input"],
        status=RunStatus(row[f"{prefix}status"]),
        seq=row[f"{prefix}seq"],
        collection=row[f"{prefix}collection_id"],
        traceparent=row[f"{prefix}traceparent"],
        result=row[f"{prefix}result"],
        citations=row[f"{prefix}citations"],
        error=row[f"{prefix}error"],
        started_at=row[f"{prefix}started_at"],
        finished_at=row[f"{prefix}finished_at"],
        retry_of=row[f"{prefix}retry_of"],
        origin=row[f"{prefix}origin"],
    )


def task_row(row: Record) -> TaskRow:
    """Read a row with the columns that `LOCK_TASKS` names."""
    return TaskRow(
        id=row["id"],
        run=row["run_id"],
        tenant=row["tenant_id"],
        step=row["step"],
        agent=row["agent"],
        status=TaskStatus(row["status"]),
        available_at=row["available_at"],
        priority=row["priority"],
        attempt=row["attempt"],
        failures=row["failures"],
        losses=row["losses"],
        token=row["token"],
        worker=row["worker"],
        lease_until=row["lease_until"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        error=row["error"],
        usage=row["usage"],
        input=row["input"],
        output=row["output"],
    )


def grant_row(row: Record) -> CollectionGrant:
    """Read what a reading claim may touch of a row that `CLAIMABLE` gives."""
    return CollectionGrant(
        collection=row["collection"],
        physical=row["physical"],
        access="read",
        model=EmbeddingModel.model_validate(row["model"]),
        hidden_versions=tuple(row["hidden"]),
        rebuild=_target(row),
    )


def _target(row: Record) -> RebuildTarget | None:
    if row["target"] is None:
        return None
    model = EmbeddingModel.model_validate(row["target_model"])
    return RebuildTarget(physical=row["target"], model=model)

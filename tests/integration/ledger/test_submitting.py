"""Runs that are submitted at the same time are written together, and each as if it were alone."""

import asyncio
import re
from uuid import UUID

import pytest

from sutazai.core.runs.service import NewRun
from sutazai.records import ledger_sql
from sutazai_contracts.errors import IdempotencyMismatch, InvalidInput
from tests.integration.api.counting import Statement, note_statements
from tests.integration.ledger.conftest import Ledger, ledger  # noqa: F401
from tests.support.database import TestDatabase

RUNS = 40


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """Hear all connections that are opened after this."""
    noted: list[Statement] = []
    note_statements(monkeypatch, noted)
    return noted


async def start(ledger: Ledger, goal: str, key: str | None = None) -> UUID:  # noqa: F811
    """Start a run and give its id."""
    new = NewRun("one", goal=goal, idempotency_key=key)
    return (await ledger.runs.start(ledger.tenant, new)).id


def goals(ledger: Ledger) -> dict[object, object]:  # noqa: F811
    """Give the goal of each run that is written."""
    rows = ledger.database.query("SELECT id, goal FROM runs")
    return {row[0]: row[1] for row in rows}


async def test_many_at_once_take_few_transactions(
    statements: list[Statement],
    ledger: Ledger,  # noqa: F811
) -> None:
    # All take their place before the first of them is written.
    views = await asyncio.gather(*(start(ledger, f"goal {n}") for n in range(RUNS)))
    await asyncio.sleep(0.01)  # asyncpg tells its listeners in the loop's next turn
    inserting = [s for s in statements if s.text.strip().startswith("WITH run AS")]
    assert len(inserting) < RUNS / 4
    assert goals(ledger) == {run: f"goal {n}" for n, run in enumerate(views)}
    ready = ledger.database.query("SELECT count(*) FROM tasks WHERE status = 'ready'")
    wake_ups = ledger.database.query("SELECT count(*) FROM outbox")
    assert ready == wake_ups == [(RUNS,)]


async def test_the_same_key_at_once_gives_one_run(ledger: Ledger) -> None:  # noqa: F811
    runs = await asyncio.gather(*(start(ledger, "a goal", "the key") for _ in range(8)))
    assert len(set(runs)) == 1
    assert ledger.database.query("SELECT count(*) FROM runs") == [(1,)]


async def test_one_that_is_refused_harms_none_that_was_written_with_it(
    ledger: Ledger,  # noqa: F811
) -> None:
    used = await start(ledger, "a goal", "used")
    given = await asyncio.gather(
        start(ledger, "one"),
        start(ledger, "another goal", "used"),
        start(ledger, "a NUL \x00, which PostgreSQL does not take"),
        start(ledger, "two"),
        start(ledger, "a goal", "used"),
        return_exceptions=True,
    )
    assert isinstance(given[1], IdempotencyMismatch)
    assert isinstance(given[2], InvalidInput)
    assert given[4] == used
    assert goals(ledger) == {
        used: "a goal",
        given[0]: "one",
        given[3]: "two",
    }


async def test_plans_made_while_tables_are_empty_go_by_keys(database: TestDatabase) -> None:
    async with database.open.worker.acquire() as connection:
        # The plan that a prepared statement keeps, however much the tables grow.
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE written (text, boolean) AS {ledger_sql.WRITE}")
        plan = await connection.fetch("EXPLAIN EXECUTE written ('{}', true)")
        await connection.execute(f"PREPARE claimed (text, integer) AS {ledger_sql.CLAIMABLE}")
        plan += await connection.fetch("EXPLAIN EXECUTE claimed ('worker', 4)")
        await connection.execute(f"PREPARE standing (uuid[]) AS {ledger_sql.STANDING}")
        plan += await connection.fetch("EXPLAIN EXECUTE standing ('{}')")
    text = "\n".join(row[0] for row in plan)
    assert "Index Scan using runs_pkey on runs" in text
    assert "Index Scan using tasks_pkey on tasks" in text
    # Of leftovers there are few, and of old ones none.
    assert re.findall(r"Seq Scan on (\w+)", text) == ["leftovers"]

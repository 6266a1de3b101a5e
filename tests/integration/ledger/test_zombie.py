"""A worker that stood still past its lease, and clocks that are wrong: neither does any harm."""

import asyncio
import os
import signal
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import psutil
import pytest

import sutazai.core.runs.service
import sutazai_contracts.identifiers
from sutazai.core.runs.model import RunStatus
from sutazai.core.tasks.service import Tasks
from sutazai_contracts.tasks import Beat, BeatReply, Claim, RetryLater
from tests.integration.ledger.conftest import Ledger, no_chunks
from tests.support.programs import eventually, hear, program, say

ZOMBIE = Path(__file__).with_name("zombie.py")
LEASE_S = 0.5


async def taken_back(tasks: Tasks) -> None:
    """Wait until the one lease has run out and the task is taken back."""
    async with asyncio.timeout(20):
        while True:
            if await tasks.take_back_lost():
                return
            await asyncio.sleep(0.02)


@pytest.mark.requirement("C1", part="a worker stopped past its lease: all it says then is refused")
async def test_a_worker_that_was_stopped_past_its_lease_is_refused_everything(
    ledger: Ledger,
) -> None:
    tasks = Tasks(ledger.tasks.records, no_chunks, lease_s=30.0)
    run = await ledger.submit()
    urls = ledger.database.urls
    with program(ZOMBIE, urls.app, urls.worker, "host:1", LEASE_S) as zombie:
        old = Claim.model_validate_json(await asyncio.to_thread(hear, zombie))
        say(zombie, "progress")
        assert await asyncio.to_thread(hear, zombie) == "go_on"
        os.kill(zombie.pid, signal.SIGSTOP)
        stopped = psutil.Process(zombie.pid)
        eventually(lambda: stopped.status() == psutil.STATUS_STOPPED, "it stands still")
        for command in ("beat", "progress", "outcome"):
            say(zombie, command)
        await taken_back(tasks)
        [new] = (await tasks.claim("worker", "host:1", 1)).claims
        assert (new.task, new.attempt) == (old.task, 2)
        os.kill(zombie.pid, signal.SIGCONT)
        answers = [await asyncio.to_thread(hear, zombie) for _ in range(3)]
        assert answers == ["lost", "lost", "applied 0"]
        beat = Beat(task=new.task, token=new.token)
        assert await tasks.heartbeat([beat]) == [BeatReply.GO_ON]
        assert await ledger.finish(new) == 1
        for command, answer in (("beat", "lost"), ("progress", "lost"), ("outcome", "applied 0")):
            say(zombie, command)
            assert await asyncio.to_thread(hear, zombie) == answer
    view = await ledger.runs.get(ledger.tenant, run)
    assert (view.status, view.steps[0].attempts) == (RunStatus.SUCCEEDED, 2)
    types = await ledger.event_types(run)
    assert types.count("step.succeeded") == 1
    assert types.count("step.progress") == 1, "only that of before it was stopped"


@pytest.mark.parametrize("hours", [-30, 30])
async def test_a_wrong_clock_of_the_application_moves_no_lease_and_no_ready_time(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    class WrongDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(hours=hours)

    class WrongTime:
        @staticmethod
        def time_ns() -> int:
            return int((datetime.now().astimezone().timestamp() + hours * 3600) * 1e9)

    monkeypatch.setattr(sutazai.core.runs.service, "datetime", WrongDatetime)
    monkeypatch.setattr(sutazai_contracts.identifiers, "time", WrongTime)
    run = await ledger.submit("chain")
    [first] = await ledger.claim()
    [(left_s,)] = ledger.database.query(
        "SELECT extract(epoch FROM lease_until - clock_timestamp())::float FROM tasks"
    )
    assert 20 < float(str(left_s)) <= 30
    assert await ledger.tasks.take_back_lost() == 0
    await ledger.finish(first, RetryLater(reason="once more"))
    [again] = await ledger.claim()
    await ledger.finish(again)
    [second] = await ledger.claim()
    await ledger.finish(second)
    assert (await ledger.runs.get(ledger.tenant, run)).status is RunStatus.SUCCEEDED
    [(late,)] = ledger.database.query(
        "SELECT count(*) FROM outbox WHERE due_at > clock_timestamp() + interval '1 minute'"
    )
    assert late == 0

"""The lines at work, beyond what the slots contract asks: clocks, stalls, the loop."""

import asyncio
from uuid import uuid4

import pytest

from sutazai.core.models.line import LineRules
from sutazai.core.models.lines import Lines
from sutazai.core.models.model import CallRecord
from sutazai_contracts.errors import ModelUnavailable
from sutazai_contracts.models import Usage
from sutazai_kit.slots.port import CallReport, SlotRequest
from tests.unit.kit.virtual_time import now, until, virtual_time

USAGE = Usage(prompt_tokens=1, completion_tokens=1, first_token_s=None, total_s=1)
DONE = CallReport(ending="stop", usage=USAGE)


def request(model: str = "m", *, deadline_s: float | None = None) -> SlotRequest:
    return SlotRequest(
        tenant=uuid4(),
        run=uuid4(),
        task=uuid4(),
        token=uuid4(),
        agent="writer",
        provider="ollama",
        model=model,
        deadline_s=deadline_s,
    )


def ignore(place: int) -> None:
    """Hear nothing."""


def lines(kept: list[CallRecord] | None = None) -> Lines:
    ended = kept if kept is not None else []
    return Lines(LineRules(lease_s=30), on_end=ended.append, clock=now)


@virtual_time
async def test_the_loop_ends_leases_and_deadlines_and_tells_places() -> None:
    kept: list[CallRecord] = []
    at_work = lines(kept)
    running = asyncio.create_task(at_work.run())
    first = request()
    await at_work.acquire(first, ignore)
    places: list[int] = []
    second = asyncio.create_task(at_work.acquire(request(), ignore))
    third = asyncio.create_task(at_work.acquire(request(deadline_s=10), ignore))
    fourth = asyncio.create_task(at_work.acquire(request(), places.append))
    with pytest.raises(ModelUnavailable, match="busy for 10 s"):
        await third
    await until(lambda: places == [3, 2])
    slot = await second
    assert 30 <= slot.waited_s <= 31
    assert [(call.request, call.report.ending) for call in kept] == [(first, "lost")]
    assert 30 <= kept[0].report.usage.total_s <= 31
    at_work.release(slot.id, DONE)
    await fourth
    assert kept[1].waited_s == slot.waited_s
    running.cancel()


def test_while_nothing_is_asked_the_loop_sleeps() -> None:
    reached: list[str] = []

    @virtual_time
    async def idle() -> None:
        at_work = lines()
        running = asyncio.create_task(at_work.run())
        slot = await at_work.acquire(request(), ignore)
        at_work.release(slot.id, DONE)
        await asyncio.sleep(5)
        reached.append("idle")
        await asyncio.wait({running})

    # With nothing to look after no timer is left, which this loop does not wait for.
    with pytest.raises(RuntimeError, match="no timer"):
        idle()
    assert reached == ["idle"]


@virtual_time
async def test_a_machine_that_stood_still_takes_no_slot_back() -> None:
    kept: list[CallRecord] = []
    at_work = lines(kept)
    slot = await at_work.acquire(request(), ignore)
    await asyncio.sleep(600)
    at_work.look()
    assert at_work.renew(slot.id)
    assert kept == []


@virtual_time
async def test_each_model_has_a_line_of_its_own() -> None:
    at_work = lines()
    for model in ("b", "a"):
        await at_work.acquire(request(model), ignore)
    waiting = asyncio.create_task(at_work.acquire(request("a"), ignore))
    await asyncio.sleep(0)
    assert [(s.model, s.busy, s.waiting) for s in at_work.states()] == [("a", 1, 1), ("b", 1, 0)]
    assert at_work.busy("ollama") == 2
    assert at_work.busy("llama_cpp") == 0
    waiting.cancel()
    await asyncio.wait({waiting})
    assert at_work.states()[0].waiting == 0


@virtual_time
async def test_a_tenant_is_told_its_own_places_alone() -> None:
    at_work = lines()
    await at_work.acquire(request(), ignore)
    others, mine = request(), request()
    waiting = [asyncio.create_task(at_work.acquire(one, ignore)) for one in (others, mine)]
    await asyncio.sleep(0)
    assert at_work.states(others.tenant)[0].yours == (1,)
    assert at_work.states(mine.tenant)[0].yours == (2,)
    assert at_work.states(uuid4())[0].yours == ()
    assert at_work.states()[0].yours == ()
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)

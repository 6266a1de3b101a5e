"""What every way to core's line keeps to: choosing, waiting, leases, giving back."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol
from uuid import UUID, uuid4

import pytest

from sutazai_contracts.errors import LineFull, ModelUnavailable
from sutazai_contracts.models import Usage
from sutazai_kit.slots.port import CallReport, Priority, Slot, SlotRequest, Slots, Wish

SMALL = "small:latest"
CODER = "coder:7b"
LINE = 4
REPORT = CallReport(
    ending="stop",
    usage=Usage(prompt_tokens=7, completion_tokens=3, first_token_s=0.1, total_s=0.5),
)


class Given(Protocol):
    """Core's side of a line with one slot for each model and `LINE` places to wait."""

    @property
    def slots(self) -> Slots:
        """Give the way to the line; the roles `default` and `coder` have a model each."""

    def held(self, request: SlotRequest) -> SlotRequest:
        """Have the agent of a request hold its task; gives the request as it is then."""

    def nothing_present(self) -> None:
        """Let the runtime go away."""

    async def pass_time(self, seconds: float) -> None:
        """Let time pass for core, which then looks after its line."""

    async def reports(self) -> list[tuple[UUID, str]]:
        """List what was kept of calls: the run, and how the call ended."""


class Caller:
    """Somebody who wants a slot, and hears of the place in line."""

    def __init__(self, slots: Slots, request: SlotRequest) -> None:
        self.request = request
        self.places: list[int] = []
        self.waiting = asyncio.ensure_future(slots.acquire(self.request, self.places.append))

    async def slot(self) -> Slot:
        """Wait for the slot."""
        async with asyncio.timeout(5):
            return await self.waiting

    async def leave(self) -> None:
        """Give up waiting."""
        self.waiting.cancel()
        with suppress(asyncio.CancelledError):
            await self.waiting


async def caller(
    given: Given, priority: Priority = "interactive", *, deadline_s: float | None = None
) -> Caller:
    """Let somebody ask for a slot, and core hear of it."""
    request = SlotRequest(
        tenant=uuid4(),
        run=uuid4(),
        task=uuid4(),
        token=uuid4(),
        agent="writer",
        provider="scripted",
        model=SMALL,
        priority=priority,
        deadline_s=deadline_s,
    )
    made = Caller(given.slots, given.held(request))
    await given.pass_time(0)
    return made


class SlotsContract:
    """Subclass and implement `open_slots`."""

    def open_slots(self) -> AbstractAsyncContextManager[Given]:
        """Open a line that nobody waits in."""
        raise NotImplementedError

    async def test_a_role_gets_its_model_and_any_other_the_default(self) -> None:
        async with self.open_slots() as given:
            for role, model in (("default", SMALL), ("writer", SMALL), ("coder", CODER)):
                chosen = await given.slots.choose(Wish(role=role))
                assert chosen is not None
                assert (chosen.model, chosen.provider) == (model, "scripted")

    async def test_without_a_runtime_there_is_no_model(self) -> None:
        async with self.open_slots() as given:
            given.nothing_present()
            assert await given.slots.choose(Wish()) is None

    async def test_a_free_slot_is_had_without_a_place_in_line(self) -> None:
        async with self.open_slots() as given:
            first = await caller(given)
            slot = await first.slot()
            assert first.places == []
            assert slot.lease_s > 0
            assert slot.waited_s == 0

    async def test_the_next_waits_hears_its_place_and_goes_when_the_slot_is_given_back(
        self,
    ) -> None:
        async with self.open_slots() as given:
            slot = await (await caller(given)).slot()
            second, third = await caller(given), await caller(given)
            assert (second.places, third.places) == ([1], [2])
            given.slots.release(slot, REPORT)
            await second.slot()
            await given.pass_time(1)
            assert not third.waiting.done()
            assert third.places == [2, 1]
            await third.leave()

    async def test_interactive_goes_before_batch(self) -> None:
        async with self.open_slots() as given:
            slot = await (await caller(given)).slot()
            batch = await caller(given, "batch")
            person = await caller(given)
            await given.pass_time(1)
            assert batch.places == [1, 2]
            given.slots.release(slot, REPORT)
            given.slots.release(await person.slot(), REPORT)
            await batch.slot()

    async def test_who_gives_up_leaves_the_line(self) -> None:
        async with self.open_slots() as given:
            slot = await (await caller(given)).slot()
            second, third = await caller(given), await caller(given)
            await second.leave()
            await given.pass_time(1)
            assert third.places == [2, 1]
            given.slots.release(slot, REPORT)
            await third.slot()

    async def test_who_gives_up_as_the_turn_comes_keeps_nothing(self) -> None:
        async with self.open_slots() as given:
            slot = await (await caller(given)).slot()
            second = await caller(given)
            given.slots.release(slot, REPORT)
            await second.leave()
            await given.pass_time(0)
            await (await caller(given)).slot()

    async def test_a_full_line_says_when_to_come_again(self) -> None:
        async with self.open_slots() as given:
            await (await caller(given)).slot()
            waiting = [await caller(given) for _ in range(LINE)]
            with pytest.raises(LineFull) as full:
                await (await caller(given)).slot()
            assert full.value.retry_after_s > 0
            for one in waiting:
                await one.leave()

    async def test_a_turn_that_does_not_come_in_time_is_an_error_that_says_so(self) -> None:
        async with self.open_slots() as given:
            slot = await (await caller(given)).slot()
            late = await caller(given, deadline_s=20)
            await given.pass_time(19)
            assert not late.waiting.done()
            await given.slots.renew(slot)
            await given.pass_time(2)
            with pytest.raises(ModelUnavailable, match="20 s"):
                await late.slot()

    async def test_a_slot_that_is_renewed_stays_and_one_that_is_not_is_taken_back(self) -> None:
        async with self.open_slots() as given:
            first = await caller(given)
            slot = await first.slot()
            second = await caller(given)
            for _ in range(4):
                await given.pass_time(slot.lease_s * 0.7)
                assert await given.slots.renew(slot)
            assert not second.waiting.done()
            for _ in range(3):
                await given.pass_time(slot.lease_s * 0.4)
            await second.slot()
            assert not await given.slots.renew(slot)
            assert await given.reports() == [(first.request.run, "lost")]

    async def test_a_call_is_kept_once_however_often_its_slot_is_given_back(self) -> None:
        async with self.open_slots() as given:
            first = await caller(given)
            slot = await first.slot()
            second, third = await caller(given), await caller(given)
            given.slots.release(slot, REPORT)
            given.slots.release(slot, REPORT)
            await second.slot()
            await given.pass_time(1)
            assert not third.waiting.done()
            assert await given.reports() == [(first.request.run, "stop")]
            await third.leave()

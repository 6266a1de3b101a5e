"""Slots over HTTP under the slots contract: core's lines behind the internal API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from sutazai.core.models.line import LineRules
from sutazai.core.models.lines import Lines
from sutazai_kit.slots.http import HttpSlots
from sutazai_kit.slots.port import CallReport, Chosen, OnPlace, Slot, SlotRequest, Wish
from tests.contract.slots.suite import LINE, SlotsContract
from tests.integration.internal.serving import Served, served
from tests.support.database import TestDatabase
from tests.support.metering import Kept

SETTLED_S = 5.0


@dataclass
class Heard:
    """The port, and what those who wait by it were told last."""

    port: HttpSlots
    waiting: dict[UUID, int] = field(default_factory=dict)

    async def choose(self, wish: Wish) -> Chosen | None:
        return await self.port.choose(wish)

    async def acquire(self, request: SlotRequest, on_place: OnPlace) -> Slot:
        def hear(place: int) -> None:
            self.waiting[request.task] = place
            on_place(place)

        self.waiting[request.task] = 0
        try:
            return await self.port.acquire(request, hear)
        finally:
            del self.waiting[request.task]

    async def renew(self, slot: Slot) -> bool:
        return await self.port.renew(slot)

    def release(self, slot: Slot, report: CallReport) -> None:
        self.port.release(slot, report)


@dataclass
class Far:
    """Core behind HTTP, and the time it lives by."""

    core: Served
    slots: Heard
    time: list[float]

    @property
    def lines(self) -> Lines:
        return self.core.parts.models.lines

    def held(self, request: SlotRequest) -> SlotRequest:
        claim = self.core.claimed(
            "writer", tenant=request.tenant, run=request.run, task=request.task
        )
        return request.model_copy(update={"token": claim.token})

    def nothing_present(self) -> None:
        self.core.parts.models.runtimes.present = None

    async def pass_time(self, seconds: float) -> None:
        await self.settled()
        self.time[0] += seconds
        self.lines.look()
        await self.settled()

    async def reports(self) -> list[tuple[UUID, str]]:
        await self.settled()
        return [(call.request.run, call.report.ending) for call in self.core.kept.calls]

    async def settled(self) -> None:
        """Wait until nothing is under way: both sides know the same of who waits."""
        async with asyncio.timeout(SETTLED_S):
            # Also of who has asked and was not begun yet.
            await asyncio.sleep(0)
            while self.slots.port.sending or not self.agree():  # noqa: ASYNC110 - both sides
                await asyncio.sleep(0.001)

    def agree(self) -> bool:
        """Tell whether those who wait at core are those who wait here, and know their places."""
        waiting = [call for call in self.lines._calls.values() if not call.turn.done()]
        return self.slots.waiting == {call.request.task: call.place for call in waiting}


class TestHttpSlots(SlotsContract):
    @pytest.fixture(autouse=True)
    def _given(self, database: TestDatabase, tmp_path: Path) -> None:
        self.database, self.root = database, tmp_path

    @asynccontextmanager
    async def open_slots(self) -> AsyncIterator[Far]:
        time = [1000.0]

        def lines(kept: Kept) -> Lines:
            rules = LineRules(parallel=1, places=LINE, tenant_places=LINE, lease_s=30, age_s=300)
            return Lines(rules, on_end=kept.calls.append, clock=lambda: time[0])

        async with served(self.database, self.root, lines=lines) as core:
            slots = HttpSlots(await core.core("writer"))
            yield Far(core, Heard(slots), time)
            await slots.aclose()

"""Slots in process under the slots contract, over core's lines and a clock that is moved."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sutazai.adapters.cache.inprocess import InProcessCache
from sutazai.adapters.slots.inprocess import InProcessSlots
from sutazai.core.models.answers import KeptAnswers
from sutazai.core.models.line import LineRules
from sutazai.core.models.lines import Lines
from sutazai.core.models.metering import Metering
from sutazai.core.models.routing import Routes
from sutazai.core.models.runtimes import Candidate, Runtimes
from sutazai.core.models.service import Models
from sutazai_kit.model.scripted import ScriptedConfig, open_scripted
from sutazai_kit.slots.port import SlotRequest
from tests.contract.slots.suite import CODER, LINE, SMALL, SlotsContract
from tests.support.metering import Kept


@dataclass
class Core:
    """Core's services, and the time they live by."""

    runtimes: Runtimes
    lines: Lines
    slots: InProcessSlots
    kept: Kept
    time: list[float]

    def held(self, request: SlotRequest) -> SlotRequest:
        return request

    def nothing_present(self) -> None:
        self.runtimes.present = None

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.time[0] += seconds
        self.lines.look()
        await asyncio.sleep(0)

    async def reports(self) -> list[tuple[UUID, str]]:
        return [(call.request.run, call.report.ending) for call in self.kept.calls]


class TestInProcessSlots(SlotsContract):
    @asynccontextmanager
    async def open_slots(self) -> AsyncIterator[Core]:
        time, kept = [1000.0], Kept()
        rules = LineRules(parallel=1, places=LINE, tenant_places=LINE, lease_s=30, age_s=300)
        lines = Lines(rules, on_end=kept.calls.append, clock=lambda: time[0])
        script = ScriptedConfig(names=(SMALL, CODER))
        runtimes = Runtimes([Candidate("scripted", lambda: open_scripted(script))])
        await runtimes.look()
        routes = Routes(roles={"default": ("small",), "coder": ("coder",)})
        models = Models(
            runtimes, lines, routes, Metering(kept), KeptAnswers(InProcessCache(), 60.0)
        )
        yield Core(runtimes, lines, InProcessSlots(models), kept, time)
        await runtimes.aclose()

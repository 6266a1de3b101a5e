"""Live text over HTTP under the contract: said through the internal API, heard at core."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from sutazai_contracts.frames import Frame
from sutazai_contracts.tasks import Claim
from sutazai_kit.live.http import ClaimLive, HttpLive
from sutazai_kit.live.memory import MemoryLive
from tests.contract.live.suite import LiveContract
from tests.integration.internal.serving import Served, served
from tests.support.database import TestDatabase


@dataclass
class SaidFar:
    """One worker's side, which holds every task it says something of, and core's side."""

    core: Served
    live: HttpLive
    heard: MemoryLive
    bound: dict[tuple[UUID, int], ClaimLive] = field(default_factory=dict)

    def publish(self, frame: Frame) -> None:
        key = frame.task, frame.attempt
        if key not in self.bound:
            self.bound[key] = self.live.bound(self.claim(frame))
        self.bound[key].publish(frame)

    def claim(self, frame: Frame) -> Claim:
        """Hold a frame's task; a run has one step of a name."""
        others = {bound.claim.task for bound in self.bound.values()} - {frame.task}
        return self.core.claimed(
            run=frame.run,
            task=frame.task,
            attempt=frame.attempt,
            step=f"{frame.step} {len(others)}" if others else frame.step,
        )

    async def close(self, task: UUID, attempt: int) -> None:
        if (task, attempt) in self.bound:
            await self.bound[task, attempt].close(task, attempt)

    def watch(self, run: UUID) -> AsyncGenerator[Sequence[Frame], None]:
        return self.heard.watch(run)

    async def aclose(self) -> None:
        await self.live.aclose()
        await self.heard.aclose()


class TestHttpLive(LiveContract):
    @pytest.fixture(autouse=True)
    def _given(self, database: TestDatabase, tmp_path: Path) -> None:
        self.database, self.root = database, tmp_path

    @asynccontextmanager
    async def open_live(
        self,
        *,
        cap: int = 1000,
        max_tasks: int = 100,
        ttl_s: float = 60.0,
        linger_s: float = 60.0,
    ) -> AsyncIterator[SaidFar]:
        heard = MemoryLive(cap=cap, max_tasks=max_tasks, ttl_s=ttl_s, linger_s=linger_s)
        async with served(self.database, self.root, live=heard) as core:
            live = SaidFar(core, HttpLive(await core.core("worker")), heard)
            yield live
            await live.aclose()

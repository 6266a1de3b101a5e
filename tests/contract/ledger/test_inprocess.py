"""The ledger in process under the ledger contract, over a real PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from sutazai.adapters.ledger.inprocess import InProcessLedger
from sutazai_contracts.tasks import AgentCard, Outcome
from tests.contract.ledger.suite import LedgerContract, Opened
from tests.integration.ledger.conftest import Ledger, ledger  # noqa: F401


@dataclass
class OtherSide:
    """Core's own services."""

    core: Ledger
    announced: set[str] = field(default_factory=set)

    async def submit(self, workflow: str = "chain") -> UUID:
        return await self.core.submit(workflow)

    async def apply(self, outcome: Outcome) -> int:
        return await self.core.tasks.apply([outcome])

    async def cancel(self, run: UUID) -> None:
        await self.core.runs.cancel(self.core.tenant, run)

    async def event_types(self, run: UUID) -> list[str]:
        return await self.core.event_types(run)

    async def expire(self) -> int:
        await self.core.tasks.records.disown()
        return await self.core.tasks.take_back_lost()

    async def known(self) -> set[str]:
        return self.announced

    def hear(self, card: AgentCard, worker: str) -> None:
        self.announced.add(card.name)


class TestInProcessLedger(LedgerContract):
    @pytest.fixture(autouse=True)
    def _core(self, ledger: Ledger) -> None:  # noqa: F811
        self.core = ledger

    @asynccontextmanager
    async def open_ledger(self) -> AsyncIterator[Opened]:
        other = OtherSide(self.core)
        yield Opened(InProcessLedger(self.core.tasks, other.hear), other)

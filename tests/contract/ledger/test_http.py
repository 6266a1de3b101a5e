"""The ledger over HTTP under the ledger contract: the internal API over a real PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sutazai_contracts.tasks import AgentCard, Beat, BeatReply, ClaimReply
from sutazai_kit.ledger.http import HttpLedger
from tests.contract.ledger.suite import LedgerContract, Opened
from tests.contract.ledger.test_inprocess import OtherSide
from tests.integration.internal.serving import Served, served
from tests.integration.ledger.conftest import Ledger, ledger  # noqa: F401


@dataclass
class EachByItsOwn:
    """Agents of several processes, each with its own token."""

    core: Served

    async def announce(self, card: AgentCard, worker: str) -> None:
        await HttpLedger(await self.core.core(card.name)).announce(card, worker)

    async def claim(self, agent: str, worker: str, slots: int) -> ClaimReply:
        return await HttpLedger(await self.core.core(agent)).claim(agent, worker, slots)

    async def heartbeat(self, beats: Sequence[Beat]) -> list[BeatReply]:
        return await HttpLedger(await self.core.core("worker")).heartbeat(beats)


@dataclass
class OverHttp(OtherSide):
    """Core's own services, and who was announced to the internal API."""

    served: Served | None = None

    async def known(self) -> set[str]:
        assert self.served is not None
        return {name for name, _ in self.served.announced}


class TestHttpLedger(LedgerContract):
    @pytest.fixture(autouse=True)
    def _core(self, ledger: Ledger, tmp_path: Path) -> None:  # noqa: F811
        self.core, self.root = ledger, tmp_path

    @asynccontextmanager
    async def open_ledger(self) -> AsyncIterator[Opened]:
        async with served(self.core.database, self.root, tasks=self.core.tasks) as core:
            yield Opened(EachByItsOwn(core), OverHttp(self.core, served=core))

"""Kept answers over HTTP under the contract: core behind its internal API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from sutazai_contracts.tasks import Claim
from sutazai_kit.answers.http import HttpAnswers
from sutazai_kit.core_client import open_core
from tests.contract.answers.suite import KEY, OTHER, SAID, AnswersContract
from tests.integration.internal.serving import Served, served
from tests.support.claims import a_claim
from tests.support.database import TestDatabase


@dataclass
class Far:
    """Core behind HTTP."""

    core: Served

    async def answers(self, agent: str) -> HttpAnswers:
        return HttpAnswers(await self.core.core(agent), patience_s=20.0)

    def claim(self, tenant: UUID, agent: str) -> Claim:
        return self.core.claimed(agent, tenant=tenant)


class TestHttpAnswers(AnswersContract):
    @pytest.fixture(autouse=True)
    def _given(self, database: TestDatabase, tmp_path: Path) -> None:
        self.database, self.root = database, tmp_path

    @asynccontextmanager
    async def open_answers(self) -> AsyncIterator[Far]:
        async with served(self.database, self.root) as core:
            yield Far(core)

    async def test_a_claim_that_is_lost_or_anothers_finds_and_keeps_nothing(self) -> None:
        async with self.open_answers() as far:
            tenant, writer = uuid4(), await far.answers("writer")
            claim = far.claim(tenant, "writer")
            await writer.keep(claim, KEY, SAID)
            worker = await far.answers("worker")
            assert await worker.find(claim, KEY) is None
            far.core.lose(claim)
            assert await writer.find(claim, KEY) is None
            await writer.keep(claim, OTHER, SAID)
            assert await writer.find(far.claim(tenant, "writer"), OTHER) is None
            # Whose it is core takes from the claim, whatever the caller says.
            other = far.claim(uuid4(), "writer").model_copy(update={"tenant": tenant})
            assert await writer.find(other, KEY) is None


async def test_a_core_that_is_away_is_as_if_it_had_kept_nothing() -> None:
    claim = a_claim()
    async with open_core("http://127.0.0.1:9", "token") as core:
        answers = HttpAnswers(core)
        await answers.keep(claim, KEY, SAID)
        assert await answers.find(claim, KEY) is None

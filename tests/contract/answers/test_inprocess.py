"""Kept answers inside core under the contract, and for how long they are kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from sutazai.adapters.answers.inprocess import InProcessAnswers
from sutazai.adapters.cache.inprocess import InProcessCache
from sutazai.core.models.answers import KeptAnswers
from sutazai_contracts.tasks import Claim
from tests.contract.answers.suite import KEY, SAID, AnswersContract


class Core:
    """Core's service, in this process."""

    def __init__(self) -> None:
        self.port = InProcessAnswers(KeptAnswers(InProcessCache(), 60.0))

    async def answers(self, agent: str) -> InProcessAnswers:
        return self.port

    def claim(self, tenant: UUID, agent: str) -> Claim:
        return Claim(
            task=uuid4(),
            run=uuid4(),
            tenant=tenant,
            step="write",
            agent=agent,
            attempt=1,
            token=uuid4(),
            lease_s=30,
            timeout_s=60,
            input={},
        )


class TestInProcessAnswers(AnswersContract):
    @asynccontextmanager
    async def open_answers(self) -> AsyncIterator[Core]:
        yield Core()


async def test_an_answer_is_gone_after_its_time_and_look_ups_are_counted() -> None:
    now, tenant, heard = 0.0, uuid4(), list[bool]()
    cache = InProcessCache(clock=lambda: now)
    answers = KeptAnswers(cache, 10.0, heard.append)
    await answers.keep(tenant, "writer", KEY, SAID)
    now = 9.0
    assert await answers.find(tenant, "writer", KEY) == SAID
    now = 10.0
    assert await answers.find(tenant, "writer", KEY) is None
    assert heard == [True, False]


async def test_switched_off_nothing_is_kept_or_looked_for() -> None:
    tenant, heard, cache = uuid4(), list[bool](), InProcessCache()
    off = KeptAnswers(cache, 0, heard.append)
    await off.keep(tenant, "writer", KEY, SAID)
    assert await KeptAnswers(cache, 60.0).find(tenant, "writer", KEY) is None
    await KeptAnswers(cache, 60.0).keep(tenant, "writer", KEY, SAID)
    assert await off.find(tenant, "writer", KEY) is None
    assert not heard


async def test_what_another_version_kept_is_none() -> None:
    tenant, cache = uuid4(), InProcessCache()
    await cache.put(f"answer:{tenant}:writer:{KEY}", b'{"words": "old"}', 60.0)
    assert await KeptAnswers(cache, 60.0).find(tenant, "writer", KEY) is None

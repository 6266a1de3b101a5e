"""Kept answers in a real Redis, where all processes of core find them; and while that is lost."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from sutazai.adapters.answers.inprocess import InProcessAnswers
from sutazai.adapters.cache.redis import RedisCache
from sutazai.adapters.redis_client import ANSWER_S
from sutazai.core.models.answers import KeptAnswers
from tests.contract.answers.suite import KEY, SAID, AnswersContract
from tests.contract.answers.test_inprocess import Core
from tests.support.redis import RedisServer, link_to, redis_server

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


class TestAnswersInRedis(AnswersContract):
    @pytest.fixture(autouse=True)
    def _given(self, server: RedisServer) -> None:
        self.server = server

    @asynccontextmanager
    async def open_answers(self, answer_s: float = 10.0) -> AsyncIterator[Core]:
        async with link_to(self.server, answer_s) as link:
            core = Core()
            core.port = InProcessAnswers(KeptAnswers(RedisCache(link), 60.0))
            yield core

    @pytest.mark.requirement("B4", part="response cache")
    async def test_another_process_finds_it_and_without_redis_the_model_is_asked(self) -> None:
        tenant = uuid4()
        async with self.open_answers() as one, self.open_answers(ANSWER_S) as two:
            await one.port.keep(one.claim(tenant, "writer"), KEY, SAID)
            claim = two.claim(tenant, "writer")
            assert await two.port.find(claim, KEY) == SAID
            with self.server.held_up():
                assert await two.port.find(claim, KEY) is None
                await two.port.keep(claim, KEY, SAID)

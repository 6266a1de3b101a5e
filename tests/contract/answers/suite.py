"""What every way to core's kept answers keeps to. An adapter's test opens it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID, uuid4

import pytest

from sutazai_contracts.answers import MAX_ANSWER_BYTES, KeptAnswer
from sutazai_contracts.models import Cut, CutPiece
from sutazai_contracts.tasks import Claim
from sutazai_kit.answers.port import Answers

KEY, OTHER = "0a" * 32, "0b" * 32
CUT = Cut(
    pieces=(CutPiece(message=1, part=2, characters=30, tokens=9, dropped=True),),
    num_ctx=2048,
    exact=True,
)
SAID = KeptAnswer(text="The ferry — 🚢 — leaves.\n", reason="length", cut=CUT, repaired=True)


class Given(Protocol):
    """Core's side, with two agents."""

    async def answers(self, agent: str) -> Answers:
        """Give the port as an agent has it: `writer` or `worker`."""

    def claim(self, tenant: UUID, agent: str) -> Claim:
        """Have an agent hold a task of a tenant."""


class AnswersContract:
    """The contract; see `sutazai_kit.answers.port`."""

    def open_answers(self) -> AbstractAsyncContextManager[Given]:
        """Open core's side."""
        raise NotImplementedError

    @pytest.fixture
    async def given(self) -> AsyncIterator[Given]:
        async with self.open_answers() as given:
            yield given

    async def test_what_is_kept_comes_back_whole_for_another_task(self, given: Given) -> None:
        tenant, answers = uuid4(), await given.answers("writer")
        first = given.claim(tenant, "writer")
        assert await answers.find(first, KEY) is None
        await answers.keep(first, KEY, SAID)
        assert await answers.find(first, KEY) == SAID
        assert await answers.find(given.claim(tenant, "writer"), KEY) == SAID

    async def test_another_question_tenant_or_agent_gets_none_of_it(self, given: Given) -> None:
        tenant, answers = uuid4(), await given.answers("writer")
        claim = given.claim(tenant, "writer")
        await answers.keep(claim, KEY, SAID)
        assert await answers.find(claim, OTHER) is None
        assert await answers.find(given.claim(uuid4(), "writer"), KEY) is None
        worker = await given.answers("worker")
        assert await worker.find(given.claim(tenant, "worker"), KEY) is None

    async def test_an_answer_that_is_too_large_is_not_kept(self, given: Given) -> None:
        claim, answers = given.claim(uuid4(), "writer"), await given.answers("writer")
        rest = MAX_ANSWER_BYTES - len(KeptAnswer(text="", reason="stop").model_dump_json())
        largest = KeptAnswer(text="x" * rest, reason="stop")
        await answers.keep(claim, KEY, largest)
        assert await answers.find(claim, KEY) == largest
        for more in (1, MAX_ANSWER_BYTES):
            await answers.keep(claim, OTHER, KeptAnswer(text="x" * (rest + more), reason="stop"))
            assert await answers.find(claim, OTHER) is None

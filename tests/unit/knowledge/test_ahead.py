"""Questions that are embedded ahead: one after the other, few at once, whatever becomes of one."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from sutazai.core.knowledge.ahead import MOST_WAITING, EmbedAhead
from sutazai_contracts.errors import EmbedderUnavailable
from sutazai_contracts.knowledge import EmbeddingModel


class Asked:
    """An embedder that notes what it is asked for, and answers when it is let."""

    model = EmbeddingModel(name="noting", revision="1", dimension=1, max_tokens=1)

    def __init__(self) -> None:
        self.texts: asyncio.Queue[str] = asyncio.Queue()
        self.answers: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        assert interactive
        for text in texts:
            self.texts.put_nowait(text)
        if (failure := await self.answers.get()) is not None:
            raise failure
        return np.ones((len(texts), 1), np.float32)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        raise NotImplementedError

    async def aclose(self) -> None:
        raise NotImplementedError


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
async def ahead(asked: Asked) -> AsyncIterator[EmbedAhead]:
    ahead = EmbedAhead(asked)
    running = asyncio.create_task(ahead.run())
    yield ahead
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_an_embedder_that_is_away_is_asked_for_the_next_one(
    asked: Asked, ahead: EmbedAhead
) -> None:
    ahead.seek("one")
    assert await asked.texts.get() == "one"
    asked.answers.put_nowait(EmbedderUnavailable("away"))
    ahead.seek("two")
    assert await asked.texts.get() == "two"


async def test_no_more_wait_than_are_served_soon(asked: Asked, ahead: EmbedAhead) -> None:
    for number in range(MOST_WAITING + 3):
        ahead.seek(str(number))
        asked.answers.put_nowait(None)
    served = [await asked.texts.get() for _ in range(MOST_WAITING)]
    assert served == [str(number) for number in range(MOST_WAITING)]
    ahead.seek("later")
    assert await asked.texts.get() == "later"

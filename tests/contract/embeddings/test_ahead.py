"""Embeddings that begin early keep the contract; what was sought is embedded once, and early."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sutazai.adapters.embeddings.ahead import MOST_KEPT, MOST_WAITING, AheadEmbeddings
from sutazai.adapters.minilm.inprocess import InProcessEmbeddings, open_inprocess_embeddings
from sutazai_contracts.errors import EmbedderUnavailable
from sutazai_contracts.knowledge import EmbeddingModel
from sutazai_kit.embeddings.port import Embeddings
from tests.contract.embeddings.suite import EmbeddingsContract


class TestAheadEmbeddings(EmbeddingsContract):
    """The contract."""

    @pytest.fixture
    def embeddings(self, minilm: InProcessEmbeddings) -> Embeddings:
        return AheadEmbeddings(minilm)

    @pytest.fixture
    async def unavailable(self, models_dir: Path) -> AsyncIterator[Embeddings]:
        async with open_inprocess_embeddings(models_dir) as closed:
            await closed.aclose()
            yield AheadEmbeddings(closed)


class Asked:
    """An embedder that notes what it is asked for, and answers when it is let."""

    model = EmbeddingModel(name="noting", revision="1", dimension=1, max_tokens=1)

    def __init__(self) -> None:
        self.texts: asyncio.Queue[str] = asyncio.Queue()
        self.answers: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        for text in texts:
            self.texts.put_nowait(text)
        if (failure := await self.answers.get()) is not None:
            raise failure
        return np.array([[len(text)] for text in texts], np.float32)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        raise NotImplementedError

    async def aclose(self) -> None:
        raise NotImplementedError

    def let(self, *answers: Exception | None) -> None:
        for answer in answers:
            self.answers.put_nowait(answer)

    def noted(self) -> list[str]:
        return [self.texts.get_nowait() for _ in range(self.texts.qsize())]


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
async def ahead(asked: Asked) -> AsyncIterator[AheadEmbeddings]:
    ahead = AheadEmbeddings(asked)
    running = asyncio.create_task(ahead.run())
    yield ahead
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_who_asks_gets_what_is_on_its_way(asked: Asked, ahead: AheadEmbeddings) -> None:
    ahead.seek("four")
    assert await asked.texts.get() == "four"
    waiting = asyncio.create_task(ahead.embed(["four"], interactive=True))
    asked.let(None)
    assert (await waiting).tolist() == [[4]]
    # It is kept for the steps that follow, beside what these ask for.
    asked.let(None)
    both = await ahead.embed(["seven!!", "four", "seven!!"], interactive=True)
    assert both.tolist() == [[7], [4], [7]]
    assert asked.noted() == ["seven!!"]


async def test_batch_work_is_not_held_up_by_it(asked: Asked, ahead: AheadEmbeddings) -> None:
    ahead.seek("four")
    assert await asked.texts.get() == "four"
    asked.let(None, None)
    assert (await ahead.embed(["four"])).tolist() == [[4]]
    assert asked.noted() == ["four"]


async def test_who_goes_takes_no_other_s_vector_along(asked: Asked, ahead: AheadEmbeddings) -> None:
    ahead.seek("four")
    assert await asked.texts.get() == "four"
    gone, stays = (asyncio.create_task(ahead.embed(["four"], interactive=True)) for _ in range(2))
    await asyncio.sleep(0)  # both wait
    gone.cancel()
    asked.let(None)
    assert (await stays).tolist() == [[4]]
    assert gone.cancelled()


async def test_what_failed_ahead_is_asked_for_again(asked: Asked, ahead: AheadEmbeddings) -> None:
    ahead.seek("four")
    assert await asked.texts.get() == "four"
    waiting = asyncio.create_task(ahead.embed(["four"], interactive=True))
    asked.let(EmbedderUnavailable("away"), None)
    assert (await waiting).tolist() == [[4]]
    # And the next question is sought as ever.
    ahead.seek("next")
    asked.let(None)
    assert (await ahead.embed(["next"], interactive=True)).tolist() == [[4]]
    assert asked.noted() == ["four", "next"]


async def test_while_the_embedder_is_away_nobody_waits_for_another_s_try(
    asked: Asked, ahead: AheadEmbeddings
) -> None:
    for question in ("one", "three", "eleven"):
        ahead.seek(question)
    assert await asked.texts.get() == "one"
    waiting = asyncio.create_task(ahead.embed(["eleven"], interactive=True))
    asked.let(EmbedderUnavailable("away"), EmbedderUnavailable("away"))
    with pytest.raises(EmbedderUnavailable):
        await waiting
    assert asked.noted() == ["eleven"]


async def test_no_more_wait_than_are_served_soon(asked: Asked, ahead: AheadEmbeddings) -> None:
    for number in range(MOST_WAITING + 3):
        ahead.seek(str(number))
        asked.let(None)
    served = [await asked.texts.get() for _ in range(MOST_WAITING)]
    assert served == [str(number) for number in range(MOST_WAITING)]
    ahead.seek("later")
    assert await asked.texts.get() == "later"


async def test_old_questions_make_room(asked: Asked, ahead: AheadEmbeddings) -> None:
    for number in range(MOST_KEPT + 1):
        ahead.seek(str(number))
        asked.let(None)
        assert await asked.texts.get() == str(number)
    asked.let(None)
    await ahead.embed(["0", "1"], interactive=True)
    assert asked.noted() == ["0"]


async def test_an_end_leaves_nobody_waiting(asked: Asked) -> None:
    ahead = AheadEmbeddings(asked)
    running = asyncio.create_task(ahead.run())
    ahead.seek("four")
    assert await asked.texts.get() == "four"
    waiting = asyncio.create_task(ahead.embed(["four"], interactive=True))
    await asyncio.sleep(0)  # it waits
    running.cancel()
    asked.let(None)
    assert (await waiting).tolist() == [[4]]
    assert asked.noted() == ["four"]

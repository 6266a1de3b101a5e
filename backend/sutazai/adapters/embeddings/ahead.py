"""Embeddings that begin early: a question is embedded while its run is written."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from loguru import logger
from numpy.typing import NDArray

from sutazai_contracts.errors import SutazaiError
from sutazai_contracts.knowledge import EmbeddingModel
from sutazai_kit.embeddings.port import Embeddings

# Who waits behind more than these is served as soon by the agent's own call.
MOST_WAITING = 8
# Questions whose vectors are kept for the steps of their runs.
MOST_KEPT = 64

Row = NDArray[np.float32]


class AheadEmbeddings:
    """Have questions embedded ahead; whoever asks for one then gets what is there or on its way.

    The embedder is idle while a run is written and claimed, which takes about as long as it needs
    for a question. Nothing hangs on it: what is not embedded ahead is embedded when it is needed.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        """Take the embedder."""
        self._embeddings = embeddings
        self._waiting: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        self._sought: OrderedDict[str, asyncio.Future[Row]] = OrderedDict()

    @property
    def model(self) -> EmbeddingModel:
        """Tell which model this is."""
        return self._embeddings.model

    def seek(self, question: str) -> None:
        """Have a question embedded soon, or not at all where too many wait."""
        if self._waiting.full() or question in self._sought:
            return
        self._waiting.put_nowait(question)
        self._sought[question] = asyncio.get_running_loop().create_future()
        # The oldest has left the queue, which is shorter.
        while len(self._sought) > MOST_KEPT:
            self._sought.popitem(last=False)

    async def run(self) -> None:
        """Embed what is sought, one after the other; ends when it is cancelled."""
        try:
            while True:
                await self._embed(await self._waiting.get())
        finally:
            self._give_up()

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        """Embed texts: shape `(len(texts), dimension)`, float32, each row of unit length."""
        known = await self._known(texts) if interactive else {}
        if not known:
            return await self._embeddings.embed(texts, interactive=interactive)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            rows = await self._embeddings.embed(missing, interactive=True)
            known.update(zip(missing, rows, strict=True))
        return np.stack([known[text] for text in texts])

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens by the model's own tokenizer, special tokens left out."""
        return await self._embeddings.count_tokens(texts)

    async def aclose(self) -> None:
        """Close the embedder's connections."""
        await self._embeddings.aclose()

    async def _embed(self, question: str) -> None:
        try:
            [row] = await self._embeddings.embed([question], interactive=True)
            self._sought[question].set_result(row)
        except SutazaiError as error:
            # Agents meet the same, each at once, and their steps say so.
            logger.debug("Questions were not embedded ahead: {}", error)
            while not self._waiting.empty():
                self._waiting.get_nowait()
            self._give_up()

    def _give_up(self) -> None:
        """Leave what is not there yet to those who wait for it."""
        for question, row in list(self._sought.items()):
            if not row.done():
                self._sought.pop(question).cancel()

    async def _known(self, texts: Sequence[str]) -> dict[str, Row]:
        """Give the vectors of texts that were sought, once they are there."""
        sought = {text: self._sought[text] for text in texts if text in self._sought}
        if sought:
            # Not awaited themselves: who is cancelled here takes no other's vector along.
            await asyncio.wait(sought.values())
        return {text: row.result() for text, row in sought.items() if not row.cancelled()}

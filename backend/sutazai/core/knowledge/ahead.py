"""Questions are embedded ahead: while their runs are written, before an agent asks for it."""

import asyncio

from loguru import logger

from sutazai_contracts.errors import SutazaiError
from sutazai_kit.embeddings.port import Embeddings

# Who waits behind more than these is served as soon by the agent's own call.
MOST_WAITING = 8


class EmbedAhead:
    """Have questions embedded by an embedder that keeps them for the agent that asks next.

    The embedder is idle while a run is written and claimed, which takes about as long as it needs
    for a question. Nothing hangs on it: what is not embedded ahead is embedded when it is needed.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        """Take the embedder."""
        self._embeddings = embeddings
        self._waiting: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)

    def seek(self, question: str) -> None:
        """Have a question embedded soon, or not at all where too many wait."""
        if not self._waiting.full():
            self._waiting.put_nowait(question)

    async def run(self) -> None:
        """Embed what is asked for, one after the other; ends when it is cancelled."""
        while True:
            question = await self._waiting.get()
            try:
                await self._embeddings.embed([question], interactive=True)
            except SutazaiError as error:
                # The agent meets the same, and its step says so.
                logger.debug("A question was not embedded ahead: {}", error)

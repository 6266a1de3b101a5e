"""An embedder that may come later: what needs it says so until then, all else starts without it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress

import numpy as np
from loguru import logger
from numpy.typing import NDArray

from sutazai_contracts.errors import EmbedderUnavailable
from sutazai_contracts.knowledge import EmbeddingModel
from sutazai_kit.embeddings.port import Embeddings

AGAIN_S = 1.0
# How long a call waits for an embedder that is being opened.
PATIENCE_S = 3.0

Open = Callable[[], AbstractAsyncContextManager[Embeddings]]


class LaterEmbeddings:
    """Stand for an embedder that is opened as soon as it answers; made by `open_later`."""

    def __init__(self, patience_s: float) -> None:
        """Take how long a call waits for the embedder to be there, in seconds."""
        self._patience_s = patience_s
        self._opened: Embeddings | None = None
        self._there = asyncio.Event()

    @property
    def model(self) -> EmbeddingModel:
        """Tell which model this is.

        Raises:
            EmbedderUnavailable: it was not reached yet.
        """
        if self._opened is None:
            raise EmbedderUnavailable("The embedder was not reached yet.")
        return self._opened.model

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        """Embed texts: shape `(len(texts), dimension)`, float32, each row of unit length."""
        return await (await self._ready()).embed(texts, interactive=interactive)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens by the model's own tokenizer, special tokens left out."""
        return await (await self._ready()).count_tokens(texts)

    async def aclose(self) -> None:
        """Close connections."""
        if self._opened is not None:
            await self._opened.aclose()

    async def check(self) -> None:
        """Raise `EmbedderUnavailable` where it was not reached, or does not answer now."""
        async with asyncio.timeout(self._patience_s):
            await (await self._ready()).count_tokens(["ping"])

    async def keep_opening(self, open_it: Open, stack: AsyncExitStack) -> None:
        """Try until it opens."""
        said = False
        while True:
            try:
                self._opened = await stack.enter_async_context(open_it())
            except EmbedderUnavailable as exc:
                if not said:
                    logger.warning("The embedder is waited for: {}", exc)
                said = True
                await asyncio.sleep(AGAIN_S)
            else:
                self._there.set()
                return

    async def _ready(self) -> Embeddings:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience_s):
                await self._there.wait()
        if self._opened is None:
            raise EmbedderUnavailable("The embedder was not reached yet.")
        return self._opened


@asynccontextmanager
async def open_later(
    open_it: Open, patience_s: float = PATIENCE_S
) -> AsyncIterator[LaterEmbeddings]:
    """Give an embedder at once, and open it behind that as soon as it answers.

    Args:
        open_it: opens it; raises `EmbedderUnavailable` while it does not answer.
        patience_s: how long a call waits for it.
    """
    later = LaterEmbeddings(patience_s)
    async with AsyncExitStack() as stack:
        opening = asyncio.create_task(later.keep_opening(open_it, stack), name="embedder")
        try:
            yield later
        finally:
            opening.cancel()
            with suppress(asyncio.CancelledError):
                await opening

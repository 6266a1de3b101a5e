"""The model as the server and the twin use it: one thread infers, another one tokenizes."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sutazai.adapters.minilm.engine import (
    PIECE_CHARACTERS,
    SLICE_TEXTS,
    Engine,
    Tokens,
    Vectors,
    slices,
)
from sutazai.adapters.minilm.kept import KeptVectors
from sutazai.adapters.minilm.lines import Line, Rank
from sutazai.adapters.minilm.store import open_engine
from sutazai.adapters.minilm.weights import DIMENSION, MAX_TOKENS, MODEL, Weights, find_weights
from sutazai_contracts.embedder import pieces
from sutazai_contracts.errors import InvalidInput

# A step of counting: some 10 ms, so that a question to embed is tokenized soon.
_STEP_CHARACTERS = 16 * 1024
# A question: some 10 ms, in which nothing else of this process has to be answered.
_SHORT_CHARACTERS, _SHORT_TOKENS = 512, 48
_NO_VECTORS = np.empty((0, DIMENSION), np.float32)

Row = NDArray[np.float32]


class Embedder:
    """Embed and count in small steps; interactive calls go before the next step of batch work."""

    def __init__(self, engine: Engine, revision: str) -> None:
        """Take a loaded engine and the revision of its weights."""
        self._engine = engine
        self._arrivals = count()
        self._inference = Line("inference")
        self._tokens = Line("tokens")
        self._kept = KeptVectors()
        self._coming: dict[str, asyncio.Event] = {}
        self.facts = {
            "name": MODEL,
            "revision": revision,
            "dimension": DIMENSION,
            "max_tokens": MAX_TOKENS,
        }
        self.texts_embedded = 0
        self.texts_kept = 0

    async def embed(self, texts: Sequence[str], *, interactive: bool = False) -> Vectors:
        """Embed texts in their order; a cancelled call drops the slices it has not begun.

        The steps of a run, and questions about the same passages, come with the same sentences:
        what an interactive call had embedded lately, or has embedded now, is not embedded again.
        """
        _check(texts)
        if not interactive:
            return await self._embed(texts, self._rank(interactive))
        known: dict[str, Row] = {}
        missing, embedded = list(dict.fromkeys(texts)), 0
        while missing := self._not_kept(missing, known):
            others = {self._coming[text] for text in missing if text in self._coming}
            mine = [text for text in missing if text not in self._coming]
            if mine:
                known.update(zip(mine, await self._embed_once(mine), strict=True))
                embedded += len(mine)
            # One that is broken off leaves its texts to us.
            for other in others:
                await other.wait()
        self.texts_kept += len(texts) - embedded
        return np.stack([known[text] for text in texts]) if texts else _NO_VECTORS

    def _not_kept(self, texts: Sequence[str], known: dict[str, Row]) -> list[str]:
        """Add the vectors that are kept to those that are known; give the texts without one."""
        for text in texts:
            if text not in known and (row := self._kept.take(text)) is not None:
                known[text] = row
        return [text for text in texts if text not in known]

    async def _embed_once(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, and let whoever comes with one of them meanwhile wait for it."""
        ended = asyncio.Event()
        self._coming.update(dict.fromkeys(texts, ended))
        try:
            rows = await self._embed(texts, self._rank(True))
            self._kept.keep(texts, rows)
            return rows
        finally:
            for text in texts:
                del self._coming[text]
            ended.set()

    async def _embed(self, texts: Sequence[str], rank: Rank) -> Vectors:
        tokens: list[Tokens] = []
        for first in range(0, len(texts), SLICE_TEXTS):
            group = texts[first : first + SLICE_TEXTS]
            if sum(map(len, group)) <= _SHORT_CHARACTERS:
                tokens += await self._tokens.run_here(rank, self._tokenize, group)
            else:
                tokens += await self._tokens.run(rank, self._tokenize, group)
        vectors = np.empty((len(texts), DIMENSION), np.float32)
        for rows in slices(tokens):
            chosen = [tokens[row] for row in rows]
            if sum(map(len, chosen)) <= _SHORT_TOKENS:
                vectors[rows] = await self._inference.run_here(rank, self._engine.run, chosen)
            else:
                vectors[rows] = await self._inference.run(rank, self._engine.run, chosen)
            self.texts_embedded += len(rows)
        return vectors

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens, special ones left out."""
        _check(texts)
        rank = self._rank(False)
        counts = [0] * len(texts)
        for step in _steps(texts):
            found = await self._tokens.run(rank, self._count, [piece for _, piece in step])
            for (text, _), tokens in zip(step, found, strict=True):
                counts[text] += tokens
        return counts

    def close(self) -> None:
        """Let the threads end."""
        self._inference.close()
        self._tokens.close()

    def _rank(self, interactive: bool) -> Rank:
        return (0 if interactive else 1, next(self._arrivals))

    def _tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        return [self._engine.tokenize(text) for text in texts]

    def _count(self, texts: Sequence[str]) -> list[int]:
        return [self._engine.count(text) for text in texts]


def open_embedder(
    models_dir: Path, *, threads: int = 1, weights: Weights | None = None
) -> Embedder:
    """Load the model as `open_engine` does, and put the lines before it."""
    weights = weights or find_weights(models_dir)
    engine = open_engine(models_dir, threads=threads, weights=weights)
    return Embedder(engine, weights.revision)


def _check(texts: Sequence[str]) -> None:
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(
                "A text holds half of a surrogate pair, which is no character.", field="texts"
            ) from error


def _steps(texts: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    step: list[tuple[int, str]] = []
    size = 0
    for number, text in enumerate(texts):
        for piece in pieces(text, PIECE_CHARACTERS):
            step.append((number, piece))
            size += len(piece)
            if size >= _STEP_CHARACTERS:
                yield step
                step, size = [], 0
    if step:
        yield step

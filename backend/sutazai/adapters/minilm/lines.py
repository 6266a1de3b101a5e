"""A line before one worker thread: whose turn is next goes by rank, not by arrival."""

import asyncio
import heapq
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Rank = tuple[int, int]
"""Lower goes first: 0 for a person who waits, 1 for batch work; then by arrival."""


class Line:
    """One thread and those who wait for it. Used from one event loop."""

    def __init__(self, name: str) -> None:
        """Name the thread; it is started on first use."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._order = count()
        self._busy = False

    async def run(
        self, rank: Rank, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Wait for a turn, run `function` on the thread, and give its result."""
        await self._turn(rank)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, lambda: function(*args, **kwargs))
        finally:
            # Not at once: who has more to do asks again first, and keeps its place by rank.
            asyncio.get_running_loop().call_soon(self._grant)

    def close(self) -> None:
        """Let the thread end after what it does now."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _turn(self, rank: Rank) -> None:
        if not self._busy:
            self._busy = True
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._order), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._grant()
            raise

    def _grant(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False

"""A line before one worker thread: whose turn is next goes by rank, not by arrival."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, ParamSpec, TypeVar

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
        self._under_way: list[Future[Any]] = []

    async def run(
        self,
        rank: Rank,
        function: Callable[P, R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Wait for a turn, run `function` on the thread, and give its result."""
        async with self._turn(rank):
            return await self._on_thread(lambda: function(*args, **kwargs))

    async def run_here(
        self,
        rank: Rank,
        function: Callable[P, R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Do as `run` does on the event loop's own thread.

        For what takes about as long as the way to another thread and back on a busy machine.
        """
        async with self._turn(rank):
            # What was broken off goes on to its end, and two may not work at once.
            if not all(one.done() for one in self._under_way):
                return await self._on_thread(lambda: function(*args, **kwargs))
            return function(*args, **kwargs)

    def close(self) -> None:
        """Let the thread end after what it does now."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _on_thread(self, function: Callable[[], R]) -> R:
        working = self._thread.submit(function)
        self._under_way = [one for one in self._under_way if not one.done()]
        self._under_way.append(working)
        return await asyncio.wrap_future(working)

    @asynccontextmanager
    async def _turn(self, rank: Rank) -> AsyncIterator[None]:
        """Wait for a turn; the next one has it at the end."""
        await self._wait(rank)
        try:
            yield
        finally:
            # Not at once: who has more to do asks again first, and keeps its place by rank.
            asyncio.get_running_loop().call_soon(self._grant)

    async def _wait(self, rank: Rank) -> None:
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

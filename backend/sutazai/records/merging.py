"""What is of the same kind and waits at the same time goes together: one transaction for all of it.

What is alone is not held up: nothing is waited for that is not there yet.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sutazai_contracts.errors import SutazaiError, Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Sequence[Item]], Awaitable[Sequence[Result | SutazaiError]]]

# So many transactions at once: while one waits for the disk, the next is under way.
LANES = 2
MOST = 64


class Merging(Generic[Item, Result]):
    """Do things as they come while few are under way, and together what comes meanwhile.

    Args:
        work: does several at once, all or none; gives a result for each, or why there is none.
        on_idle: called when nothing waits or is under way any more.
    """

    def __init__(self, work: Work[Item, Result], on_idle: Callable[[], object]) -> None:
        """Take what is done."""
        self._work, self._on_idle = work, on_idle
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._lanes: set[asyncio.Task[None]] = set()

    async def do(self, item: Item) -> Result:
        """Have it done; what a caller who is cancelled did not see begin is not done.

        Raises:
            SutazaiError: why it was not done.
        """
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if len(self._lanes) < LANES:
            self._open_lane()
        return await done

    def _open_lane(self) -> None:
        lane = asyncio.create_task(self._run(), name="merged work")
        self._lanes.add(lane)
        lane.add_done_callback(self._ended)

    def _ended(self, lane: asyncio.Task[None]) -> None:
        self._lanes.discard(lane)
        if not lane.cancelled():
            lane.exception()  # those whose work it was have it
        if self._waiting and not self._lanes:
            self._open_lane()
        elif not self._lanes:
            self._on_idle()

    async def _run(self) -> None:
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            if wanted := [(item, done) for item, done in taken if not done.done()]:
                await self._together(wanted)

    async def _together(self, wanted: list[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._work([item for item, _ in wanted])
        except Unavailable as exc:
            # Nobody knows what became of it; doing it again might do it twice.
            _fail(wanted, exc)
        except SutazaiError as exc:
            await self._apart(wanted, exc)
        except BaseException as exc:
            _fail(wanted, exc)
            raise
        else:
            for (_, done), result in zip(wanted, results, strict=True):
                if isinstance(result, SutazaiError):
                    _fail([(None, done)], result)
                elif not done.done():
                    done.set_result(result)

    async def _apart(
        self, wanted: list[tuple[Item, "asyncio.Future[Result]"]], refusal: SutazaiError
    ) -> None:
        """Find the one that is refused; the others are none the worse for it."""
        if len(wanted) == 1:
            _fail(wanted, refusal)
            return
        for one in wanted:
            await self._together([one])


def _fail(wanted: Sequence[tuple[object, "asyncio.Future[Result]"]], error: BaseException) -> None:
    for _, done in wanted:
        if not done.done():
            done.set_exception(error)

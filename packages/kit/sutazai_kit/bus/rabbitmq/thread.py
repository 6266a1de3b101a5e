"""An event loop in a thread of its own, and mailboxes between two threads' loops."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from threading import Thread
from typing import Any, Self, TypeVar

from loguru import logger

T = TypeVar("T")


class Mailbox:
    """Run calls in the thread of a loop, in order, one wake-up for all that came before it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the loop in whose thread the calls run."""
        self._loop = loop
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._rung = False

    def put(self, call: Callable[..., object], *args: Any) -> None:
        """Have `call(*args)` run; what comes after the loop's end is dropped."""
        self._calls.append((call, args))
        if self._rung:
            return
        self._rung = True
        with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        # Unset before anything is taken: whoever still saw it set had put its call before.
        self._rung = False
        try:
            while self._calls:
                call, args = self._calls.popleft()
                call(*args)
        finally:
            if self._calls:  # a call failed, which is a bug; the others run all the same
                self._rung = True
                self._loop.call_soon(self._drain)


class LoopThread:
    """A thread that runs an event loop until it is closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
        """Take a loop that runs, and what ends it; `start` makes both."""
        self.mailbox = Mailbox(loop)
        self._loop = loop
        self._stop = stop
        self._thread: Thread | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, name: str) -> Self:
        """Start a thread of this name."""
        outer = asyncio.get_running_loop()
        running: asyncio.Future[Self] = outer.create_future()

        async def main() -> None:
            stop = asyncio.Event()
            outer.call_soon_threadsafe(running.set_result, cls(asyncio.get_running_loop(), stop))
            await stop.wait()

        thread = Thread(target=asyncio.run, args=(main(),), name=name, daemon=True)
        thread.start()
        made = await running
        made._thread = thread
        return made

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and give what it gives; it goes on if the caller is cancelled."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        return await asyncio.shield(asyncio.wrap_future(future))

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a coroutine there until the thread is closed; called in that thread."""
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.opt(exception=task.exception()).error("{} ended by a bug", task.get_name())

    async def aclose(self) -> None:
        """Cancel what runs there and end the thread."""
        with suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

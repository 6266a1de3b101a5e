"""Processes in virtual time: each can be killed or stopped before any step of any of its tasks.

The loop's clock jumps to the next timer. Every task belongs to a process; its coroutine is stepped
through `_Steps`, which counts steps and holds them back once the process is dead or stopped. So
nothing runs after a kill, not even a `finally`: what a dead process held is taken from it by those
who see its connection break.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

Answer = TypeVar("Answer")
PROCESS: ContextVar["Process"] = ContextVar("process")


class _Clock:
    """Pass the time a loop would have slept."""

    def __init__(self, loop: "SimLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        """Move the clock."""
        if timeout is None:
            raise RuntimeError("everything waits, and no timer will ever wake it")
        self._loop.now += timeout
        return []

    def close(self) -> None:
        """Hold nothing."""


class SimLoop(asyncio.BaseEventLoop):
    """A loop without files and sockets, whose tasks and their order are the same in every run."""

    _selector: _Clock

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.tasks: list[_Task] = []  # kept: what a dead process holds must not be collected early
        self._selector = _Clock(self)
        self.set_task_factory(_make_task)  # type: ignore[arg-type]

    def time(self) -> float:
        """Give the virtual time in seconds."""
        return self.now

    def _process_events(self, event_list: list[Any]) -> None:
        """Do nothing: there are no files."""

    def _asyncgen_firstiter_hook(self, agen: Any) -> None:
        """Leave generators alone: those of the dead stay where they were."""

    def _asyncgen_finalizer_hook(self, agen: Any) -> None:
        """Leave them alone in the end, too."""

    def dispose(self) -> None:
        """Close every coroutine that is left, and the loop."""
        for task in self.tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                _close(task.steps)
        self.tasks.clear()
        self.close()


class _Task(asyncio.Task[Any]):
    """A task whose place in a set does not depend on where it lies in memory."""

    steps: "_Steps"
    number: int

    def __hash__(self) -> int:
        return self.number


def _make_task(
    loop: SimLoop, coro: Coroutine[Any, Any, Any], context: Context | None = None
) -> _Task:
    process = context[PROCESS] if context is not None else PROCESS.get()
    steps = _Steps(coro, process)
    task = _Task.__new__(_Task)
    task.number, task.steps = len(loop.tasks), steps
    task.__init__(steps, loop=loop, context=context)  # type: ignore[misc]
    loop.tasks.append(task)
    return task


class _Steps(Coroutine[Any, Any, Any]):
    """A coroutine that goes on only while its process does."""

    def __init__(self, inner: Coroutine[Any, Any, Any], process: "Process") -> None:
        self._inner, self._process = inner, process
        self._late: Any = None

    def send(self, value: Any) -> Any:
        """Go one step on."""
        if self._process.next_step() is not None:
            return self._process.hold()
        if self._late is not None:
            late, self._late = self._late, None
            return self._inner.throw(late)
        return self._inner.send(value)

    def throw(self, error: Any, value: Any = None, traceback: Any = None) -> Any:
        """Go one step on by an error."""
        if self._process.next_step() is not None:
            self._late = error
            return self._process.hold()
        self._late = None
        return self._inner.throw(error)

    def close(self) -> None:
        """End the coroutine."""
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        raise NotImplementedError("a task steps it")


class Process:
    """Tasks that live and die together.

    `kill_at` is the number of the step that is not taken any more. `on_death` are called right
    then, by those who see the connections of this process break.
    """

    def __init__(self, loop: SimLoop, name: str) -> None:
        self.name = name
        self.steps = 0
        self.kill_at: int | None = None
        self.dead = False
        self.on_death: list[Callable[[], None]] = []
        self.on_bug: Callable[[str], None] = print
        self._loop = loop
        self._held: asyncio.Future[None] | None = None
        self._context = copy_context()
        self._context.run(PROCESS.set, self)

    def __repr__(self) -> str:
        return f"Process({self.name!r})"

    def spawn(self, coro: Coroutine[Any, Any, None], name: str = "") -> None:
        """Start a task of this process; one that ends by an error is a bug."""
        context = self._context.copy()
        task = self._loop.create_task(coro, name=name or self.name, context=context)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.on_bug(f"{self.name}: {task.get_name()} ended: {error!r}")

    def run(self, coro: Coroutine[Any, Any, Answer]) -> Answer:
        """Run the loop until a task of this process has ended; gives its result."""
        task = self._loop.create_task(coro, context=self._context.copy())
        return self._loop.run_until_complete(task)

    def next_step(self) -> "asyncio.Future[None] | None":
        """Count a step; gives what holds it back, if anything does."""
        if self._held is None:
            self.steps += 1
            if self.steps == self.kill_at:
                self.kill()
        return self._held

    def hold(self) -> "asyncio.Future[None]":
        """Give what a task waits for that is held back."""
        # One future for each, because cancelling a task cancels what it waits for.
        waiting: asyncio.Future[None] = self._loop.create_future()
        if not self.dead and self._held is not None:
            self._held.add_done_callback(lambda _: _release(waiting))
        waiting._asyncio_future_blocking = True
        return waiting

    def kill(self) -> None:
        """Take no step any more, ever."""
        if self.dead:
            return
        self.dead = True
        self._held = self._held or self._loop.create_future()
        for tell in tuple(self.on_death):
            tell()

    def stop(self) -> None:
        """Take no step until `go_on`, as after SIGSTOP."""
        if self._held is None:
            self._held = self._loop.create_future()

    def go_on(self) -> None:
        """Go on, as after SIGCONT."""
        if self._held is not None and not self.dead:
            held, self._held = self._held, None
            held.set_result(None)


def _close(steps: "_Steps") -> None:
    """Close a coroutine that is in the middle of something, and may want to wait on its way out."""
    for _ in range(100):
        with suppress(RuntimeError):
            try:
                steps.close()
            except* GeneratorExit:  # a task group was on the way
                pass
            break


def _release(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)

"""An event loop whose clock jumps to the next timer: waits of minutes pass at once, in order.

A test that waits for what never comes fails at once too, because then there is no next timer.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Pass the time a loop would have slept."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look for what is ready, and move the clock instead of waiting."""
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everything waits, and no timer will ever wake it")
            self.loop.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own, for code that does nothing but wait and compute."""

    def __init__(self) -> None:
        self.now = 1000.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Give the virtual time in seconds."""
        return self.now


def virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test in virtual time."""

    @wraps(test)
    def run(*args: Any, **kwargs: Mapping[str, Any]) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def now() -> float:
    """Give the running loop's time."""
    return asyncio.get_running_loop().time()


async def until(condition: Callable[[], object], deadline_s: float = 3600) -> None:
    """Wait until a condition holds."""
    end = now() + deadline_s
    while not condition():
        assert now() < end, "it did not come true in time"
        await asyncio.sleep(0.01)

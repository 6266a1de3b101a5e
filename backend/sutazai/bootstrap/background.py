"""Loops that run for the life of the platform; one that breaks is a bug and ends the process."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from loguru import logger

from sutazai_contracts.errors import SutazaiError


@asynccontextmanager
async def background(**loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run named loops, cancel them on leaving.

    A loop handles what it can foresee. One that ends by another error leaves the platform half
    alive, which helps no one: it is logged and the process is asked to stop.

    Raises:
        SutazaiError: on leaving, where a loop had ended.
    """
    tasks = [asyncio.create_task(loop, name=name) for name, loop in loops.items()]
    for task in tasks:
        task.add_done_callback(_ended)
    try:
        yield
    finally:
        broken = [task.get_name() for task in tasks if task.done()]
        for task in tasks:
            task.remove_done_callback(_ended)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if broken:
        raise SutazaiError(f"stopped because {', '.join(broken)} ended; the log says why")


def _ended(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    logger.opt(exception=error).critical("The loop {} ended; stopping", task.get_name())
    os.kill(os.getpid(), signal.SIGTERM)

"""The thread and the errors of the engine."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from sutazai_contracts.errors import InvalidInput, VectorsUnavailable

P = ParamSpec("P")
T = TypeVar("T")


class EngineThread:
    """Run the engine's blocking calls one after another, off the event loop.

    One thread, because the engine (0.9.0) keeps Python's global lock during every call: more
    threads gain nothing, and in one thread a handle is never closed under a search. Whoever
    submits work keeps each call to a few milliseconds, for that is how long all else stands still.
    """

    def __init__(self) -> None:
        """Make the thread; it starts with the first call."""
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vectors")
        self._closed = False

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call in the thread and wait for the result.

        Raises `VectorsUnavailable` once closed.
        """
        if self._closed:
            raise VectorsUnavailable("The vector store is closed.")
        return await asyncio.wrap_future(self._pool.submit(call, *args, **kwargs))

    async def close(self, last: Callable[[], None]) -> None:
        """Refuse more calls, finish those accepted, then make the last one; once."""
        if not self._closed:
            self._closed = True
            finished = asyncio.wrap_future(self._pool.submit(last))
            self._pool.shutdown(wait=False)
            await asyncio.shield(finished)


class EngineErrors:
    """Map what the engine raises inside a `with` block to our errors.

    The engine raises plain `Exception` with a sentence in it for whatever goes wrong in Rust, and
    panics as a `BaseException` of its own; anything more special is Python's and is left alone.
    """

    def __init__(self, doing: str) -> None:
        """Take what is being done, to say so in the error."""
        self._doing = doing

    def __enter__(self) -> Self:
        """Start watching."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raise our error from the engine's, if it raised one."""
        if kind is Exception and "WouldBlock" in str(error):
            raise VectorsUnavailable(
                f"The vector store can't {self._doing}: another process has it open."
            ) from error
        if kind is Exception or (kind is not None and kind.__name__ == "PanicException"):
            raise VectorsUnavailable(f"The vector store can't {self._doing}: {error}") from error
        if isinstance(error, OSError):
            raise VectorsUnavailable(f"The vector store can't {self._doing}: {error}") from error
        if isinstance(error, UnicodeEncodeError):
            raise InvalidInput("The text is not valid Unicode.", field="text") from error

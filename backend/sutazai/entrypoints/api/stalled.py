"""Readers that stall: a connection whose other end takes nothing is cut, not kept for ever."""

import asyncio

from loguru import logger
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Longer than a laptop's network is away when it changes; what waits for it meanwhile is bounded by
# the transport's buffer.
STALL_S = 30.0


def http_protocol(stall_s: float = STALL_S) -> type[HttpToolsProtocol]:
    """Give uvicorn's HTTP protocol, which cuts a connection that takes nothing for so long.

    Uvicorn itself waits without an end for a reader to take what is written to it, and closing
    such a connection waits for the same.

    Args:
        stall_s: seconds without a byte taken, while more waits than the transport's buffer holds.
    """

    class StallingCut(HttpToolsProtocol):
        """HTTP by httptools; a stalled reader is cut off."""

        _stall: asyncio.TimerHandle | None = None

        def pause_writing(self) -> None:
            """Hear that the buffer is full: from now on something has to be taken."""
            super().pause_writing()
            self._watch(self.transport.get_write_buffer_size())

        def resume_writing(self) -> None:
            """Hear that there is room again."""
            super().resume_writing()
            self._forget()

        def connection_lost(self, exc: Exception | None) -> None:
            """Hear that the connection is gone."""
            self._forget()
            super().connection_lost(exc)

        def _watch(self, waiting: int) -> None:
            self._stall = self.loop.call_later(stall_s, self._look, waiting)

        def _look(self, waited: int) -> None:
            """Cut the connection unless something was taken since the last look."""
            waits = self.transport.get_write_buffer_size()
            if waits < waited:
                self._watch(waits)
                return
            logger.info("A reader took nothing for {:g} s and is cut off", stall_s)
            self.transport.abort()

        def _forget(self) -> None:
            if self._stall is not None:
                self._stall.cancel()
                self._stall = None

    return StallingCut

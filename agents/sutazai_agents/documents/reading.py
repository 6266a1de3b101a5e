"""Read documents in child processes that are killed when they take too much.

A child costs a few tenths of a second to start, so one that is done waits a while for the next
document; how many it reads and how much memory it keeps is bounded. It ends with its parent.
"""

import asyncio
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial

from loguru import logger

from sutazai_agents.documents import wire
from sutazai_agents.documents.limits import Limits, in_bytes, is_offline, peak_memory
from sutazai_agents.documents.parsed import Parsed
from sutazai_contracts.errors import Unavailable, UnreadableDocument

OnPage = Callable[[int, int], Awaitable[None]]

_BLOCK = 256 * 1024
# More than the text and blocks of any document take: past it, a document has hold of the child.
_MOST_BYTES = 256 * 1024 * 1024
# A document must fit into the memory of its child several times: its bytes, its text, its parts.
_SHARE = 4
# A child that gave up its socket says by how it ends why: that is waited for, and not for long.
LAST_WORDS_S = 2.0
# None: it could hold secrets, and no document has any use for them.
_ENVIRONMENT: dict[str, str] = {}


class Reader:
    """Read documents, each in a child that has nothing else to do.

    Opens nothing until it reads. Several may be read at once: each has a child of its own. `peak`
    is how many bytes of memory a child that ended had at most; of one that never had more than
    this process has, the kernel does not tell. `offline` tells whether the newest child is without
    a network, which not every kernel or container allows; None: there was none yet.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        """Take what a document may use."""
        self.limits = limits or Limits()
        self.peak = 0
        self.offline: bool | None = None
        self._idle: list[_Child] = []
        self._trimming: asyncio.TimerHandle | None = None

    async def read(self, data: bytes, name: str, on_page: OnPage) -> Parsed:
        """Read a document; being cancelled ends its child at once.

        Args:
            data: its bytes.
            name: its file name.
            on_page: is told now and then how many pages were read, and of how many.

        Raises:
            UnreadableDocument: it can't be read, or takes more than the limits; says which.
            Unavailable: no child can be started now, or something else ended the child.
        """
        if len(data) * _SHARE > self.limits.memory:
            raise UnreadableDocument(
                f"It has {len(data) >> 20} MiB; documents of up to "
                f"{self.limits.memory // _SHARE >> 20} MiB are read: split it."
            )
        while True:
            child = self._idle.pop() if self._idle else self._started()
            try:
                return await self._read(child, data, name, on_page)
            except _NotTaken as exc:
                # One that waited may have ended meanwhile; a new one must not.
                if not child.used:
                    raise Unavailable(f"The document parser does not start: {exc}.") from exc

    def close(self) -> None:
        """End the children that wait."""
        while self._idle:
            child = self._idle.pop()
            child.end()
            self.peak = max(self.peak, child.peak)

    async def _read(self, child: "_Child", data: bytes, name: str, on_page: OnPage) -> Parsed:
        try:
            async with asyncio.timeout(self.limits.wall_s):
                parsed = await child.read(data, name, on_page)
        except TimeoutError as exc:
            await child.ended()
            raise UnreadableDocument(
                f"Reading it took longer than {self.limits.wall_s:g} s: split it into smaller "
                "files, or save it in a simpler format."
            ) from exc
        except _NotTaken:
            raise
        except _Ended as exc:
            raise await self._why(child) from exc
        except ValueError as exc:
            await child.ended()
            raise UnreadableDocument("Reading it went wrong: what came of it is damaged.") from exc
        except UnreadableDocument:
            await self._keep(child)
            raise
        except BaseException:
            await child.ended()
            raise
        finally:
            self.peak = max(self.peak, child.peak)
        self._note(child)
        await self._keep(child)
        return parsed

    def _note(self, child: "_Child") -> None:
        """Note whether a child is without a network; say so, once, where it is not."""
        offline = is_offline(child.pid)
        if not offline and self.offline is not False:
            logger.warning("Document parsers can't be cut off from the network here")
        self.offline = offline

    async def _why(self, child: "_Child") -> UnreadableDocument | Unavailable:
        """Tell from how a child ended what its document took too much of."""
        code = await child.ended(LAST_WORDS_S)
        if code == -signal.SIGXCPU:
            return UnreadableDocument(
                f"Reading it took more than {self.limits.cpu_s} s of computing: split it into "
                "smaller files, or save it in a simpler format."
            )
        if child.too_large or (code < 0 and child.peak * 2 > self.limits.memory):
            return UnreadableDocument(
                f"Reading it takes more than {self.limits.memory >> 20} MiB of memory: split it "
                "into smaller files."
            )
        if code == -signal.SIGKILL:
            # No document brings this about: a person did, or a machine that ran out of memory.
            return Unavailable("The document parser was killed by something outside.")
        # A library that gets no memory may end the process; so may a fault in it.
        how = f"signal {-code}" if code < 0 else f"status {code}"
        return UnreadableDocument(
            f"The parser broke down over it ({how}): it is damaged, or needs more than "
            f"{self.limits.memory >> 20} MiB of memory. Save it again, or in another format."
        )

    def _started(self) -> "_Child":
        try:
            child = _Child(self.limits)
        except OSError as exc:
            raise Unavailable(f"The document parser can't be started: {exc}.") from exc
        atexit.unregister(self.close)
        atexit.register(self.close)
        return child

    async def _keep(self, child: "_Child") -> None:
        """Let a child wait for the next document, if it may read another."""
        if child.last:
            await child.ended()
            self.peak = max(self.peak, child.peak)
            return
        self._idle.append(child)
        if self._trimming is not None:
            self._trimming.cancel()
        loop = asyncio.get_running_loop()
        self._trimming = loop.call_later(self.limits.idle_s, self.close)


class _Ended(Exception):
    """The child is gone."""


class _NotTaken(_Ended):
    """The child was gone before it took the document."""


class _Child:
    """A parser process and the socket to it."""

    def __init__(self, limits: Limits) -> None:
        """Start the process; it needs no environment, and leads a session of its own."""
        self.used = False
        self.last = False
        self.too_large = False
        self.peak = 0
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(
                    [
                        *(sys.executable, "-I", "-B", "-X", "utf8", "-m"),
                        "sutazai_agents.documents",
                        json.dumps(asdict(limits)),
                        str(os.getpid()),
                    ],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    env=_ENVIRONMENT,
                )
        except OSError:
            ours.close()
            raise
        ours.setblocking(False)
        self._socket = ours
        self._left = 0

    @property
    def pid(self) -> int:
        """Give the process id."""
        return self._process.pid

    async def read(self, data: bytes, name: str, on_page: OnPage) -> Parsed:
        """Have the child read a document."""
        loop = asyncio.get_running_loop()
        self._left = _MOST_BYTES
        try:
            head = wire.HEAD.pack(wire.DATA, len(data))
            await loop.sock_sendall(self._socket, wire.frame(wire.NAME, name.encode()) + head)
            await loop.sock_sendall(self._socket, data)
            taken, _ = await self._frame()
        except (OSError, _Ended) as exc:
            code = await self.ended()
            raise _NotTaken(f"it ended with {code}") from exc
        if taken != wire.TAKEN:
            raise ValueError("no answer to a document")
        self.used = True
        try:
            return await self._answer(on_page)
        except OSError as exc:
            raise _Ended from exc

    async def ended(self, patience_s: float = 0.0) -> int:
        """Kill the child, unless it ends within so many seconds; give how it ended."""
        end = partial(self.end, patience_s)
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, end))

    def end(self, patience_s: float = 0.0) -> int:
        """Kill the child, unless it ends by itself, and leave no trace of it; give how it ended."""
        self._socket.close()
        process = self._process
        if process.returncode is None:
            self._wait(patience_s)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            # Not `wait()`: the kernel says here how much memory the process had at most.
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            # What it had before it was itself is told too: the memory of this process.
            if (peak := in_bytes(used.ru_maxrss)) > peak_memory():
                self.peak = peak
        return process.returncode

    def _wait(self, patience_s: float) -> None:
        """Wait for the child to end; one that gave up its socket is about to."""
        until = time.monotonic() + patience_s
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while time.monotonic() < until and os.waitid(os.P_PID, self._process.pid, how) is None:
            time.sleep(0.005)

    async def _answer(self, on_page: OnPage) -> Parsed:
        parts: dict[bytes, bytes] = {}
        while True:
            kind, body = await self._frame()
            if kind == wire.PAGE:
                await on_page(*wire.pages(body))
            elif kind == wire.REFUSED:
                reason, self.last = wire.refusal(body)
                raise UnreadableDocument(reason)
            elif kind == wire.TOO_LARGE:
                self.too_large = True
                raise _Ended
            elif kind == wire.DONE:
                text, blocks = parts.get(wire.TEXT, b""), parts.get(wire.BLOCKS, b"")
                parsed, self.last = await asyncio.to_thread(wire.read_parsed, text, blocks, body)
                return parsed
            else:
                parts[kind] = body

    async def _frame(self) -> tuple[bytes, bytes]:
        kind, length = wire.HEAD.unpack(await self._exactly(wire.HEAD.size))
        return kind, await self._exactly(length)

    async def _exactly(self, count: int) -> bytes:
        self._left -= count
        if self._left < 0:
            raise ValueError("too much of an answer")
        loop, data = asyncio.get_running_loop(), bytearray()
        while len(data) < count:
            part = await loop.sock_recv(self._socket, min(_BLOCK, count - len(data)))
            if not part:
                raise _Ended
            data += part
        return bytes(data)

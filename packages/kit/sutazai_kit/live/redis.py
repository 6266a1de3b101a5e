"""Live text by Redis: between all processes of core, a capped stream for each task.

Keys, each with a time to live: `sutazai:live:task:<task>` is the stream of a task's frames,
`sutazai:live:run:<run>` the stream that names the tasks of a run, `sutazai:live:tasks` the tasks
by when they last spoke.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from loguru import logger
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sutazai_contracts.errors import Unavailable
from sutazai_contracts.frames import Frame
from sutazai_kit.live.memory import LINGER_S, MAX_TASKS, TTL_S, MemoryLive
from sutazai_kit.live.port import CAP
from sutazai_kit.live.redis_scripts import CLOSE, RUN, SAY, TASK, TASKS, Entry

ANSWER_S = 0.5
# Time after a failure in which nothing is sent: what is said meanwhile this process alone hears.
REST_S = 1.0
# Frames kept of a task; a text of more has lost its beginning, and its offset says so.
FRAMES = 4096
# Frames sent in one round trip, and such as wait for one; past it what was said first is dropped.
_AT_ONCE = 256
_WAITING = 4096
# How long a read waits for what comes; a change of what is watched breaks it off.
_BLOCK_S = 5.0
_CANCEL_AGAIN_S = 0.05
_LOST = (RedisError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is kept, and for how long."""

    cap: int = CAP
    max_tasks: int = MAX_TASKS
    ttl_s: float = TTL_S
    linger_s: float = LINGER_S


@dataclass(slots=True)
class _Said:
    """What is to be sent: a frame, or the end of an attempt and who waits for it."""

    frame: Frame | None
    task: UUID
    attempt: int
    told: asyncio.Future[None] | None = None


@dataclass(slots=True, eq=False)
class _Followed:
    """A run that is watched here: by how many, and up to where its streams were read."""

    watchers: int = 0
    read: dict[str, str] = field(default_factory=dict)
    primed: asyncio.Event = field(default_factory=asyncio.Event)


class RedisLive:
    """Carry frames through Redis; one reader follows all runs that are watched in this process.

    What this process says it hears at once, and also while Redis is lost. Text is put together by
    offsets, so that what comes a second time by way of Redis changes nothing.
    """

    def __init__(self, client: Redis, reader: Redis, bounds: Bounds) -> None:
        """Take a client that gives up soon, one that may wait in a read, and the bounds."""
        self._client, self._reader, self._bounds = client, reader, bounds
        self._here = MemoryLive(
            cap=bounds.cap,
            max_tasks=bounds.max_tasks,
            ttl_s=bounds.ttl_s,
            linger_s=bounds.linger_s,
        )
        self._waiting: list[_Said] = []
        self._sender: asyncio.Task[None] | None = None
        self._followed: dict[UUID, _Followed] = {}
        self._reading: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._rest_until = 0.0
        self._closed = False
        self.problem = ""

    def publish(self, frame: Frame) -> None:
        """Take a frame and return at once."""
        if self._closed:
            return
        cut = max(0, len(frame.text) - self._bounds.cap)
        if cut:
            frame = frame.model_copy(
                update={"text": frame.text[cut:], "offset": frame.offset + cut}
            )
        self._here.publish(frame)
        self._send(_Said(frame, frame.task, frame.attempt))

    async def close(self, task: UUID, attempt: int) -> None:
        """Say that an attempt's text is complete.

        Raises:
            Unavailable: Redis does not answer; who watches in this process knows all the same.
        """
        await self._here.close(task, attempt)
        if self._closed:
            return
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._send(_Said(None, task, attempt, told))
        await told

    async def watch(self, run: UUID) -> AsyncGenerator[Sequence[Frame], None]:
        """Give what is there of a run's tasks, then what they say further, wherever."""
        followed = self._followed.setdefault(run, _Followed())
        followed.watchers += 1
        try:
            if not followed.primed.is_set():
                self._follow_anew()
                with suppress(TimeoutError):
                    async with asyncio.timeout(ANSWER_S):
                        await followed.primed.wait()
            async for batch in self._here.watch(run):
                yield batch
        finally:
            followed.watchers -= 1
            if not followed.watchers and self._followed.get(run) is followed:
                del self._followed[run]
                self._follow_anew()

    async def aclose(self) -> None:
        """Stop; watching ends."""
        self._closed = True
        if self._sender is not None:
            await _ended(self._sender)
        for followed in self._followed.values():
            followed.primed.set()
        # The reader ends by itself where nothing is watched, and takes its read with it.
        self._followed.clear()
        self._changed.set()
        if self._reading is not None:
            await asyncio.wait({self._reading})
        _tell(self._waiting, Unavailable("The process stops."))
        self._waiting.clear()
        await self._here.aclose()

    # -- saying -----------------------------------------------------------------------------------

    def _send(self, said: _Said) -> None:
        if time.monotonic() < self._rest_until:
            _tell([said], Unavailable("Redis does not answer now."))
            return
        self._waiting.append(said)
        if len(self._waiting) > _WAITING:
            _tell([self._waiting.pop(0)], Unavailable("Redis takes live text too slowly."))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all(), name="live text to Redis")

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
                try:
                    async with asyncio.timeout(ANSWER_S):
                        await self._send_some(some)
                except _LOST as exc:
                    self._lost(exc)
                    dropped, self._waiting = some + self._waiting, []
                    _tell(dropped, Unavailable("Redis does not answer now."))
                except asyncio.CancelledError:
                    _tell(some, Unavailable("The process stops."))
                    raise
                else:
                    _tell(some, None)
        finally:
            self._sender = None

    async def _send_some(self, some: Sequence[_Said]) -> None:
        ttl, linger = round(self._bounds.ttl_s * 1000), round(self._bounds.linger_s * 1000)
        async with self._client.pipeline(transaction=False) as pipeline:
            say, end = pipeline.register_script(SAY), pipeline.register_script(CLOSE)
            for said in some:
                if said.frame is None:
                    await end([f"{TASK}{said.task}"], [said.attempt, linger])
                    continue
                keys = [f"{TASK}{said.task}", f"{RUN}{said.frame.run}", TASKS]
                fields = Entry.of(said.frame)
                bounds: list[str | int] = [FRAMES, ttl, linger, self._bounds.max_tasks, TASK]
                await say(keys, [*bounds, str(said.task), *fields])
            await pipeline.execute()
        self._found()

    # -- hearing ----------------------------------------------------------------------------------

    def _follow_anew(self) -> None:
        """Have the reader look at what is watched now."""
        self._changed.set()
        if self._reading is None and not self._closed:
            self._reading = asyncio.create_task(self._read_on(), name="live text from Redis")

    async def _read_on(self) -> None:
        """Read for as long as anything is watched."""
        try:
            while self._followed:
                self._changed.clear()
                reading = asyncio.create_task(self._read())
                changed = asyncio.create_task(self._changed.wait())
                try:
                    await asyncio.wait({reading, changed}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    await _ended(reading, changed)
                if not reading.cancelled() and (error := reading.exception()) is not None:
                    if not isinstance(error, _LOST):
                        raise error
                    self._lost(error)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), REST_S)
        finally:
            self._reading = None

    async def _read(self) -> None:
        """Take what is there of new runs, then what comes, until nothing is watched."""
        for run, followed in list(self._followed.items()):
            if not followed.read:
                followed.read[f"{RUN}{run}"] = "0"
        while self._followed:
            new = [followed for followed in self._followed.values() if not followed.primed.is_set()]
            came = await self._read_once(block=not new)
            if not came:
                for followed in new:
                    followed.primed.set()
                self._found()

    async def _read_once(self, *, block: bool) -> bool:
        places: dict[Any, Any] = {}
        for followed in self._followed.values():
            places |= followed.read
        wait = round(_BLOCK_S * 1000) if block else None
        answer: Any = await self._reader.xread(places, count=1000, block=wait)
        for key, entries in answer:
            self._take(_text(key), entries)
        return bool(answer)

    def _take(self, key: str, entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> None:
        followed = next((one for one in self._followed.values() if key in one.read), None)
        for at, fields in entries:
            if followed is not None:
                followed.read[key] = _text(at)
            if key.startswith(RUN):
                if followed is not None:
                    followed.read.setdefault(f"{TASK}{_text(fields[b'task'])}", "0")
                continue
            self._here.publish(Entry.read(key.removeprefix(TASK), fields))

    def _lost(self, error: BaseException) -> None:
        self._rest_until = time.monotonic() + REST_S
        known, self.problem = self.problem, str(error) or type(error).__name__
        if not known:
            logger.warning("Redis is lost; live text stays in this process: {}", self.problem)

    def _found(self) -> None:
        if self.problem:
            self.problem = ""
            logger.info("Redis answers again; live text goes through it")


@asynccontextmanager
async def open_redis_live(url: str, bounds: Bounds | None = None) -> AsyncIterator[RedisLive]:
    """Give the port over a Redis, which need not be there yet.

    Args:
        url: with user and password, such as `redis://core:secret@redis:6379/0`.
        bounds: what is kept, and for how long.
    """
    client, reader = _client(url, ANSWER_S), _client(url, _BLOCK_S + ANSWER_S)
    live = RedisLive(client, reader, bounds or Bounds())
    try:
        yield live
    finally:
        await live.aclose()
        await client.aclose()
        await reader.aclose()


def _client(url: str, answer_s: float) -> Redis:
    pool = BlockingConnectionPool.from_url(
        url,
        socket_timeout=answer_s,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), 0),
        max_connections=4,
        protocol=2,
        timeout=answer_s,
    )
    return Redis.from_pool(pool)


async def _ended(*tasks: "asyncio.Task[object]") -> None:
    """Cancel what still runs and wait for all."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        # redis-py may lose a cancellation that meets the end of a wait of its own.
        _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN_S)


def _tell(some: Sequence[_Said], error: Unavailable | None) -> None:
    """Tell who waits what became of what they said."""
    for said in some:
        if said.told is not None and not said.told.done():
            if error is None:
                said.told.set_result(None)
            else:
                said.told.set_exception(error)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value

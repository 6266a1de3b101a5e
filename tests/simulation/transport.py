"""The wires between processes: a bus and calls that lose, double, delay and reorder."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TypeVar
from uuid import UUID

from sutazai.core.tasks.service import Tasks
from sutazai_contracts.errors import BusUnavailable, DatabaseUnavailable, Unavailable
from sutazai_contracts.queues import OUTCOMES
from sutazai_contracts.tasks import AgentCard, Beat, BeatReply, ClaimReply, Outcome
from sutazai_kit.bus.memory import MemoryBus
from sutazai_kit.bus.port import Delivery
from tests.simulation.auditor import Auditor
from tests.simulation.loop import Process
from tests.simulation.plan import CALM, Rates
from tests.simulation.trace import Trace, short

Answer = TypeVar("Answer")


@dataclass
class Weather:
    """Draws what goes wrong, and how long everything takes."""

    random: Random
    rates: Rates
    trace: Trace
    database_away_until: float = 0.0

    def strikes(self, fault: str) -> bool:
        """Draw whether a fault happens now."""
        rate: float = getattr(self.rates, fault)
        struck = rate > 0 and self.random.random() < rate
        if struck:
            self.trace("weather", fault)
        return struck

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        self.rates, self.database_away_until = CALM, 0.0

    async def latency(self) -> None:
        """Take as long as a message takes: mostly short, now and then long."""
        await asyncio.sleep(self.random.choice((0.0005, 0.001, 0.002, 0.003, 0.02)))

    async def database(self, statement: str) -> None:
        """Take the time of a statement, and fail as the database does."""
        await self.latency()
        if self.strikes("slow"):
            await asyncio.sleep(self.random.uniform(0.1, 2))
        committed = statement == "committed"
        away = asyncio.get_running_loop().time() < self.database_away_until
        if away and not committed:
            raise DatabaseUnavailable
        if self.strikes("fail_after" if committed else "fail_before"):
            raise DatabaseUnavailable


@dataclass
class Broker:
    """The bus's server: it outlives its clients, and gives back what a dead one had in hand."""

    process: Process
    weather: Weather
    trace: Trace
    bus: MemoryBus = field(default_factory=MemoryBus)

    def connect(self, client: Process, auditor: Auditor) -> "BusClient":
        """Give a process its connection."""
        return BusClient(self, client, auditor)

    def put(self, queue: str, body: bytes) -> None:
        """Take a message: now or later, once, twice or not at all."""
        if self.weather.strikes("dropped"):
            return
        for _ in range(2 if self.weather.strikes("doubled") else 1):
            delay_s = self.weather.random.uniform(0.01, 5) if self.weather.strikes("delayed") else 0
            self.process.spawn(self._arrive(queue, body, delay_s))

    async def _arrive(self, queue: str, body: bytes, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        await self.bus.publish(queue, [body])


@dataclass
class BusClient:
    """The bus as one process sees it."""

    broker: Broker
    process: Process
    auditor: Auditor
    lost: set[UUID] = field(default_factory=set)

    async def publish(self, queue: str, bodies: Sequence[bytes]) -> None:
        """Publish; it may fail before or after the messages were taken."""
        if queue == OUTCOMES:
            self._check_tokens(bodies)
        weather = self.broker.weather
        await weather.latency()
        if weather.strikes("refused"):
            raise BusUnavailable
        for body in bodies:
            self.broker.put(queue, body)
        await weather.latency()
        if weather.strikes("unconfirmed"):
            raise BusUnavailable
        self.auditor.carried[queue] += len(bodies)

    @asynccontextmanager
    async def consume(self, queue: str, *, prefetch: int) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Open a consumer; the broker ends it when this process dies or hangs up."""
        await self.broker.weather.latency()
        opened: asyncio.Future[AsyncIterator[Delivery]] = asyncio.get_running_loop().create_future()
        closed = asyncio.Event()
        self.process.on_death.append(closed.set)
        self.broker.process.spawn(_hold_open(self.broker.bus, queue, prefetch, opened, closed))
        try:
            yield _Heard(await opened, closed, self.broker.weather)
        finally:
            closed.set()
            self.process.on_death.remove(closed.set)

    async def aclose(self) -> None:
        """Leave the broker alone: others use it."""

    def _check_tokens(self, bodies: Sequence[bytes]) -> None:
        """A worker that was told that a claim is lost says nothing more of it."""
        for body in bodies:
            outcome = Outcome.model_validate_json(body)
            self.broker.trace(
                self.process.name, "outcome", outcome.result.kind, short(outcome.task)
            )
            if outcome.token in self.lost:
                self.auditor.found(
                    f"{self.process.name} published an outcome of {short(outcome.task)} after it "
                    "was told that the claim is lost"
                )


@dataclass
class _Heard:
    """Deliveries over a connection that may break."""

    deliveries: AsyncIterator[Delivery]
    closed: asyncio.Event
    weather: Weather

    def __aiter__(self) -> "_Heard":
        return self

    async def __anext__(self) -> Delivery:
        delivery = await anext(self.deliveries)
        if self.weather.strikes("hang_up"):
            self.closed.set()
        return delivery


async def _hold_open(
    bus: MemoryBus,
    queue: str,
    prefetch: int,
    opened: "asyncio.Future[AsyncIterator[Delivery]]",
    closed: asyncio.Event,
) -> None:
    async with bus.consume(queue, prefetch=prefetch) as deliveries:
        if not opened.done():
            opened.set_result(deliveries)
        await closed.wait()


@dataclass
class Calls:
    """The ledger as a worker reaches it: a call to whatever core lives, over a wire or not."""

    core: Callable[[], "tuple[Process, Tasks] | None"]
    client: BusClient
    weather: Weather
    wired: bool = True

    async def announce(self, card: AgentCard, worker: str) -> None:
        """Say hello; nobody listens."""
        await self.weather.latency()

    async def claim(self, agent: str, worker: str, slots: int) -> ClaimReply:
        """Claim; the answer may be lost, and the tasks with it."""
        reply = await self._call(lambda tasks: tasks.claim(agent, worker, slots))
        if len(reply.claims) > slots:
            self.client.auditor.found(f"{worker} asked for {slots} and got {len(reply.claims)}")
        return reply

    async def heartbeat(self, beats: Sequence[Beat]) -> list[BeatReply]:
        """Renew, and note which claims this worker knows to be lost."""
        replies = await self._call(lambda tasks: tasks.heartbeat(beats))
        for beat, reply in zip(beats, replies, strict=True):
            if reply is not BeatReply.GO_ON:
                self.client.lost.add(beat.token)
        return replies

    async def _call(self, what: Callable[[Tasks], Awaitable[Answer]]) -> Answer:
        core = self.core()
        if core is not None and not self.wired:
            return await what(core[1])
        await self.weather.latency()
        if core is None or core[0].dead or self.weather.strikes("call_lost"):
            raise Unavailable
        answer = await self._over_the_wire(core[0], partial(what, core[1]))
        await self.weather.latency()
        if self.weather.strikes("reply_lost"):
            raise Unavailable
        return answer

    async def _over_the_wire(self, core: Process, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Have core do something, and hear of it unless core dies."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        async def serve() -> None:
            try:
                value = await work()
            except Unavailable as error:
                if not answer.done():
                    answer.set_exception(Unavailable(error.message))
            else:
                if not answer.done():
                    answer.set_result(value)

        def broken() -> None:
            if not answer.done():
                answer.set_exception(Unavailable())

        core.on_death.append(broken)
        core.spawn(serve(), "serve")
        try:
            return await answer
        finally:
            core.on_death.remove(broken)

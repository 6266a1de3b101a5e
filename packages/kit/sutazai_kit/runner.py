"""The runner of one agent: take wake-ups, claim, work, keep the leases, publish the outcomes.

Time is the event loop's clock, randomness comes in by argument.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from loguru import logger
from pydantic import ValidationError

from sutazai_contracts.errors import Unavailable
from sutazai_contracts.queues import OUTCOMES, WakeUp, task_queue
from sutazai_contracts.tasks import Beat, BeatReply, Claim, Outcome, Released, Result
from sutazai_kit.agent import Agent
from sutazai_kit.backoff import Backoff
from sutazai_kit.bus.port import Bus, Delivery
from sutazai_kit.context import AgentContext, AgentPorts
from sutazai_kit.execution import Stop, execute, reaching
from sutazai_kit.leases import Lease, Leases
from sutazai_kit.ledger.port import Ledger
from sutazai_kit.live.voice import Voice
from sutazai_kit.observer import NoObserver, RunnerObserver, RunnerState

if TYPE_CHECKING:
    import loguru


# The first pause where what was to be claimed is locked: most locks are held for one commit.
LOCKED_S = 0.003


@dataclass(frozen=True)
class RunnerSettings:
    """Times of a runner, in seconds, and how many wake-ups it holds.

    beat_every_s: longest time between heartbeats; a fifth of the lease where that is shorter.
    announce_every_s: how often the agent is made known again.
    answer_s: how long one call of the ledger or the bus may take.
    backoff_cap_s: longest wait while the ledger or the bus does not answer.
    grace_s: how long a cancelled handler may take to end before it is left alone.
    drain_s: how long leaving the runner's context lets work finish.
    release_s: how long a drain then waits for outcomes to be confirmed, past the grace.
    prefetch: how many wake-ups are held until a claim is answered; one claim settles them all.
    """

    beat_every_s: float = 1.0
    announce_every_s: float = 10.0
    answer_s: float = 10.0
    backoff_cap_s: float = 5.0
    grace_s: float = 3.0
    drain_s: float = 10.0
    release_s: float = 2.0
    prefetch: int = 16


class Runner:
    """Work on the tasks of one agent, as many at once as it has slots.

    Wake-ups are held until a claim was answered, never given back because the ledger is away. The
    lease guards a claimed task: its work is cancelled, and no outcome published, once the ledger
    says that the task is cancelled or another's, or has not answered for as long as the lease.

        async with Runner(agent, ledger, bus, ports, worker="host:1") as runner: ...

    Leaving the context drains. `run()` does the same until it is drained from elsewhere.
    """

    def __init__(
        self,
        agent: Agent,
        ledger: Ledger,
        bus: Bus,
        ports: AgentPorts | None = None,
        *,
        worker: str,
        settings: RunnerSettings | None = None,
        observer: RunnerObserver | None = None,
        random: Random | None = None,
    ) -> None:
        """Take the agent and what it runs on.

        Args:
            agent: the agent; it has its handler.
            ledger: hands out the tasks.
            bus: carries wake-ups and outcomes; the runner does not close it.
            ports: what the agent may use.
            worker: the name of this process, unique among those that run now.
            settings: times.
            observer: hears of claims and results.
            random: the source of jitter.
        """
        self._card = agent.card
        self._agent, self._ledger, self._bus = agent, ledger, bus
        self._ports = ports or AgentPorts()
        self._worker = worker
        self._settings = settings or RunnerSettings()
        self._observer = observer or NoObserver()
        self._random = random or Random()  # noqa: S311  (jitter is no secret)
        self._leases = Leases(self._heartbeat, self._settings.beat_every_s)
        self._wakeups: list[Delivery] = []
        self._hungry = True  # what was left by an earlier process is claimed without a wake-up
        self._stirred = asyncio.Event()
        self._draining = asyncio.Event()
        self._drain_by = 0.0
        self._works: set[asyncio.Task[None]] = set()
        self._life: asyncio.Task[None] | None = None
        self._down = self._backoff(0.1)
        self._locked = Backoff(self._random, base_s=LOCKED_S, cap_s=0.5)
        self._done = self._failed = 0
        self._last_work_at: datetime | None = None

    async def __aenter__(self) -> Self:
        """Start; returns at once."""
        if self._life is not None:
            raise RuntimeError("a runner runs once")
        self._life = asyncio.create_task(self._live(), name=f"runner {self._agent.name}")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drain; where the body failed, stop at once and leave the tasks to their leases."""
        if self._life is None:
            return
        if error is None:
            await self.drain(self._settings.drain_s)
        else:
            self._life.cancel()
            await asyncio.wait({self._life})

    async def run(self) -> None:
        """Work until drained; being cancelled stops at once and leaves the tasks to their leases.

        Raises:
            ExceptionGroup: a part of the runner failed in a way it does not know: a bug.
        """
        async with self:
            if self._life is not None:
                await self._life

    async def drain(self, timeout_s: float) -> None:
        """Claim no more, let work finish for so long, then cancel it and hand it back; then end.

        It takes at most `timeout_s` and the settings' grace and release times. A handler that does
        not end when it is cancelled is handed back too, and left alone.
        """
        if self._life is None:
            raise RuntimeError("the runner was not started")
        if not self._draining.is_set():
            self._drain_by = asyncio.get_running_loop().time() + timeout_s
            self._draining.set()
            self._stirred.set()
        await asyncio.shield(self._life)

    def state(self) -> RunnerState:
        """Tell how busy the runner is and what it did."""
        return RunnerState(
            name=self._agent.name,
            busy=len(self._works),
            slots=self._agent.slots,
            done=self._done,
            failed=self._failed,
            last_work_at=self._last_work_at,
        )

    async def _live(self) -> None:
        """Run all parts; a bug in one ends the others."""
        async with asyncio.TaskGroup() as group:
            claiming = group.create_task(self._claim(group))
            others = [
                group.create_task(self._leases.keep()),
                group.create_task(self._announce()),
                group.create_task(self._listen()),
            ]
            await self._draining.wait()
            await self._finish(claiming)
            for task in (claiming, *others, *self._works):
                task.cancel()

    async def _finish(self, claiming: asyncio.Task[None]) -> None:
        """Let claims and work end in the time that a drain gives, then hand work back."""
        loop = asyncio.get_running_loop()
        # A claim under way is heard out: its tasks would else stay taken until their leases end.
        await asyncio.wait({claiming}, timeout=self._drain_by - loop.time())
        if self._works:
            await asyncio.wait(self._works, timeout=max(0, self._drain_by - loop.time()))
        for lease in self._leases.held:
            lease.end(Stop.RELEASED)
        if self._works:
            patience = self._settings.grace_s + self._settings.release_s
            await asyncio.wait(self._works, timeout=patience)

    async def _announce(self) -> None:
        """Make the agent known, again and again."""
        while True:
            wait_s = self._settings.announce_every_s
            try:
                async with self._asking("announcing"):
                    await self._ledger.announce(self._card, self._worker)
            except Unavailable:
                wait_s = min(1.0, wait_s)
            await asyncio.sleep(wait_s)

    async def _listen(self) -> None:
        """Take wake-ups from the bus, and open a new consumer whenever one ends."""
        failures = self._backoff(0.1)
        queue = task_queue(self._agent.name)
        while True:
            try:
                async with (
                    reaching("waiting for wake-ups"),
                    self._bus.consume(queue, prefetch=self._settings.prefetch) as deliveries,
                ):
                    async for delivery in deliveries:
                        failures.reset()
                        await self._wake(delivery)
            except Unavailable as error:
                logger.warning("no wake-ups for {}: {}", self._agent.name, error)
            self._wakeups.clear()  # the bus has them again
            await asyncio.sleep(failures.next_s())

    async def _wake(self, delivery: Delivery) -> None:
        """Hold a wake-up until the next claim is answered; reject what is none."""
        try:
            WakeUp.model_validate_json(delivery.body)
        except ValidationError:
            logger.error("a message for {} is no wake-up: it is dead", self._agent.name)
            await delivery.reject()
            return
        self._wakeups.append(delivery)
        self._hungry = True
        self._stirred.set()

    async def _claim(self, group: asyncio.TaskGroup) -> None:
        """Claim whenever there may be work and there is a free slot."""
        while not self._draining.is_set():
            free = self._agent.slots - len(self._works)
            if self._hungry and free > 0:
                await self._claim_once(group, free)
            else:
                self._stirred.clear()
                await self._stirred.wait()

    async def _claim_once(self, group: asyncio.TaskGroup, free: int) -> None:
        """Claim for the free slots, start the work, settle the wake-ups that asked for it."""
        self._hungry = False
        wakeups, self._wakeups = self._wakeups, []
        sent_at = asyncio.get_running_loop().time()
        try:
            async with self._asking("claiming"):
                reply = await self._ledger.claim(self._agent.name, self._worker, free)
        except Unavailable as error:
            logger.warning("{} can't claim now: {}", self._agent.name, error)
            self._hungry = True
            self._wakeups[:0] = wakeups
            await self._pause(self._down.next_s())
            return
        self._down.reset()
        for claim in reply.claims:
            self._start(group, claim, sent_at)
        if reply.claims:
            self._observer.claimed(self._agent.name, len(reply.claims))
        with suppress(Unavailable):  # they come again, which does no harm
            async with self._asking("settling wake-ups"):
                for delivery in wakeups:
                    await delivery.ack()
        self._hungry = self._hungry or reply.more
        if reply.claims or not reply.more:
            self._locked.reset()
        else:
            await self._pause(self._locked.next_s())

    def _start(self, group: asyncio.TaskGroup, claim: Claim, since: float) -> None:
        """Start the work on a claim; what a drain no longer starts is handed back."""
        lease = self._leases.hold(claim, since)
        if self._draining.is_set():
            lease.end(Stop.RELEASED)
        task = group.create_task(self._work(lease), name=f"work {claim.task}")
        self._works.add(task)
        task.add_done_callback(self._freed)

    def _freed(self, task: asyncio.Task[None]) -> None:
        """Count a slot as free."""
        self._works.discard(task)
        self._stirred.set()

    async def _work(self, lease: Lease) -> None:
        """Work on one claim until its outcome is confirmed or the claim is gone."""
        loop = asyncio.get_running_loop()
        claim, started_at = lease.claim, loop.time()
        ports = self._ports.bound(claim)
        voice = Voice(claim, ports.live)
        ctx = AgentContext(claim, ports, lease.note, self._agent.heard(voice.say))
        try:
            execution = await execute(
                self._agent, claim, ctx, stop=lease.stop, grace_s=self._settings.grace_s
            )
            result = execution.result or Released()
            if (text := self._agent.spoken(result)) is not None:
                voice.settle(text)
            await voice.end()  # its last words go before the outcome, so that they are heard
            confirmed = await self._publish(lease, result, ctx.usage)
        finally:
            self._leases.drop(lease)
        kind = result.kind if confirmed else str(lease.why)
        self._count(claim, kind, loop.time() - started_at)
        if execution.leftover is not None:
            _of(claim).error("the handler of {} goes on though cancelled", self._agent.name)
            await asyncio.wait({execution.leftover})

    def _count(self, claim: Claim, kind: str, seconds: float) -> None:
        """Keep count of how a task ended."""
        self._done += kind in ("succeeded", "retry")
        self._failed += kind in ("refused", "crashed")
        self._last_work_at = datetime.now(UTC)
        self._observer.finished(self._agent.name, kind, seconds)
        level = "DEBUG" if kind == "succeeded" else "INFO"
        _of(claim).log(level, "attempt {} by {}: {}", claim.attempt, self._agent.name, kind)

    async def _publish(self, lease: Lease, result: Result, usage: dict[str, float]) -> bool:
        """Publish an outcome until it is confirmed; give up once the claim is gone."""
        claim, failures = lease.claim, self._backoff(0.1)
        outcome = Outcome(
            id=uuid4(),
            task=claim.task,
            run=claim.run,
            token=claim.token,
            result=result,
            usage=usage,
            finished_at=datetime.now(UTC),
        )
        body = outcome.model_dump_json().encode()
        while not lease.gone:
            try:
                async with self._asking("publishing an outcome"):
                    await self._bus.publish(OUTCOMES, [body])
                return True
            except Unavailable as error:
                _of(claim).warning("the outcome waits: {}", error)
                await asyncio.sleep(failures.next_s())
        return False

    async def _heartbeat(self, beats: Sequence[Beat]) -> list[BeatReply]:
        """Send heartbeats; `Leases` bounds the time they may take."""
        async with reaching("a heartbeat"):
            return await self._ledger.heartbeat(beats)

    def _asking(self, what: str) -> AbstractAsyncContextManager[None]:
        """Ask the ledger or the bus for something it answers at once."""
        return reaching(what, self._settings.answer_s)

    async def _pause(self, seconds: float) -> None:
        """Wait, but not past the beginning of a drain."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._draining.wait()

    def _backoff(self, base_s: float) -> Backoff:
        """Make the waits for something that does not answer."""
        return Backoff(self._random, base_s=base_s, cap_s=self._settings.backoff_cap_s)


def _of(claim: Claim) -> "loguru.Logger":
    """Give a logger that names the task."""
    return logger.bind(run=str(claim.run), task=str(claim.task), step=claim.step)

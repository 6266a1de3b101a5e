"""What every adapter of the ledger port keeps to, as an agent sees it.

An adapter's test file opens a ledger over a real database. `given` is the other side: it starts
runs of the workflow `CHAIN` (first → second, both by the agent `worker`), reads their events and
takes outcomes, which travel on the bus.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID, uuid4

from sutazai_contracts.identifiers import new_id
from sutazai_contracts.tasks import (
    AgentCard,
    Beat,
    BeatReply,
    Claim,
    Outcome,
    Progress,
    Succeeded,
)
from sutazai_kit.ledger.port import Ledger

CARD = AgentCard(name="worker", version="1", description="Works.", slots=2)


class Given(Protocol):
    """The other side of the ledger."""

    async def submit(self, workflow: str = "chain") -> UUID:
        """Start a run."""

    async def apply(self, outcome: Outcome) -> int:
        """Apply an outcome as core does; gives how many were applied."""

    async def cancel(self, run: UUID) -> None:
        """Cancel a run."""

    async def event_types(self, run: UUID) -> list[str]:
        """Read the types of a run's events."""

    async def expire(self) -> int:
        """Let every lease run out, and take back what was lost."""

    async def known(self) -> set[str]:
        """Name the agents that were announced."""


@dataclass(frozen=True)
class Opened:
    """A ledger and its other side."""

    ledger: Ledger
    given: Given


def outcome(claim: Claim) -> Outcome:
    """Make the outcome of a claim that succeeded."""
    result = Succeeded(output={"said": f"done {claim.step}"})
    return Outcome(id=new_id(), task=claim.task, run=claim.run, token=claim.token, result=result)


class LedgerContract:
    """Subclass and implement `open_ledger`."""

    def open_ledger(self) -> AbstractAsyncContextManager[Opened]:
        """Open a ledger with nothing in it."""
        raise NotImplementedError

    async def test_nothing_to_claim_is_an_empty_reply(self) -> None:
        async with self.open_ledger() as opened:
            reply = await opened.ledger.claim("worker", "w1", 3)
            assert (reply.claims, reply.more) == ((), False)

    async def test_a_claim_carries_all_an_agent_needs(self) -> None:
        async with self.open_ledger() as opened:
            run = await opened.given.submit()
            [claim] = (await opened.ledger.claim("worker", "w1", 3)).claims
            assert (claim.run, claim.step, claim.agent) == (run, "first", "worker")
            assert claim.input == {"goal": "a goal"}
            assert claim.attempt == 1
            assert claim.lease_s > 0
            assert claim.timeout_s > 0
            assert claim.grant is None

    async def test_a_task_is_claimed_once_and_only_by_its_agent(self) -> None:
        async with self.open_ledger() as opened:
            await opened.given.submit()
            assert (await opened.ledger.claim("other", "w0", 1)).claims == ()
            assert len((await opened.ledger.claim("worker", "w1", 1)).claims) == 1
            assert (await opened.ledger.claim("worker", "w2", 1)).claims == ()

    async def test_no_more_than_the_free_slots_and_told_that_there_is_more(self) -> None:
        async with self.open_ledger() as opened:
            for _ in range(3):
                await opened.given.submit()
            reply = await opened.ledger.claim("worker", "w1", 2)
            assert (len(reply.claims), reply.more) == (2, True)

    async def test_an_applied_outcome_readies_the_step_that_waited_for_it(self) -> None:
        async with self.open_ledger() as opened:
            run = await opened.given.submit()
            [first] = (await opened.ledger.claim("worker", "w1", 1)).claims
            assert await opened.given.apply(outcome(first)) == 1
            [second] = (await opened.ledger.claim("worker", "w1", 1)).claims
            assert second.input == {"heard": "done first"}
            await opened.given.apply(outcome(second))
            assert (await opened.given.event_types(run))[-1] == "run.succeeded"

    async def test_heartbeats_answer_in_order_go_on_cancelled_lost(self) -> None:
        async with self.open_ledger() as opened:
            cancelled = await opened.given.submit()
            await opened.given.submit()
            one, two = (await opened.ledger.claim("worker", "w1", 2)).claims
            stopped, live = (one, two) if one.run == cancelled else (two, one)
            await opened.given.cancel(cancelled)
            beats = [
                Beat(task=stopped.task, token=stopped.token),
                Beat(task=live.task, token=live.token),
                Beat(task=live.task, token=uuid4()),
                Beat(task=uuid4(), token=uuid4()),
            ]
            assert await opened.ledger.heartbeat(beats) == [
                BeatReply.CANCELLED,
                BeatReply.GO_ON,
                BeatReply.LOST,
                BeatReply.LOST,
            ]
            assert await opened.ledger.heartbeat([]) == []

    async def test_progress_becomes_an_event(self) -> None:
        async with self.open_ledger() as opened:
            run = await opened.given.submit()
            [claim] = (await opened.ledger.claim("worker", "w1", 1)).claims
            told = Progress(message="half", done=1, total=2)
            beat = Beat(task=claim.task, token=claim.token, progress=told)
            assert await opened.ledger.heartbeat([beat]) == [BeatReply.GO_ON]
            assert (await opened.given.event_types(run))[-1] == "step.progress"

    async def test_a_lost_claim_is_refused_everywhere_once_another_holds_it(self) -> None:
        async with self.open_ledger() as opened:
            run = await opened.given.submit()
            [zombie] = (await opened.ledger.claim("worker", "w1", 1)).claims
            assert await opened.given.expire() == 1
            [heir] = (await opened.ledger.claim("worker", "w1", 1)).claims
            assert (heir.task, heir.attempt) == (zombie.task, 2)
            told = Progress(message="I am back")
            beat = Beat(task=zombie.task, token=zombie.token, progress=told)
            assert await opened.ledger.heartbeat([beat]) == [BeatReply.LOST]
            assert await opened.given.apply(outcome(zombie)) == 0
            assert await opened.given.apply(outcome(heir)) == 1
            assert "step.progress" not in await opened.given.event_types(run)

    async def test_an_announced_agent_is_known_and_may_say_so_again(self) -> None:
        async with self.open_ledger() as opened:
            await opened.ledger.announce(CARD, "w1")
            await opened.ledger.announce(CARD, "w1")
            assert await opened.given.known() == {"worker"}

"""Whether a claim that is named still holds, and what of: the tenant is the task's, always."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from sutazai.core.tasks.ports import HeldTask, TaskHolders
from sutazai_contracts.errors import Forbidden, LeaseLost

# How long what was found is good for frames, of which there are many a second.
KNOWN_S = 1.0

ClaimKey = tuple[UUID, UUID]


@dataclass(slots=True)
class ClaimChecks:
    """Check claims by task and fencing token, one statement for as many as there are.

    Args:
        records: knows who holds tasks.
        clock: seconds that never go back.
    """

    records: TaskHolders
    clock: Callable[[], float] = monotonic
    _known: dict[ClaimKey, tuple[float, HeldTask]] = field(default_factory=dict)

    async def check(self, agent: str, task: UUID, token: UUID) -> HeldTask:
        """Give the task that an agent's claim is on, as it is now.

        Raises:
            Forbidden: it is another agent's task.
            LeaseLost: the claim does not hold any more, or never did.
        """
        found = await self._ask(agent, [(task, token)])
        if (task, token) not in found:
            raise LeaseLost
        return found[task, token]

    async def check_lately(
        self, agent: str, claims: Collection[ClaimKey]
    ) -> dict[ClaimKey, HeldTask]:
        """Give the tasks of those claims that hold now, or held `KNOWN_S` seconds ago or less.

        Raises:
            Forbidden: one is on another agent's task.
        """
        now = self.clock()
        self._known = {key: kept for key, kept in self._known.items() if kept[0] > now}
        found = {key: self._known[key][1] for key in claims if key in self._known}
        if unknown := [key for key in claims if key not in found]:
            asked = await self._ask(agent, unknown)
            self._known |= {key: (now + KNOWN_S, task) for key, task in asked.items()}
            found |= asked
        if any(task.agent != agent for task in found.values()):
            raise Forbidden
        return found

    async def _ask(self, agent: str, claims: Collection[ClaimKey]) -> dict[ClaimKey, HeldTask]:
        holders = await self.records.holders([task for task, _ in claims])
        if any(holder.agent != agent for holder in holders.values()):
            raise Forbidden("This token is not good for another agent's task.")
        return {
            (task, token): holder
            for task, token in claims
            if (holder := holders.get(task)) is not None and holder.token == token
        }

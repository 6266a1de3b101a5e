"""Fairness between tenants: who has used a runtime least goes first."""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import Protocol, TypeVar
from uuid import UUID

# How much the newest call counts in what a call takes typically.
_NEWEST = 0.2


class _Owned(Protocol):
    """Something a tenant waits with."""

    @property
    def tenant(self) -> UUID:
        """Give whose it is."""


Item = TypeVar("Item", bound=_Owned)


class Shares:
    """Count the seconds each tenant used, and put what waits in fair order.

    A tenant that comes back after a pause starts level with the one that is served least among
    those that are here: time it did not ask for is not saved up. A call counts as a typical one
    when it begins and as what it took when it ends. This is start-time fair queueing (Goyal, Vin,
    Cheng 1996) with the floor taken as Linux's CFS takes it, from who is here.
    """

    def __init__(self) -> None:
        """Start with nothing used."""
        self.typical_s = 1.0
        self._used: dict[UUID, float] = {}
        self._here: dict[UUID, int] = {}
        self._floor = 0.0

    def enter(self, tenant: UUID) -> None:
        """Let a tenant's call join."""
        if tenant not in self._here:
            if self._here:
                least = min(self._used[one] for one in self._here)
                self._floor = max(self._floor, least)
            self._used = {
                one: used
                for one, used in self._used.items()
                if used > self._floor or one in self._here
            }
            self._used[tenant] = max(self._used.get(tenant, 0.0), self._floor)
        self._here[tenant] = self._here.get(tenant, 0) + 1

    def leave(self, tenant: UUID) -> None:
        """Let a tenant's call go."""
        self._here[tenant] -= 1
        if not self._here[tenant]:
            del self._here[tenant]

    def begin(self, tenant: UUID) -> float:
        """Charge a call that begins with what one takes typically; gives how much that was."""
        self._used[tenant] += self.typical_s
        return self.typical_s

    def end(self, tenant: UUID, charged_s: float, took_s: float) -> None:
        """Charge what a call took instead of what was charged when it began."""
        self._used[tenant] += took_s - charged_s
        self.typical_s += _NEWEST * (took_s - self.typical_s)

    def order(self, *classes: Iterable[Item]) -> Iterable[Item]:
        """Give what waits as it would be served: class by class, in each by fairness, then age.

        Args:
            classes: the first is served before the second; each with the oldest first.
        """
        used = dict(self._used)
        for waiting in classes:
            queues: dict[UUID, list[Item]] = {}
            for item in waiting:
                queues.setdefault(item.tenant, []).append(item)
            heap = [(used[tenant], place, tenant) for place, tenant in enumerate(queues)]
            heapify(heap)
            taken = dict.fromkeys(queues, 0)
            while heap:
                _, place, tenant = heappop(heap)
                yield queues[tenant][taken[tenant]]
                used[tenant] += self.typical_s
                taken[tenant] += 1
                if taken[tenant] < len(queues[tenant]):
                    heappush(heap, (used[tenant], place, tenant))

"""The line for one model of one runtime: decisions alone, without a clock and without I/O.

Interactive calls go before batch calls, each in the order of `Shares`. A batch call that waited
for `age_s` counts as interactive, so that none waits for ever; but no interactive call waits
behind a second batch call, whatever that one's age.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sutazai.core.models.shares import Shares
from sutazai_contracts.errors import LineFull

LONGEST_RETRY_S = 60.0


@dataclass(frozen=True, slots=True)
class LineRules:
    """How a line is kept; times in seconds.

    parallel: calls a model works on at once.
    places: how many may wait.
    tenant_places: how many of one tenant may wait, so that one can't fill the line for all.
    lease_s: how long a slot holds without being renewed.
    age_s: after how long a batch call counts as interactive.
    """

    parallel: int = 1
    places: int = 256
    tenant_places: int = 128
    lease_s: float = 30.0
    age_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """A call that wants a slot; times by the clock that all decisions are given."""

    id: UUID
    tenant: UUID
    interactive: bool
    came_at: float
    deadline_at: float | None = None


@dataclass(slots=True)
class _Waiting:
    """A ticket in line, and how many batch calls it waits or waited behind."""

    ticket: Ticket
    behind: int

    @property
    def tenant(self) -> UUID:
        return self.ticket.tenant


@dataclass(slots=True)
class _Served:
    """A ticket with its slot."""

    ticket: Ticket
    granted_at: float
    lease_until: float
    charged_s: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What has come to pass: each ticket that joined is granted or expired once, unless it left."""

    granted: tuple[Ticket, ...] = ()
    expired: tuple[Ticket, ...] = ()
    taken_back: tuple[Ticket, ...] = ()


class Line:
    """Decide whose turn it is."""

    def __init__(self, rules: LineRules) -> None:
        """Take the rules; nobody waits yet."""
        self.rules = rules
        self._shares = Shares()
        self._waiting: dict[UUID, _Waiting] = {}
        self._served: dict[UUID, _Served] = {}

    @property
    def busy(self) -> int:
        """Count the slots in use."""
        return len(self._served)

    @property
    def waiting(self) -> int:
        """Count the calls in line."""
        return len(self._waiting)

    @property
    def typical_s(self) -> float:
        """Give how long a call takes typically, in seconds."""
        return self._shares.typical_s

    def join(self, ticket: Ticket) -> None:
        """Put a call in line; `decide` then says what becomes of it.

        Raises:
            LineFull: all places are taken, or all that one tenant may have.
        """
        self._check_room(ticket.tenant)
        behind = 0
        if ticket.interactive and len(self._served) >= self.rules.parallel:
            behind = int(any(not served.ticket.interactive for served in self._served.values()))
        self._shares.enter(ticket.tenant)
        self._waiting[ticket.id] = _Waiting(ticket, behind)

    def leave(self, ticket: UUID) -> None:
        """Forget a call that waits; one that does not is left as it is."""
        if (waiting := self._waiting.pop(ticket, None)) is not None:
            self._shares.leave(waiting.tenant)

    def renew(self, ticket: UUID, now: float) -> bool:
        """Let a slot hold for another lease; false where it is not held."""
        served = self._served.get(ticket)
        if served is None or served.lease_until <= now:
            return False
        served.lease_until = now + self.rules.lease_s
        return True

    def renew_all(self, now: float) -> None:
        """Let every slot hold for another lease: nobody could renew for a while."""
        for served in self._served.values():
            served.lease_until = now + self.rules.lease_s

    def release(self, ticket: UUID, now: float) -> bool:
        """Take a slot back from a call that ended; false where it was not held."""
        served = self._served.pop(ticket, None)
        if served is None:
            return False
        tenant = served.ticket.tenant
        self._shares.end(tenant, served.charged_s, max(0.0, now - served.granted_at))
        self._shares.leave(tenant)
        return True

    def decide(self, now: float) -> Decision:
        """Take back what was not renewed, drop whose deadline passed, and fill the free slots."""
        taken_back = [s.ticket for s in self._served.values() if s.lease_until <= now]
        for ticket in taken_back:
            self.release(ticket.id, now)
        expired = [
            w.ticket
            for w in self._waiting.values()
            if w.ticket.deadline_at is not None and w.ticket.deadline_at <= now
        ]
        for ticket in expired:
            self.leave(ticket.id)
        granted: list[Ticket] = []
        while len(self._served) < self.rules.parallel and self._waiting:
            granted.append(self._grant(now))
        return Decision(tuple(granted), tuple(expired), tuple(taken_back))

    def places(self, now: float) -> dict[UUID, int]:
        """Give everybody's place in line, from 1, as it would be served if nobody else came."""
        return {w.ticket.id: place for place, w in enumerate(self._order(now), 1)}

    def _grant(self, now: float) -> Ticket:
        """Give a slot to whose turn it is."""
        ticket = next(iter(self._order(now))).ticket
        del self._waiting[ticket.id]
        charged_s = self._shares.begin(ticket.tenant)
        self._served[ticket.id] = _Served(ticket, now, now + self.rules.lease_s, charged_s)
        if not ticket.interactive:
            for waiting in self._waiting.values():
                waiting.behind += 1
        return ticket

    def _order(self, now: float) -> Iterable[_Waiting]:
        """Give who waits in the order of service."""
        # An old batch call may go before a person once, not twice.
        one_went = any(w.behind for w in self._waiting.values() if w.ticket.interactive)
        first: list[_Waiting] = []
        then: list[_Waiting] = []
        for waiting in self._waiting.values():
            aged = not one_went and now - waiting.ticket.came_at >= self.rules.age_s
            (first if waiting.ticket.interactive or aged else then).append(waiting)
        return self._shares.order(first, then)

    def _check_room(self, tenant: UUID) -> None:
        """Refuse a call for which there is no place."""
        rules, waiting = self.rules, len(self._waiting)
        own = Counter(w.tenant for w in self._waiting.values())[tenant]
        if waiting < rules.places and own < rules.tenant_places:
            return
        # The time in which half of the line goes.
        retry_after_s = self.typical_s * waiting / rules.parallel / 2
        raise LineFull(
            f"{waiting} calls wait for this model, {own} of them yours; come again later.",
            retry_after_s=min(LONGEST_RETRY_S, max(1.0, retry_after_s)),
        )

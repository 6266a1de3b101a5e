"""A line in made-up time: calls come, are served for as long as they take, and go."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from uuid import UUID

from sutazai.core.models.line import Line, LineRules, Ticket
from sutazai_contracts.errors import LineFull

TENANTS = tuple(UUID(int=number) for number in range(1, 9))


@dataclass
class Job:
    """A call that somebody makes, and what became of it."""

    number: int
    tenant: UUID
    interactive: bool
    came_at: float
    takes_s: float
    deadline_s: float | None = None
    answers: list[str] = field(default_factory=list)
    began_at: float | None = None
    behind: int = 0

    @property
    def ticket(self) -> Ticket:
        """Give the ticket it joins with."""
        due = None if self.deadline_s is None else self.came_at + self.deadline_s
        return Ticket(UUID(int=self.number), self.tenant, self.interactive, self.came_at, due)


@dataclass
class Simulation:
    """Run jobs through a line; `on_end` may bring another one when one ends."""

    rules: LineRules
    on_end: Callable[[Job, float], Job | None] = lambda job, now: None
    began: list[Job] = field(default_factory=list)
    served: dict[UUID, Job] = field(default_factory=dict)
    most_busy: int = 0

    def run(self, jobs: Iterable[Job], calls: int | None = None) -> None:
        """Serve all jobs, or so many calls, each change at its time."""
        line, now = Line(self.rules), 0.0
        by_id: dict[UUID, Job] = {}
        happenings: list[tuple[float, int, int, Job]] = []
        for job in jobs:
            heappush(happenings, (job.came_at, 1, job.number, job))
        while happenings and (calls is None or len(self.began) < calls):
            now, kind, _, job = heappop(happenings)
            if kind == 0:
                assert line.release(job.ticket.id, now)
                del self.served[job.ticket.id]
                if (another := self.on_end(job, now)) is not None:
                    heappush(happenings, (another.came_at, 1, another.number, another))
            elif kind == 1:
                by_id[job.ticket.id] = job
                self._join(line, job, by_id)
                if job.deadline_s is not None:
                    heappush(happenings, (now + job.deadline_s, 2, job.number, job))
            self._decide(line, now, by_id, happenings)

    def _join(self, line: Line, job: Job, by_id: dict[UUID, Job]) -> None:
        try:
            line.join(job.ticket)
        except LineFull:
            job.answers.append("full")
            return
        busy = line.busy == self.rules.parallel
        job.behind = int(busy and any(not one.interactive for one in self.served.values()))

    def _decide(
        self,
        line: Line,
        now: float,
        by_id: dict[UUID, Job],
        happenings: list[tuple[float, int, int, Job]],
    ) -> None:
        decision = line.decide(now)
        for ticket in decision.expired:
            by_id[ticket.id].answers.append("expired")
        for ticket in decision.granted:
            job = by_id[ticket.id]
            job.answers.append("granted")
            job.began_at = now
            self.began.append(job)
            self.served[ticket.id] = job
            heappush(happenings, (now + job.takes_s, 0, job.number, job))
            if not job.interactive:
                for other in by_id.values():
                    other.behind += other.interactive and not other.answers
        self.most_busy = max(self.most_busy, line.busy)
        if line.waiting < 100:
            assert sorted(line.places(now).values()) == [*range(1, line.waiting + 1)]

"""The lines at work: callers wait, slots are leased, calls are reported. `line` decides."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

from loguru import logger

from sutazai.core.models.line import Line, LineRules, Ticket
from sutazai.core.models.model import CallRecord, LineState
from sutazai_contracts.errors import Conflict, ModelUnavailable
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.models import Provider, Usage
from sutazai_kit.slots.port import CallReport, OnPlace, Slot, SlotRequest

LOOK_EVERY_S = 0.25


@dataclass(slots=True)
class _Call:
    """A call from its request to its end."""

    request: SlotRequest
    line: Line
    turn: asyncio.Future[float]
    on_place: OnPlace
    came_at: float
    granted_at: float | None = None
    place: int = 0

    @property
    def waited_s(self) -> float:
        return (self.granted_at or self.came_at) - self.came_at


@dataclass(slots=True)
class Lines:
    """Keep one line per runtime and model.

    Args:
        rules: how each line is kept.
        on_end: hears of each call that had a slot, once it has none any more.
        clock: seconds that never go back.
        now: the time of day, for the record.
    """

    rules: LineRules = field(default_factory=LineRules)
    on_end: Callable[[CallRecord], None] = lambda record: None
    clock: Callable[[], float] = monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _lines: dict[tuple[Provider, str], Line] = field(default_factory=dict)
    _calls: dict[UUID, _Call] = field(default_factory=dict)
    _looked_at: float = 0.0
    _stirred: asyncio.Event = field(default_factory=asyncio.Event)

    async def acquire(
        self, request: SlotRequest, on_place: OnPlace, call_id: UUID | None = None
    ) -> Slot:
        """Wait for a slot; see `sutazai_kit.slots.port.Slots`.

        Args:
            request: who wants to ask which model.
            on_place: hears the place in line.
            call_id: the id that call and slot are to have, where the caller has to know it before
                there is an answer; None: a fresh one.

        Raises:
            Conflict: a call of that id is there.
        """
        if call_id in self._calls:
            raise Conflict("A call of this id waits, or has its slot, already.")
        now = self.clock()
        line = self._lines.setdefault((request.provider, request.model), Line(self.rules))
        ticket = Ticket(
            id=call_id or new_id(),
            tenant=request.tenant,
            interactive=request.priority == "interactive",
            came_at=now,
            deadline_at=None if request.deadline_s is None else now + request.deadline_s,
        )
        line.join(ticket)
        self._stir(now)
        call = _Call(request, line, asyncio.get_running_loop().create_future(), on_place, now)
        self._calls[ticket.id] = call
        self._decide(line, now)
        if not call.turn.done():
            _tell(call, line.places(now)[ticket.id])
            await self._turn(ticket.id, call)
        return Slot(id=ticket.id, lease_s=self.rules.lease_s, waited_s=call.waited_s)

    async def _turn(self, ticket: UUID, call: _Call) -> None:
        """Wait for the turn of a call; who stops waiting gives up the place, or the slot."""
        try:
            await call.turn
        except asyncio.CancelledError:
            self.leave(ticket)
            raise

    def asked(self, slot: UUID) -> SlotRequest | None:
        """Give what a call that waits, or has its slot, asked for; None: there is none."""
        call = self._calls.get(slot)
        return None if call is None else call.request

    def leave(self, slot: UUID) -> None:
        """Forget a call that nobody makes any more: its place, or its slot, is free."""
        call = self._calls.pop(slot, None)
        if call is None:
            return
        call.turn.cancel()
        call.line.leave(slot)
        now = self.clock()
        if call.line.release(slot, now):
            self._decide(call.line, now)

    def lose(self, slot: UUID) -> None:
        """Take a slot back from a call whose claim is another's now."""
        call = self._calls.get(slot)
        if call is not None and call.granted_at is not None:
            self.release(slot, _lost(self.clock() - call.granted_at))

    def renew(self, slot: UUID) -> bool:
        """Keep a slot for another lease; false where it was taken back."""
        call = self._calls.get(slot)
        return call is not None and call.line.renew(slot, self.clock())

    def release(self, slot: UUID, report: CallReport) -> None:
        """Take a slot back from a call that ended; one that is not held changes nothing."""
        call, now = self._calls.get(slot), self.clock()
        if call is None or not call.line.release(slot, now):
            return
        self._ended(slot, report)
        self._decide(call.line, now)

    def busy(self, provider: Provider) -> int:
        """Count the calls that a runtime works on."""
        return sum(line.busy for (at, _), line in self._lines.items() if at == provider)

    def states(self, tenant: UUID | None = None) -> tuple[LineState, ...]:
        """Tell how each line stands, and which places in it a tenant has."""
        now = self.clock()
        return tuple(
            LineState(
                provider=provider,
                model=model,
                parallel=self.rules.parallel,
                busy=line.busy,
                waiting=line.waiting,
                typical_s=line.typical_s,
                yours=self._places_of(tenant, line, now) if tenant is not None else (),
            )
            for (provider, model), line in sorted(self._lines.items())
        )

    def _places_of(self, tenant: UUID, line: Line, now: float) -> tuple[int, ...]:
        return tuple(
            place
            for call, place in line.places(now).items()
            if self._calls[call].request.tenant == tenant
        )

    async def run(self) -> None:
        """Look after leases and deadlines, and tell places, until cancelled."""
        while True:
            await self._stirred.wait()
            while self._calls:
                self.look()
                await asyncio.sleep(LOOK_EVERY_S)
            self._stirred.clear()

    def look(self) -> None:
        """Do what the time asks for, and tell everybody who waits a place that changed."""
        now = self.clock()
        if now - self._looked_at > self.rules.lease_s / 2:
            # This process stood still, and perhaps the whole machine: nobody could renew.
            for line in self._lines.values():
                line.renew_all(now)
        self._looked_at = now
        for line in self._lines.values():
            self._decide(line, now)
            if line.waiting:
                for ticket, place in line.places(now).items():
                    _tell(self._calls[ticket], place)

    def _stir(self, now: float) -> None:
        """Begin to look after the lines, where there was nothing to look after."""
        if not self._calls:
            self._looked_at = now
        self._stirred.set()

    def _decide(self, line: Line, now: float) -> None:
        """Have a line decide, and tell those whom it concerns."""
        decision = line.decide(now)
        for ticket in decision.granted:
            call = self._calls[ticket.id]
            call.granted_at = now
            if not call.turn.done():
                call.turn.set_result(now)
        for ticket in decision.expired:
            call = self._calls.pop(ticket.id)
            if not call.turn.done():
                call.turn.set_exception(_too_late(call))
        for ticket in decision.taken_back:
            logger.warning("A slot was taken back: its call did not renew it")
            self._ended(ticket.id, _lost(now - (self._calls[ticket.id].granted_at or now)))

    def _ended(self, slot: UUID, report: CallReport) -> None:
        """Let go of a call that had a slot, and keep what became of it."""
        call = self._calls.pop(slot)
        self.on_end(CallRecord(slot, call.request, call.waited_s, report, self.now()))


def _tell(call: _Call, place: int) -> None:
    """Tell a place in line that is not the one told before."""
    if call.place != place:
        call.place = place
        call.on_place(place)


def _too_late(call: _Call) -> ModelUnavailable:
    seconds = call.request.deadline_s or 0.0
    return ModelUnavailable(
        f"The model {call.request.model} was busy for {seconds:g} s, and the call was to be"
        " answered by then."
    )


def _lost(seconds: float) -> CallReport:
    """Make the report of a call that nobody reported."""
    usage = Usage(
        prompt_tokens=0, completion_tokens=0, first_token_s=None, total_s=seconds, exact=False
    )
    return CallReport(ending="lost", usage=usage)

"""Slots of core's line: chosen, waited for, renewed, given back.

Who waits holds its request open and is told its place as it changes. A caller that goes away closes
its connection, or says `leave`, and has then neither a place nor a slot.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sutazai.core.models.lines import Lines
from sutazai.entrypoints.internal.requests import Call, answer, nothing, route
from sutazai_contracts.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LeaseLost,
    LineFull,
    SutazaiError,
    Unavailable,
)
from sutazai_contracts.internal import (
    Choice,
    SlotHeld,
    SlotNews,
    SlotRefusal,
    SlotRenewal,
    SlotReturn,
    SlotWanted,
)
from sutazai_contracts.slots import CallReport, Slot, SlotRequest, Wish

# Who waits hears at least this often that core is there.
SIGN_S = 5.0
LINES_TYPE = "application/x-ndjson"
_MOST = 2**31


def routes() -> list[Route]:
    """Give the routes of slots."""
    return [
        route("POST", "/slots/choose", choose),
        route("POST", "/slots/acquire", acquire),
        route("POST", "/slots/renew", renew),
        route("POST", "/slots/leave", leave),
        route("POST", "/slots/release", release),
    ]


async def choose(call: Call) -> Response:
    """Choose a model of those that are present and able."""
    return answer(Choice(chosen=await call.parts.models.choose(await call.read(Wish))))


async def acquire(call: Call) -> Response:
    """Wait in line for the holder of a claim."""
    wanted = await call.read(SlotWanted)
    asked = wanted.request
    if "\x00" in asked.model:
        raise InvalidInput("is no name of a model", field="request.model")
    task = await call.parts.claims.check(call.agent, asked.task, asked.token)
    whose = {"tenant": task.tenant, "run": task.run, "agent": task.agent}
    waiting = _Waiting(call.parts.models.lines, wanted.call, asked.model_copy(update=whose))
    return StreamingResponse(waiting.news(), media_type=LINES_TYPE)


async def renew(call: Call) -> Response:
    """Keep a slot for another lease, unless the claim it was for is lost."""
    held, lines = await call.read(SlotHeld), call.parts.models.lines
    asked = _own(call, held.slot)
    if asked is not None:
        try:
            # Without the database nobody says that the claim is lost.
            with suppress(Unavailable):
                await call.parts.claims.check(call.agent, asked.task, asked.token)
        except LeaseLost:
            lines.lose(held.slot)
    return answer(SlotRenewal(held=lines.renew(held.slot)))


async def leave(call: Call) -> Response:
    """Forget a call that nobody makes any more."""
    held = await call.read(SlotHeld)
    _own(call, held.slot)
    call.parts.models.lines.leave(held.slot)
    return nothing()


async def release(call: Call) -> Response:
    """Take a slot back; one that is not held changes nothing."""
    given = await call.read(SlotReturn)
    _own(call, given.slot)
    _check(given.report)
    call.parts.models.lines.release(given.slot, given.report)
    return nothing()


def _own(call: Call, slot: UUID) -> SlotRequest | None:
    """Give what a call of this agent asked for; None: there is no such call.

    Raises:
        Forbidden: it is another agent's.
    """
    asked = call.parts.models.lines.asked(slot)
    if asked is not None and asked.agent != call.agent:
        raise Forbidden("This token is not good for another agent's slot.")
    return asked


def _check(report: CallReport) -> None:
    """Refuse what the record of calls can't keep: it is written for many calls at once."""
    usage = report.usage
    if max(usage.prompt_tokens, usage.completion_tokens) >= _MOST:
        raise InvalidInput("a call has fewer tokens than that", field="report.usage")
    if report.error is not None and (len(report.error) > 200 or "\x00" in report.error):
        raise InvalidInput("is no wire code of an error", field="report.error")


class _Waiting:
    """One call that waits: from its request until it has its slot, is refused, or is gone."""

    def __init__(self, lines: Lines, id: UUID, request: SlotRequest) -> None:
        self._lines, self._id, self._request = lines, id, request
        self._news: asyncio.Queue[SlotNews | None] = asyncio.Queue()

    async def news(self) -> AsyncIterator[bytes]:
        """Get in line, and give the news; who stops listening before the last leaves the line."""
        turn = asyncio.ensure_future(self._lines.acquire(self._request, self._hear, self._id))
        turn.add_done_callback(lambda _: self._news.put_nowait(None))
        told = False
        try:
            while not told:
                news = await self._next(turn)
                yield news.model_dump_json(exclude_none=True).encode() + b"\n"
                told = news.slot is not None or news.refusal is not None
        finally:
            # One that still waits leaves by this; one that has its slot does not know of it.
            turn.cancel()
            if not told and _granted(turn):
                self._lines.leave(self._id)

    async def _next(self, turn: asyncio.Future[Slot]) -> SlotNews:
        try:
            async with asyncio.timeout(SIGN_S):
                news = await self._news.get()
        except TimeoutError:
            return SlotNews()
        return news or _end(turn)

    def _hear(self, place: int) -> None:
        self._news.put_nowait(SlotNews(place=place))


def _granted(turn: asyncio.Future[Slot]) -> bool:
    return turn.done() and not turn.cancelled() and turn.exception() is None


def _end(turn: asyncio.Future[Slot]) -> SlotNews:
    """Say how the waiting ended."""
    try:
        return SlotNews(slot=turn.result())
    except asyncio.CancelledError:
        # Told to leave by its caller, who does not listen any more.
        return SlotNews(refusal=SlotRefusal(code=Conflict.code, detail="The call was given up."))
    except SutazaiError as error:
        again_s = error.retry_after_s if isinstance(error, LineFull) else None
        refusal = SlotRefusal(code=error.code, detail=error.message, retry_after_s=again_s)
        return SlotNews(refusal=refusal)

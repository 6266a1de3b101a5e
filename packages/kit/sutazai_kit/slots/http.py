"""Core's line over HTTP: core's internal API, for agents in a process of their own."""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from random import Random

from loguru import logger
from pydantic import BaseModel, ValidationError

from sutazai_contracts.errors import ModelUnavailable, SutazaiError, Unavailable
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.internal import (
    Choice,
    SlotHeld,
    SlotNews,
    SlotRefusal,
    SlotRenewal,
    SlotReturn,
    SlotWanted,
)
from sutazai_kit.backoff import Backoff
from sutazai_kit.core_client import CoreClient, error_of
from sutazai_kit.http_client import Head
from sutazai_kit.slots.port import CallReport, Chosen, OnPlace, Slot, SlotRequest, Wish

# Core says something every 5 s to whoever waits.
SILENCE_S = 15.0
PATIENCE_S = 10.0
_MAX_LINE = 64 * 1024


class HttpSlots:
    """Choose models and wait for a turn at core.

    A core that goes away while somebody waits, and comes back, is asked again: the wait goes on,
    from the end of its new line.
    """

    def __init__(
        self, core: CoreClient, *, patience_s: float = PATIENCE_S, random: Random | None = None
    ) -> None:
        """Take the way to core.

        Args:
            core: speaks as the agent whose tasks want slots.
            patience_s: seconds to go on trying while core does not answer.
            random: the source of jitter.
        """
        self._core, self._patience_s = core, patience_s
        self._random = random or Random()  # noqa: S311  (jitter is no secret)
        self._sending: set[asyncio.Task[None]] = set()

    async def choose(self, wish: Wish) -> Chosen | None:
        """Choose among the models that are present and able; None: there is none."""
        return (await self._core.ask("/slots/choose", wish, Choice)).chosen

    async def acquire(self, request: SlotRequest, on_place: OnPlace) -> Slot:
        """Wait for a slot; see `sutazai_kit.slots.port.Slots`.

        Raises also `Forbidden` and `LeaseLost`, where the claim is not this agent's any more.
        """
        clock = asyncio.get_running_loop().time
        since = clock()
        wait, pauses, heard_at = _Wait(request, on_place), self._pauses(), since
        while True:
            try:
                end = await self._wait_once(wait)
                break
            except Unavailable:
                if wait.heard_at > heard_at:
                    heard_at = wait.heard_at
                    pauses.reset()
                pause_s = pauses.next_s()
                if clock() + pause_s > heard_at + self._patience_s:
                    raise
                await asyncio.sleep(pause_s)
            wait.lose(clock() - since)
        if isinstance(end, Slot):
            return end
        raise error_of(end.code, end.detail, retry_after_s=end.retry_after_s)

    async def renew(self, slot: Slot) -> bool:
        """Keep a slot for another lease; false: it was taken back and the call is to end."""
        return (await self._core.ask("/slots/renew", SlotHeld(slot=slot.id), SlotRenewal)).held

    def release(self, slot: Slot, report: CallReport) -> None:
        """Give a slot back with what its call cost; a second time changes nothing."""
        self._send("/slots/release", SlotReturn(slot=slot.id, report=report))

    @property
    def sending(self) -> int:
        """Count what was given back and is not told to core yet."""
        return len(self._sending)

    async def aclose(self) -> None:
        """Wait until what was given back is told, or core was tried for long enough."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def _wait_once(self, wait: "_Wait") -> Slot | SlotRefusal:
        """Stand in line until there is an end of it, or core is gone."""
        call = new_id()
        end: Slot | SlotRefusal | None = None
        try:
            # To the end of the answer, so that its connection can be used again.
            async with aclosing(self._news(SlotWanted(call=call, request=wait.request))) as lines:
                async for news in lines:
                    end = wait.hear(news) or end
        except asyncio.CancelledError:
            # The slot may be on its way: core is told, so that it is not kept until its lease ends.
            self._send("/slots/leave", SlotHeld(slot=call))
            raise
        except Unavailable:
            if end is None:
                raise
        if end is None:
            raise Unavailable("Core broke off before the turn came.")
        return end

    async def _news(self, wanted: SlotWanted) -> AsyncGenerator[SlotNews, None]:
        content = wanted.model_dump_json().encode()
        headers = {"content-type": "application/json"}
        async with self._core.stream(
            "POST", "/slots/acquire", content=content, headers=headers, silence_s=SILENCE_S
        ) as answer:
            async for line in _lines(answer):
                try:
                    yield SlotNews.model_validate_json(line)
                except ValidationError as error:
                    raise Unavailable("Core's answer is none: is it another version?") from error

    def _send(self, path: str, body: BaseModel) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(path, body))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _deliver(self, path: str, body: BaseModel) -> None:
        """Tell core, and give up after a while: the slot's lease ends without it."""
        clock, pauses = asyncio.get_running_loop().time, self._pauses()
        until = clock() + self._patience_s
        while True:
            try:
                await self._core.tell(path, body)
            except Unavailable as error:
                pause_s = pauses.next_s()
                if clock() + pause_s > until:
                    logger.warning("A slot's end could not be told: {}", error)
                    return
                await asyncio.sleep(pause_s)
            except SutazaiError as error:
                logger.warning("A slot's end was refused: {}", error)
                return
            else:
                return

    def _pauses(self) -> Backoff:
        return Backoff(self._random, base_s=0.05, cap_s=1.0)


class _Wait:
    """One wait for a slot, however often its line is lost."""

    def __init__(self, request: SlotRequest, on_place: OnPlace) -> None:
        self.request = request
        self.heard_at = -math.inf
        self._deadline_s, self._on_place = request.deadline_s, on_place
        self._place, self._lost_s = 0, 0.0

    def lose(self, waited_s: float) -> None:
        """Begin again with what is left of the deadline.

        Raises:
            ModelUnavailable: nothing is left of it.
        """
        self._lost_s = waited_s
        if self._deadline_s is None:
            return
        if waited_s >= self._deadline_s:
            raise ModelUnavailable(f"Core did not answer within the call's {self._deadline_s:g} s.")
        left_s = self._deadline_s - waited_s
        self.request = self.request.model_copy(update={"deadline_s": left_s})

    def hear(self, news: SlotNews) -> Slot | SlotRefusal | None:
        """Take news: tell a place that changed, give the end where this is it."""
        self.heard_at = asyncio.get_running_loop().time()
        if news.place is not None and news.place != self._place:
            self._place = news.place
            self._on_place(news.place)
        if news.slot is not None:
            waited_s = self._lost_s + news.slot.waited_s
            return news.slot.model_copy(update={"waited_s": waited_s})
        return news.refusal


async def _lines(answer: Head) -> AsyncGenerator[bytes, None]:
    rest = b""
    async for part in answer.parts():
        *whole, rest = (rest + part).split(b"\n")
        if len(rest) > _MAX_LINE:
            raise Unavailable("Core sent a line without an end.")
        for line in whole:
            yield line

"""An agent's way to language models: choose one, wait for its turn, ask, meter, give way.

    chosen = await ctx.models.choose("writer")
    if chosen is None:
        ...  # no model here: do without
    request = ModelRequest(model=chosen.model, messages=(…,), max_tokens=300)
    async with aclosing(ctx.models.stream(chosen, request)) as answer:
        async for event in answer: ...

Text comes from the runtime directly; core only says whose turn it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from pydantic import BaseModel

from sutazai_contracts.answers import KeptAnswer
from sutazai_contracts.errors import (
    InvalidModelOutput,
    LeaseLost,
    ModelUnavailable,
    SutazaiError,
    Unavailable,
)
from sutazai_contracts.models import ModelRequest, TokenCount, Usage
from sutazai_contracts.tasks import Claim, Progress
from sutazai_kit.answers.exact import again, answer_key, is_text, structured_again
from sutazai_kit.model.estimate import fewest_tokens
from sutazai_kit.model.port import Completion, Delta, Finished, Structured
from sutazai_kit.slots.port import CallReport, SlotRequest, Wish

if TYPE_CHECKING:
    from types import TracebackType

    from sutazai_contracts.models import Provider
    from sutazai_kit.answers.port import Answers
    from sutazai_kit.model.port import Model
    from sutazai_kit.slots.port import Chosen, Ending, Priority, Slot, Slots

RENEWALS_PER_LEASE = 3
LEAST_S = 0.001
# A call that names no deadline may take this part of the time that its task has left: a runtime
# that hangs leaves the handler time to do without.
SHARE_OF_TIME = 0.6

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True)
class ModelAccess:
    """A process's way to models: core's line, and the runtime that is streamed from.

    `runtime` gives the open runtime of a provider; it raises `ModelUnavailable` where that one is
    not in use any more. `answers` has what models said before; None: nothing is kept.
    """

    slots: Slots
    runtime: Callable[[Provider], Model]
    answers: Answers | None = None


class Models:
    """Ask models for one task. What it holds is given back when the task's claim ends."""

    def __init__(
        self,
        access: ModelAccess | None,
        claim: Claim,
        tell: Callable[[Progress], None],
        meter: Callable[[str, float], None],
    ) -> None:
        """Take the way to models (None: there are none), the claim, who hears and who counts."""
        self._access = access
        self._claim = claim
        self._tell = tell
        self._meter = meter
        self._open: set[_Call] = set()
        self._closed = False
        self._ends_at = time.monotonic() + claim.timeout_s

    async def choose(
        self, role: str = "default", *, needs_schema: bool = False, size_tokens: int = 0
    ) -> Chosen | None:
        """Choose a model that is here and can do it; None: there is none, so do without.

        Args:
            role: what it is for, such as `writer`, `reviewer`, `coder`.
            needs_schema: whether `structured` will be asked of it.
            size_tokens: about how much it will have to read; a large task may get a larger model.

        Raises:
            Unavailable: core does not answer.
        """
        if self._access is None:
            return None
        wish = Wish(role=role, needs_schema=needs_schema, size_tokens=size_tokens)
        return await self._access.slots.choose(wish)

    async def stream(
        self, chosen: Chosen, request: ModelRequest, *, priority: Priority = "interactive"
    ) -> AsyncGenerator[Delta | Finished, None]:
        """Wait for a turn, then answer piece by piece; see `sutazai_kit.model.port.Model`.

        What was answered before, and is certain to be answered so again, is given again at once:
        it takes no turn, and its usage is nothing.

        Iterate inside `contextlib.aclosing`, so that the slot is given back when the loop is left.

        Args:
            chosen: what `choose` gave.
            request: what is asked; `model` and, where it is None, `num_ctx` are as chosen. Its
                `deadline_s` counts the wait in line too; it is at most 0.6 of the time that the
                task has left, and that where it is None.
            priority: `interactive` where a person waits for it, else `batch`.

        Raises:
            LineFull: too many wait already.
            LeaseLost: the task's claim has ended.
            ModelUnavailable: the turn did not come in time, or the runtime does not answer.
            SutazaiError: what else the model port raises.
        """
        key = answer_key(chosen, request)
        since = time.monotonic()
        if (kept := await self._kept(key)) is not None:
            self._meter("cached_answers", 1)
            for event in again(kept, time.monotonic() - since):
                yield event
            return
        pieces: list[str] = []
        with await self._begin(chosen, request, priority) as call:
            async with aclosing(call.model.stream(call.request)) as events:
                async for event in events:
                    call.hear(event)
                    if isinstance(event, Delta):
                        pieces.append(event.text)
                    elif event.reason != "cancelled":
                        said = "".join(pieces)
                        whole = KeptAnswer(text=said, reason=event.reason, cut=event.cut)
                        await self._keep(key, whole)
                    yield event

    async def complete(
        self, chosen: Chosen, request: ModelRequest, *, priority: Priority = "interactive"
    ) -> Completion:
        """Answer as a whole: `stream`, joined."""
        pieces: list[str] = []
        async with aclosing(self.stream(chosen, request, priority=priority)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return Completion("".join(pieces), event.reason, event.usage, event.cut)
                pieces.append(event.text)
        raise ModelUnavailable("The model runtime broke off in its answer.")

    @overload
    async def structured(
        self,
        chosen: Chosen,
        request: ModelRequest,
        schema: type[Shape],
        *,
        priority: Priority = "interactive",
    ) -> Structured[Shape]: ...

    @overload
    async def structured(
        self,
        chosen: Chosen,
        request: ModelRequest,
        schema: dict[str, Any],
        *,
        priority: Priority = "interactive",
    ) -> Structured[Any]: ...

    async def structured(
        self,
        chosen: Chosen,
        request: ModelRequest,
        schema: type[BaseModel] | dict[str, Any],
        *,
        priority: Priority = "interactive",
    ) -> Structured[Any]:
        """Answer as JSON that holds to a schema; its one repair is made in the same slot.

        Args and errors are those of `stream` and of `Model.structured`.
        """
        key = answer_key(chosen, request, schema)
        since = time.monotonic()
        if (kept := await self._kept(key)) is not None:
            with suppress(InvalidModelOutput):
                found = structured_again(kept, schema, time.monotonic() - since)
                self._meter("cached_answers", 1)
                return found
        with await self._begin(chosen, request, priority) as call:
            answer: Structured[Any] = await call.model.structured(call.request, schema)
            call.finish("stop", answer.usage)
        said = KeptAnswer(text=answer.text, reason="stop", cut=answer.cut, repaired=answer.repaired)
        await self._keep(key, said)
        return answer

    async def count_tokens(self, chosen: Chosen, text: str) -> TokenCount:
        """Count the tokens of a text; takes no turn."""
        return await self._reach().runtime(chosen.provider).count_tokens(chosen.model, text)

    def close(self) -> None:
        """Give back what is still held: the claim has ended. Nothing can be asked any more."""
        self._closed = True
        for call in tuple(self._open):
            call.end("cancelled")

    def _reach(self) -> ModelAccess:
        if self._closed:
            raise LeaseLost
        if self._access is None:
            raise ModelUnavailable("This process has no way to models.")
        return self._access

    async def _kept(self, key: str | None) -> KeptAnswer | None:
        """Give what was answered before; None: nothing, or another answer may come."""
        answers = self._reach().answers
        if answers is None or key is None:
            return None
        found = await answers.find(self._claim, key)
        self._reach()
        return found

    async def _keep(self, key: str | None, answer: KeptAnswer) -> None:
        """Keep a whole answer for the next time."""
        answers = None if self._access is None else self._access.answers
        if answers is not None and key is not None and is_text(answer.text):
            await answers.keep(self._claim, key, answer)

    async def _begin(self, chosen: Chosen, request: ModelRequest, priority: Priority) -> _Call:
        """Wait for a slot and give the call that may now be made."""
        access, claim = self._reach(), self._claim
        model = access.runtime(chosen.provider)
        most_s = max(LEAST_S, SHARE_OF_TIME * (self._ends_at - time.monotonic()))
        deadline_s = min(most_s, request.deadline_s or most_s)
        request = request.model_copy(update={"deadline_s": deadline_s})
        wanted = SlotRequest(
            tenant=claim.tenant,
            run=claim.run,
            task=claim.task,
            token=claim.token,
            agent=claim.agent,
            provider=chosen.provider,
            model=chosen.model,
            priority=priority,
            deadline_s=deadline_s,
        )
        slot = await access.slots.acquire(wanted, lambda place: self._waiting(chosen, place))
        call = _Call(access.slots, slot, model, _as_chosen(request, chosen, slot), self._ended)
        if self._closed:
            call.end("cancelled")
            raise LeaseLost
        self._open.add(call)
        return call

    def _waiting(self, chosen: Chosen, place: int) -> None:
        ahead = "it is next" if place == 1 else f"place {place} in line"
        self._tell(Progress(message=f"Waiting for the model {chosen.model[:100]}: {ahead}."))

    def _ended(self, call: _Call, usage: Usage) -> None:
        """Count what a call cost, once."""
        self._open.discard(call)
        self._meter("model_calls", 1)
        self._meter("prompt_tokens", usage.prompt_tokens)
        self._meter("completion_tokens", usage.completion_tokens)
        self._meter("model_seconds", usage.total_s)
        if usage.cost is not None:
            self._meter("cost", usage.cost)


class _Call:
    """One call in its slot, which is renewed while it lasts and given back when it ends."""

    def __init__(
        self,
        slots: Slots,
        slot: Slot,
        model: Model,
        request: ModelRequest,
        on_end: Callable[[_Call, Usage], None],
    ) -> None:
        self.model = model
        self.request = request
        self._slots, self._slot, self._on_end = slots, slot, on_end
        self._since = time.monotonic()
        self._first_s: float | None = None
        self._pieces = 0
        self._done = self._taken = False
        self._renewing = asyncio.create_task(self._renew(), name=f"slot {slot.id}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, GeneratorExit | asyncio.CancelledError):
            self.end("cancelled")
        elif isinstance(error, SutazaiError):
            self.end("failed", error=error.code)
        else:
            # A stream that ends without its last event is as broken as one that raises.
            self.end("failed", error=kind.__name__ if kind else ModelUnavailable.code)

    def hear(self, event: Delta | Finished) -> None:
        """Note a piece or the end; raise where the slot is another's now."""
        if isinstance(event, Finished):
            self.finish(event.reason, event.usage)
            return
        if self._taken or self._done:
            raise ModelUnavailable("The slot for this call was taken back: it was not renewed.")
        self._pieces += 1
        if self._first_s is None:
            self._first_s = time.monotonic() - self._since

    def finish(self, ending: Ending, usage: Usage) -> None:
        """Give the slot back with what the runtime counted."""
        self._end(CallReport(ending=ending, usage=usage))

    def end(self, ending: Ending, error: str | None = None) -> None:
        """Give the slot back where nothing was counted: the tokens are those there are at least."""
        # Once a piece has come, the whole question was read; each piece is at least one token.
        usage = Usage(
            prompt_tokens=fewest_tokens(self.request.messages) if self._pieces else 0,
            completion_tokens=self._pieces,
            first_token_s=self._first_s,
            total_s=time.monotonic() - self._since,
            exact=False,
        )
        self._end(CallReport(ending=ending, usage=usage, error=error))

    def _end(self, report: CallReport) -> None:
        if self._done:
            return
        self._done = True
        self._renewing.cancel()
        self._slots.release(self._slot, report)
        self._on_end(self, report.usage)

    async def _renew(self) -> None:
        while not self._taken:
            await asyncio.sleep(self._slot.lease_s / RENEWALS_PER_LEASE)
            try:
                self._taken = not await self._slots.renew(self._slot)
            except Unavailable:
                continue


def _as_chosen(request: ModelRequest, chosen: Chosen, slot: Slot) -> ModelRequest:
    """Give the request as it goes to the chosen model after the wait in line."""
    left = None
    if request.deadline_s is not None:
        left = max(LEAST_S, request.deadline_s - slot.waited_s)
    return request.model_copy(
        update={
            "model": chosen.model,
            "num_ctx": request.num_ctx if request.num_ctx is not None else chosen.num_ctx,
            "deadline_s": left,
        }
    )

"""Which runtime is in use: the first that answers of those that are set, looked for all the time.

A runtime that comes later is used from then on. One that is left stays open until no call runs on
it. Nothing waits for a runtime but the first choice of a model, and that for some seconds only.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field

from loguru import logger

from sutazai_contracts.errors import ModelUnavailable, SutazaiError
from sutazai_contracts.models import ModelInfo, Provider, RuntimeInfo
from sutazai_kit.model.port import Model

FIRST_LOOK_S = 5.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A runtime that may be used, and how it is opened."""

    provider: Provider
    open: Callable[[], AbstractAsyncContextManager[Model]]


@dataclass(frozen=True, slots=True)
class Present:
    """A runtime that answers, and the models it has."""

    info: RuntimeInfo
    models: tuple[ModelInfo, ...]


@dataclass(slots=True)
class _Opened:
    """A runtime that is open; `close` closes it."""

    model: Model
    close: AsyncExitStack
    silent: int = 0


@dataclass(slots=True)
class Runtimes:
    """Keep the runtime in use.

    Args:
        candidates: best first.
        advice: what to do where none answers.
        busy: counts the calls that run on a provider.
        every_s: seconds between two looks.
        answer_s: seconds a runtime has to answer a look.
        patience: looks that a runtime in use may leave unanswered: a busy one is slow to answer.
    """

    candidates: Sequence[Candidate]
    advice: str = ""
    busy: Callable[[Provider], int] = lambda provider: 0
    every_s: float = 5.0
    answer_s: float = 2.0
    patience: int = 3
    present: Present | None = None
    _opened: dict[Provider, _Opened] = field(default_factory=dict)
    _reasons: dict[Provider, str] = field(default_factory=dict)
    _looked: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Look for runtimes until cancelled, then close those that are open."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(self.every_s)
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Close the runtimes that are open."""
        self.present = None
        for provider in tuple(self._opened):
            await self._close(provider)

    async def looked(self, within_s: float = FIRST_LOOK_S) -> None:
        """Wait until the first look is over, though no longer than this."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._looked.wait()

    def model(self, provider: Provider) -> Model:
        """Give an open runtime.

        Raises:
            ModelUnavailable: it is not in use.
        """
        opened = self._opened.get(provider)
        if opened is None:
            raise ModelUnavailable(f"The runtime {provider} is not in use now.")
        return opened.model

    def remedy(self) -> str:
        """Say how to get a model, or a better one, and why a runtime that is set is not in use."""
        said = self.present.info.advice if self.present else self.advice
        return " ".join([said, *(f"{name}: {why}" for name, why in self._reasons.items())])

    async def look(self) -> None:
        """Find the first runtime that answers, and use it."""
        found: Present | None = None
        for candidate in self.candidates:
            if (found := await self._ask(candidate)) is not None:
                break
        new = found != self.present or not self._looked.is_set()
        self.present = found
        self._looked.set()
        if new:
            self._say(found)
        await self._leave(found)

    async def _ask(self, candidate: Candidate) -> Present | None:
        """Ask a runtime what it is and has; None where it gives no answer."""
        provider = candidate.provider
        try:
            model = await self._model(candidate)
            async with asyncio.timeout(self.answer_s):
                found = Present(await model.runtime(), tuple(await model.models()))
        except TimeoutError:
            return self._silent(provider)
        except SutazaiError as exc:
            self._reasons[provider] = exc.message
            return None
        self._opened[provider].silent = 0
        self._reasons.pop(provider, None)
        return found

    async def _model(self, candidate: Candidate) -> Model:
        """Give a candidate's runtime, opened if it is not."""
        opened = self._opened.get(candidate.provider)
        if opened is None:
            async with AsyncExitStack() as stack:
                model = await stack.enter_async_context(candidate.open())
                opened = _Opened(model, stack.pop_all())
            self._opened[candidate.provider] = opened
        return opened.model

    def _silent(self, provider: Provider) -> Present | None:
        """Bear with a runtime in use that gives no answer in time, for a while."""
        self._reasons[provider] = f"gave no answer within {self.answer_s:g} s"
        opened, present = self._opened.get(provider), self.present
        if opened is None or present is None or present.info.provider != provider:
            return None
        opened.silent += 1
        return present if opened.silent < self.patience else None

    async def _leave(self, used: Present | None) -> None:
        """Close runtimes that were used until a better one came, once no call runs on them."""
        if used is None:
            return
        order = [candidate.provider for candidate in self.candidates]
        for provider in order[order.index(used.info.provider) + 1 :]:
            if provider in self._opened and not self.busy(provider):
                await self._close(provider)

    async def _close(self, provider: Provider) -> None:
        opened = self._opened.pop(provider)
        try:
            await opened.close.aclose()
        except SutazaiError as exc:
            logger.warning("The runtime {} did not close well: {}", provider, exc)

    def _say(self, found: Present | None) -> None:
        """Log what changed: what is in use now, what it can do, how to get a better one."""
        if found is None:
            logger.info("Models: {}", self.remedy())
            return
        info = found.info
        logger.info(
            "Models: {} {} at {} has {}. {}",
            info.provider,
            info.version or "",
            info.place,
            ", ".join(describe(model) for model in found.models) or "no model yet",
            info.advice,
        )


def describe(model: ModelInfo) -> str:
    """Say what a model can do, such as `tinyllama:latest (2048 tokens, JSON)`."""
    can = model.capabilities
    said = [
        f"{can.context_tokens} tokens" if can.context_tokens else "",
        "JSON" if can.json_schema else "",
        "tools" if can.tools else "",
        "embeddings" if can.embeddings else "",
    ]
    return f"{model.name} ({', '.join(word for word in said if word) or 'text'})"

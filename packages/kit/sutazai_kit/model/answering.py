"""What all providers share: one stream with its deadline and meter, and the calls built on it."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from pydantic import BaseModel

from sutazai_contracts.errors import InvalidInput, ModelUnavailable
from sutazai_contracts.models import ModelRequest, Reason, TokenCount, Usage
from sutazai_kit.model.fit import Counting, Fitted, fit
from sutazai_kit.model.port import Completion, Delta, Finished, Structured
from sutazai_kit.model.price import Price
from sutazai_kit.model.structured import answer_structured

Clock = Callable[[], float]
Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True)
class Ended:
    """How a provider's generation ended, and what its runtime counted; None: it did not say."""

    reason: Reason
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True)
class Prepared:
    """A request as it goes to a runtime: cut to its context, which is `num_ctx`."""

    request: ModelRequest
    num_ctx: int | None
    fitted: Fitted


class Meter:
    """Measure one call: pieces, seconds to the first one, seconds in all."""

    def __init__(self, clock: Clock) -> None:
        """Start."""
        self._clock = clock
        self._start = clock()
        self._first: float | None = None
        self._pieces = 0

    def piece(self) -> None:
        """Take note of a piece of text."""
        self._pieces += 1
        if self._first is None:
            self._first = self._clock() - self._start

    def usage(self, ended: Ended, estimated_prompt: int, price: Price | None) -> Usage:
        """Sum up; what the runtime did not count is what we estimated, and pieces are tokens."""
        told = ended.prompt_tokens is not None and ended.completion_tokens is not None
        prompt = estimated_prompt if ended.prompt_tokens is None else ended.prompt_tokens
        answer = self._pieces if ended.completion_tokens is None else ended.completion_tokens
        return Usage(
            prompt_tokens=prompt,
            completion_tokens=answer,
            first_token_s=self._first,
            total_s=self._clock() - self._start,
            cost=None if price is None else price.of(prompt, answer),
            exact=told,
        )


class Answering(ABC):
    """A provider: it says how to count and how to generate; the rest of the port is here."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        """Take the clock that calls are measured by."""
        self._clock = clock
        self._closed = False

    @abstractmethod
    async def _context(self, request: ModelRequest) -> tuple[int | None, Counting]:
        """Give the context a request runs in, and how its tokens are counted.

        Raises `ModelNotFound`, and `InvalidInput` where the model can't do what is asked.
        """

    @abstractmethod
    def _generate(self, prepared: Prepared) -> AsyncGenerator[str | Ended, None]:
        """Give pieces of text, then how it ended; closing it ends the runtime's work."""

    def _price(self, model: str) -> Price | None:
        """Give what a model's tokens cost."""
        return None

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta | Finished, None]:
        """Answer piece by piece; see `sutazai_kit.model.port.Model`."""
        self._check_open()
        meter = Meter(self._clock)
        loop = asyncio.get_running_loop()
        end = None if request.deadline_s is None else loop.time() + request.deadline_s
        estimated, cut = 0, None
        ended = Ended("cancelled")
        try:
            async with asyncio.timeout_at(end):
                prepared = await self._prepare(request)
            estimated, cut = prepared.fitted.tokens, prepared.fitted.cut
            async with aclosing(self._generate(prepared)) as source:
                while True:
                    # No yield inside: a time-out reaches across none into the caller's code.
                    async with asyncio.timeout_at(end):
                        item = await anext(source)
                    if isinstance(item, Ended):
                        ended = item
                        break
                    if item:
                        meter.piece()
                        yield Delta(item)
        except TimeoutError:
            # Only the deadline raises it: providers map their drivers' time-outs.
            pass
        except StopAsyncIteration as error:
            raise ModelUnavailable("The model runtime broke off in its answer.") from error
        yield Finished(ended.reason, meter.usage(ended, estimated, self._price(request.model)), cut)

    async def complete(self, request: ModelRequest) -> Completion:
        """Answer as a whole; see `sutazai_kit.model.port.Model`."""
        pieces: list[str] = []
        async with aclosing(self.stream(request)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return Completion("".join(pieces), event.reason, event.usage, event.cut)
                pieces.append(event.text)
        raise ModelUnavailable("The model runtime broke off in its answer.")

    @overload
    async def structured(self, request: ModelRequest, schema: type[Shape]) -> Structured[Shape]: ...

    @overload
    async def structured(
        self, request: ModelRequest, schema: dict[str, Any]
    ) -> Structured[Any]: ...

    async def structured(
        self, request: ModelRequest, schema: type[BaseModel] | dict[str, Any]
    ) -> Structured[Any]:
        """Answer as JSON that holds to a schema; see `sutazai_kit.model.port.Model`."""
        return await answer_structured(self.complete, request, schema, self._clock)

    async def count_tokens(self, model: str, text: str) -> TokenCount:
        """Count the tokens of a text; see `sutazai_kit.model.port.Model`."""
        self._check_open()
        _check_characters([text])
        question = ModelRequest.model_validate(
            {"model": model, "messages": [{"role": "user", "content": text}]}
        )
        _, counting = await self._context(question)
        (tokens,) = await counting.texts([text])
        return TokenCount(tokens=tokens, exact=counting.exact)

    async def aclose(self) -> None:
        """Take no more calls."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise ModelUnavailable("The model runtime was closed.")

    async def _prepare(self, request: ModelRequest) -> Prepared:
        _check_characters([message.text for message in request.messages])
        num_ctx, counting = await self._context(request)
        return Prepared(request, num_ctx, await fit(request, num_ctx, counting))


def _check_characters(texts: list[str]) -> None:
    """Refuse what no runtime can read, before any reads it."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            "A message holds half of a surrogate pair, which is no character.", field="messages"
        ) from error

"""A model that says what a script says: for tests, demonstrations, and for nothing else.

It behaves as a runtime does: it streams in pieces, counts tokens, ends at `max_tokens` and at stop
texts, cuts to its context, is bound to schemas, can be slow, full and broken. What it says
depends on the newest message alone, and is the same each time.
"""

import asyncio
import random
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, nullcontext
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sutazai_contracts.errors import ModelNotFound, ModelUnavailable
from sutazai_contracts.models import (
    Capabilities,
    ChatMessage,
    ModelInfo,
    ModelRequest,
    RuntimeInfo,
)
from sutazai_kit.model.answering import Answering, Clock, Ended, Prepared
from sutazai_kit.model.example import example
from sutazai_kit.model.fit import Counting
from sutazai_kit.model.port import Model
from sutazai_kit.model.price import Price

ADVICE = "This model only says what its script says: name a real provider in the settings."
_PIECE = re.compile(r"\s*[^\s]{1,6}|\s+$")
_PROMPT_TOKENS, _MESSAGE_TOKENS = 4, 4
Sleep = Callable[[float], Awaitable[None]]


class Rule(BaseModel):
    """What is said where the newest message has a text in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: str = Field(
        default="", description="A regular expression; the first rule that fits is used."
    )
    say: tuple[str, ...] = Field(
        default=(), description="Answers; the first, or one by the seed at a temperature above 0."
    )
    structured: str | None = Field(
        default=None,
        description="Said where decoding is bound to a schema; None: an example of it.",
    )
    fail: Literal["unavailable", "broken_off"] | None = None
    after: int = Field(default=0, ge=0, description="Pieces that are said before it fails.")


class ScriptedConfig(BaseModel):
    """A script, and how the runtime behaves that plays it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["scripted"] = "scripted"
    names: tuple[str, ...] = Field(default=("scripted",), min_length=1)
    rules: tuple[Rule, ...] = ()
    default: str = Field(
        default="This is the scripted model. It says the same to whatever you ask. " * 8,
        description="Said where no rule fits.",
    )
    num_ctx: int = Field(default=4096, ge=64)
    first_s: float = Field(default=0, ge=0, description="Seconds to the first piece.")
    piece_s: float = Field(default=0, ge=0, description="Seconds between two pieces.")
    slots: int | None = Field(default=None, ge=1, description="Answers at once; None: no bound.")
    prices: dict[str, Price] = Field(default_factory=dict)


class _Pieces:
    """Count as the script speaks: a piece is a token."""

    exact = True

    async def texts(self, texts: Sequence[str]) -> list[int]:
        return [len(_PIECE.findall(text)) for text in texts]

    async def prompt(self, messages: Sequence[ChatMessage]) -> int:
        counts = await self.texts([message.text for message in messages])
        return sum(counts) + _PROMPT_TOKENS + _MESSAGE_TOKENS * len(messages)


class ScriptedModel(Answering, Model):
    """Play a script; made by `open_scripted`.

    `generating` counts the answers it works on now, `said` the pieces it made in all: by these a
    test sees that a cancelled answer really ended. `down` makes it unavailable while it is set.
    """

    def __init__(self, config: ScriptedConfig, clock: Clock, sleep: Sleep) -> None:
        """Take the script, and the clock and the sleep it lives by."""
        super().__init__(clock)
        self._config = config
        self._sleep = sleep
        self._line = asyncio.Semaphore(config.slots) if config.slots else None
        self._rules = [(re.compile(rule.when, re.DOTALL), rule) for rule in config.rules]
        self.generating = 0
        self.said = 0
        self.down = False
        self.asked: list[ModelRequest] = []

    async def runtime(self) -> RuntimeInfo:
        """Tell that this is a script."""
        self._check_open()
        return RuntimeInfo(
            provider="scripted", place="in this process", hosted=False, advice=ADVICE
        )

    async def models(self) -> list[ModelInfo]:
        """List the names it answers to."""
        self._check_open()
        can = Capabilities(context_tokens=self._config.num_ctx, json_schema=True)
        return [
            ModelInfo(name=name, provider="scripted", capabilities=can)
            for name in self._config.names
        ]

    def _check_open(self) -> None:
        super()._check_open()
        if self.down:
            raise ModelUnavailable("The scripted model is set to be down.")

    def _price(self, model: str) -> Price | None:
        return self._config.prices.get(model)

    async def _context(self, request: ModelRequest) -> tuple[int | None, Counting]:
        if request.model not in self._config.names:
            raise ModelNotFound(f"The script has no model {request.model}.", field="model")
        return min(request.num_ctx or self._config.num_ctx, self._config.num_ctx), _Pieces()

    async def _generate(self, prepared: Prepared) -> AsyncGenerator[str | Ended, None]:
        self.asked.append(prepared.request)
        async with self._line or nullcontext(), aclosing(self._speak(prepared)) as items:
            async for item in items:
                yield item

    async def _speak(self, prepared: Prepared) -> AsyncGenerator[str | Ended, None]:
        request = prepared.request
        rule = self._rule(prepared.fitted.messages[-1].text)
        text = _before_stop(self._text(rule, request), request.stop)
        pieces = _PIECE.findall(text)
        self.generating += 1
        try:
            await self._sleep(self._config.first_s)
            for number, piece in enumerate(pieces[: request.max_tokens]):
                if number:
                    await self._sleep(self._config.piece_s)
                _fail(rule, number)
                self.said += 1
                yield piece
            _fail(rule, len(pieces))
        finally:
            self.generating -= 1
        said = min(len(pieces), request.max_tokens)
        reason: Literal["stop", "length"] = "length" if said < len(pieces) else "stop"
        yield Ended(reason, prepared.fitted.tokens, said)

    def _rule(self, newest: str) -> Rule:
        for pattern, rule in self._rules:
            if pattern.search(newest):
                return rule
        return Rule()

    def _text(self, rule: Rule, request: ModelRequest) -> str:
        if request.json_schema is not None:
            return rule.structured or example(request.json_schema)
        answers = rule.say or (self._config.default,)
        if request.temperature == 0:
            return answers[0]
        # A script's dice are no secret.
        return random.Random(request.seed).choice(answers)  # noqa: S311


@asynccontextmanager
async def open_scripted(
    config: ScriptedConfig, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[ScriptedModel]:
    """Open a script.

    Args:
        config: what is said.
        clock: seconds, by which calls are measured.
        sleep: waits for seconds of that clock.
    """
    model = ScriptedModel(config, clock, sleep)
    try:
        yield model
    finally:
        await model.aclose()


def _fail(rule: Rule, said: int) -> None:
    if rule.fail is not None and said >= rule.after:
        broken = "The scripted model broke off, as its script says."
        raise ModelUnavailable(broken if rule.fail == "broken_off" else None)


def _before_stop(text: str, stop: Sequence[str]) -> str:
    found: list[int] = [place for word in stop if (place := text.find(word)) >= 0]
    return text[: min(found)] if found else text

"""Language models: one port over Ollama, llama.cpp in process, hosted services and a script.

async with open_model(config) as model:
    async with aclosing(model.stream(request)) as answer:
        async for event in answer:
            match event:
                case Delta():
                    show(event.text)
                case Finished():
                    meter(event.usage)
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, overload

from pydantic import BaseModel

from sutazai_contracts.models import (
    Cut,
    ModelInfo,
    ModelRequest,
    Reason,
    RuntimeInfo,
    TokenCount,
    Usage,
)

Value = TypeVar("Value")
Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True)
class Delta:
    """The next piece of an answer's text: never empty, at least one token, whole characters."""

    text: str


@dataclass(frozen=True)
class Finished:
    """The last event of a stream.

    `reason`: `stop`: the model ended by itself or at a stop text; `length`: at `max_tokens`;
    `cancelled`: `deadline_s` was over, and the text so far is all there is. `cut` tells what of
    the request was not sent, by the rule of `sutazai_kit.model.fit`; None: everything was.
    """

    reason: Reason
    usage: Usage
    cut: Cut | None = None


@dataclass(frozen=True)
class Completion:
    """A whole answer."""

    text: str
    reason: Reason
    usage: Usage
    cut: Cut | None = None


@dataclass(frozen=True)
class Structured(Generic[Value]):
    """An answer that holds to a schema; `usage` sums both calls where it was `repaired`."""

    value: Value
    text: str
    usage: Usage
    repaired: bool = False
    cut: Cut | None = None


class Model(Protocol):
    """Ask language models. Calls may run at once; the runtime decides how many it works on.

    Each call that names a model may raise:

    - `ModelUnavailable`: the runtime does not answer, broke off, or does not answer in time.
    - `ModelNotFound`: the runtime has no model of that name.
    - `ContextTooSmall`: what may not be cut does not fit `num_ctx` less `max_tokens`, or the
      runtime was seen to have cut. Nothing is ever cut without `Finished.cut` or this error.
    - `InvalidInput`: the runtime can't do what is asked, such as a schema with this model.
    - `EgressRefused`: a local runtime would hand this model's work to a service elsewhere. A
      provider that is hosted itself is refused when it is opened.
    """

    async def runtime(self) -> RuntimeInfo:
        """Tell which runtime this is; raises `ModelUnavailable` where it does not answer."""

    async def models(self) -> list[ModelInfo]:
        """List the models that can be asked now, by name; what each can do is kept for later."""

    def stream(self, request: ModelRequest) -> AsyncGenerator[Delta | Finished, None]:
        """Answer piece by piece: any number of `Delta`, then exactly one `Finished`.

        The generation in the runtime ends when the generator is closed or its task is cancelled,
        also while the prompt is still being read. Iterate inside `contextlib.aclosing`: a
        generator that is merely dropped is closed only when it is collected. A closed stream gives
        no `Finished`: each `Delta` that came is then at least one token.

        Args:
            request: what is asked. Messages that do not fit are cut by the rule of
                `sutazai_kit.model.fit`. `json_schema` binds the text, without validating it.

        Yields:
            Pieces that joined are the whole text, then what it cost.
        """

    async def complete(self, request: ModelRequest) -> Completion:
        """Answer as a whole: `stream`, joined."""

    @overload
    async def structured(self, request: ModelRequest, schema: type[Shape]) -> Structured[Shape]: ...

    @overload
    async def structured(
        self, request: ModelRequest, schema: dict[str, Any]
    ) -> Structured[Any]: ...

    async def structured(
        self, request: ModelRequest, schema: type[BaseModel] | dict[str, Any]
    ) -> Structured[Any]:
        """Answer as JSON that holds to a schema, by decoding that is bound to it.

        Strings and arrays without a bound get one, objects take no other fields, and a schema
        that refers to itself is refused (`sutazai_kit.model.schema`). An answer that is not valid
        is asked for once more with the error; then it is an error. `deadline_s` is for both calls.

        Args:
            request: what is asked; its `max_tokens` has to hold the longest valid answer, and its
                `json_schema` is not used.
            schema: a pydantic model, whose instance `value` will be, or a JSON schema, for which
                `value` is what the JSON says.

        Raises:
            InvalidModelOutput: the repaired answer was not valid either, or was cut off.
            InvalidInput: the schema can't be bounded, or the model can't be bound to one.
        """

    async def count_tokens(self, model: str, text: str) -> TokenCount:
        """Count the tokens of a text, without what a template adds: exact where that is cheap."""

    async def aclose(self) -> None:
        """Close connections, end what runs; what is asked later raises `ModelUnavailable`."""

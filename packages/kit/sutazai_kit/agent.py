"""An agent: a name, what it can do, and one handler that does it."""

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel

from sutazai_contracts.tasks import AgentCard, Result, Succeeded
from sutazai_kit.context import AgentContext

Input = TypeVar("Input", bound=BaseModel)
Output = TypeVar("Output", bound=BaseModel)
Handler = Callable[[Input, AgentContext], Coroutine[Any, Any, Output]]


@dataclass(frozen=True)
class _Definition:
    """A handler and the models of its input and output."""

    handler: Handler[Any, Any]
    input: type[BaseModel]
    output: type[BaseModel]


class Agent:
    """A worker with a name, whose one handler turns a task into a result.

        greeter = Agent("greeter", description="Greet by name.", version="1")

        @greeter.handler
        async def greet(task: Greeting, ctx: AgentContext) -> Greeted: ...

    The handler answers with a result, `Retry` or `Refuse`. It may be called again for the same
    task, so its side effects carry `ctx.effect_key(…)`.
    """

    def __init__(
        self,
        name: str,
        *,
        description: str,
        version: str,
        slots: int = 1,
        capabilities: tuple[str, ...] = (),
        speaks: str | None = None,
    ) -> None:
        """Say who the agent is.

        Args:
            name: lower case, `[a-z][a-z0-9_]{0,31}`; its queue and its steps in workflows bear it.
            description: what it does, in one sentence for a person.
            version: the version of its behaviour.
            slots: how many tasks one process works on at once, 1..64.
            capabilities: what it can do, as plans ask for it.
            speaks: the field of its output, a text, that what it says with `ctx.say` comes to; an
                agent without one says nothing.
        """
        self._speaks = speaks
        self._card = AgentCard(
            name=name,
            version=version,
            description=description,
            capabilities=capabilities,
            slots=slots,
        )
        self._defined: _Definition | None = None

    def __repr__(self) -> str:
        """Name the agent."""
        return f"Agent({self.name!r})"

    @property
    def name(self) -> str:
        """Give the agent's name."""
        return self._card.name

    @property
    def slots(self) -> int:
        """Give how many tasks one process works on at once."""
        return self._card.slots

    @property
    def card(self) -> AgentCard:
        """Give the agent's card, with the JSON schemas of its input and output."""
        self._definition()
        return self._card

    @property
    def input_model(self) -> type[BaseModel]:
        """Give the model a task's input is validated against."""
        return self._definition().input

    @property
    def output_model(self) -> type[BaseModel]:
        """Give the model of the agent's result."""
        return self._definition().output

    def spoken(self, result: Result) -> str | None:
        """Give the text of a result that what was said has to come to; None: there is none."""
        if self._speaks is None or not isinstance(result, Succeeded):
            return None
        return str(result.output[self._speaks])

    def heard(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """Give the way by which the agent is heard: `say`, where it declares what it speaks."""
        return say if self._speaks is not None else self._undeclared

    def handler(self, function: Handler[Input, Output]) -> Handler[Input, Output]:
        """Register the agent's one handler, `async def (task: Model, ctx: AgentContext) -> Model`.

        Raises:
            TypeError: there is a handler already, or the function has another shape.
        """
        if self._defined is not None:
            raise TypeError(f"{self!r} has a handler already: {_name(self._defined.handler)}")
        taken, given = _models(function)
        if self._speaks is not None and not _has_text(given, self._speaks):
            raise TypeError(f"{self!r} speaks `{self._speaks}`, which is no text of its result")
        self._card = self._card.model_copy(
            update={
                "input_schema": taken.model_json_schema(),
                "output_schema": given.model_json_schema(mode="serialization"),
            }
        )
        self._defined = _Definition(function, taken, given)
        return function

    async def call(self, task: BaseModel, ctx: AgentContext) -> BaseModel:
        """Call the handler with a validated input."""
        output: BaseModel = await self._definition().handler(task, ctx)
        return output

    def _undeclared(self, text: str) -> None:
        """Refuse words that no part of the output would hold."""
        raise TypeError(f"{self!r} says something: declare with `speaks=` where its output has it")

    def _definition(self) -> "_Definition":
        """Give what the handler defines, or say that there is none yet."""
        if self._defined is None:
            raise TypeError(f"{self!r} has no handler yet: decorate one with @<agent>.handler")
        return self._defined


def _models(function: Callable[..., Any]) -> tuple[type[BaseModel], type[BaseModel]]:
    """Give the models of a handler's input and output, or say what is wrong with its shape."""
    name = _name(function)
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"the handler {name} is not `async def`")
    parameters = list(inspect.signature(function).parameters)
    if len(parameters) != 2:
        raise TypeError(f"the handler {name} takes two arguments, (task, ctx), not {parameters}")
    try:
        hints = get_type_hints(function)
    except NameError as error:
        raise TypeError(f"an annotation of {name} can't be resolved: {error}") from error
    if hints.get(parameters[1]) is not AgentContext:
        raise TypeError(f"`{parameters[1]}` of the handler {name} is to be annotated AgentContext")
    return _model(hints, parameters[0], name), _model(hints, "return", name)


def _model(hints: dict[str, Any], part: str, name: str) -> type[BaseModel]:
    """Give the pydantic model that one part of a handler is annotated with."""
    hint = hints.get(part)
    if not (isinstance(hint, type) and issubclass(hint, BaseModel)):
        what = "the result" if part == "return" else f"`{part}`"
        raise TypeError(f"{what} of the handler {name} is to be annotated with a pydantic model")
    return hint


def _has_text(model: type[BaseModel], name: str) -> bool:
    """Tell whether a model has a field of this name that is a string."""
    field = model.model_fields.get(name)
    return field is not None and field.annotation is str


def _name(function: Callable[..., Any]) -> str:
    """Name a function for a message."""
    return str(getattr(function, "__qualname__", function))

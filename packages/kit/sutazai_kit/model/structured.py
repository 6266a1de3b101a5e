"""Answers that hold to a schema: asked for, validated, asked for once more with the error."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel, ValidationError

from sutazai_contracts.errors import InvalidModelOutput, ModelUnavailable
from sutazai_contracts.models import ChatMessage, ModelRequest, Usage
from sutazai_kit.model.port import Completion, Structured
from sutazai_kit.model.schema import bounded

_SHOWN = 400
Complete = Callable[[ModelRequest], Awaitable[Completion]]


class _Invalid(Exception):
    """What is wrong with an answer, in words for a model and for a person."""


async def answer_structured(
    complete: Complete,
    request: ModelRequest,
    schema: type[BaseModel] | dict[str, Any],
    clock: Callable[[], float],
) -> Structured[Any]:
    """Answer as JSON that holds to a schema; see `sutazai_kit.model.port.Model.structured`.

    Args:
        complete: answers a request as a whole, with decoding bound to its `json_schema`.
        request: what is asked.
        schema: a pydantic model or a JSON schema.
        clock: seconds, by which what is left of the deadline is told.
    """
    told = schema if isinstance(schema, dict) else schema.model_json_schema()
    form = bounded(told)
    start = clock()
    request = request.model_copy(update={"json_schema": form})
    first = await _finished(complete, request)
    try:
        return Structured(_value(first, schema, form), first.text, first.usage, cut=first.cut)
    except _Invalid as error:
        second = await _finished(complete, _repair(request, first, str(error), clock() - start))
    usage = _sum(first.usage, second.usage)
    cut = second.cut or first.cut
    try:
        return Structured(_value(second, schema, form), second.text, usage, True, cut)
    except _Invalid as error:
        raise InvalidModelOutput(
            f"{request.model} was asked twice and did not answer in the form asked for: {error}"
        ) from error


def read_structured(text: str, schema: type[BaseModel] | dict[str, Any]) -> Any:
    """Read an answer that was found to hold to a schema before.

    Raises:
        InvalidModelOutput: it does not.
    """
    told = schema if isinstance(schema, dict) else schema.model_json_schema()
    try:
        return _read(text, schema, bounded(told))
    except _Invalid as error:
        raise InvalidModelOutput(f"The answer is not in the form asked for: {error}") from error


async def _finished(complete: Complete, request: ModelRequest) -> Completion:
    answer = await complete(request)
    if answer.reason == "cancelled":
        raise ModelUnavailable(f"{request.model} did not finish its answer in time.")
    return answer


def _value(answer: Completion, schema: type[BaseModel] | dict[str, Any], form: Any) -> Any:
    if answer.reason == "length":
        tokens = answer.usage.completion_tokens
        raise _Invalid(f"the answer was cut off after {tokens} tokens: write less")
    return _read(answer.text, schema, form)


def _read(text: str, schema: type[BaseModel] | dict[str, Any], form: Any) -> Any:
    try:
        if not isinstance(schema, dict):
            return schema.model_validate_json(text)
        value = json.loads(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the whole"
        raise _Invalid(f"{place}: {first['msg']}") from error
    except ValueError as error:
        raise _Invalid(f"it is not JSON ({error})") from error
    return _checked(value, form)


def _checked(value: Any, form: dict[str, Any]) -> Any:
    # Imported on use: only callers without a pydantic model need it.
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    wrong = next(Draft202012Validator(form).iter_errors(value), None)
    if wrong is not None:
        raise _Invalid(f"{wrong.json_path}: {wrong.message[:_SHOWN]}")
    return value


def _repair(request: ModelRequest, answer: Completion, error: str, passed: float) -> ModelRequest:
    """Ask again: the old answer, what is wrong with it, and the time that is left."""
    left = None if request.deadline_s is None else request.deadline_s - passed
    if left is not None and left <= 0:
        raise ModelUnavailable(f"{request.model} had no time left to mend its answer.")
    said = answer.text[:_SHOWN].strip() or "(nothing)"
    wish = f"That answer is not valid: {error}. Answer again, with valid JSON only."
    messages = (
        *request.messages,
        ChatMessage(role="assistant", content=said),
        ChatMessage(role="user", content=wish),
    )
    # Another draw: at the same seed a model may well say the same again.
    seed = None if request.seed is None else (request.seed + 1) % 2**31
    return request.model_copy(update={"messages": messages, "deadline_s": left, "seed": seed})


def _sum(first: Usage, second: Usage) -> Usage:
    costs = [usage.cost for usage in (first, second) if usage.cost is not None]
    return Usage(
        prompt_tokens=first.prompt_tokens + second.prompt_tokens,
        completion_tokens=first.completion_tokens + second.completion_tokens,
        first_token_s=first.first_token_s,
        total_s=first.total_s + second.total_s,
        cost=sum(costs) if costs else None,
        exact=first.exact and second.exact,
    )

"""Calls of what may raise anything: an agent's handler, parts a runner reaches, plug-ins.

The runner and `sutazai_kit.testing` both go through `execute`, so a test sees what a user sees.
This module is the agent runner's one place for `except Exception`.
"""

import asyncio
import json
import re
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from loguru import logger
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from sutazai_contracts.errors import InvalidInput, LineFull, Unavailable
from sutazai_contracts.tasks import Claim, Crashed, Refused, Result, RetryLater, Succeeded
from sutazai_kit.agent import Agent
from sutazai_kit.context import AgentContext
from sutazai_kit.outcomes import Refuse, Retry

MAX_OUTPUT = 256 * 1024
MAX_REASON = 2000
UNAVAILABLE_AFTER_S = 1.0

# PostgreSQL's jsonb takes no NUL character. Matches the JSON escape, not a backslash before u0000.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Stop(StrEnum):
    """Why the work on a claim is stopped from outside."""

    CANCELLED = "cancelled"
    LOST = "lost"
    RELEASED = "released"


@dataclass(frozen=True)
class Execution:
    """What a call came to: a result, or None where it was stopped from outside.

    `leftover` is the handler's task where it went on in spite of being cancelled.
    """

    result: Result | None
    leftover: asyncio.Task[Result] | None = None


async def execute(
    agent: Agent,
    claim: Claim,
    ctx: AgentContext,
    *,
    stop: asyncio.Future[Stop] | None = None,
    grace_s: float = 5.0,
) -> Execution:
    """Call an agent's handler for a claim and map all that can happen to a result.

    Args:
        agent: whose handler is called.
        claim: the task; its input is validated first, its `timeout_s` bounds the call.
        ctx: what the handler is given.
        stop: resolves when the call is to be given up.
        grace_s: how long a handler that was cancelled may take to end before it is left alone.
    """
    if stop is not None and stop.done():
        return Execution(None)
    stop = stop or asyncio.get_running_loop().create_future()
    with logger.contextualize(run=str(claim.run), task=str(claim.task), step=claim.step):
        call = asyncio.create_task(_call(agent, claim, ctx), name=f"{agent.name} {claim.task}")
    try:
        first: set[asyncio.Future[Any]] = {call, stop}
        await asyncio.wait(first, timeout=claim.timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if call.done():
            return Execution(_result(call))
        call.cancel()
        await asyncio.wait({call}, timeout=grace_s)
    except asyncio.CancelledError:
        call.cancel()
        raise
    finally:
        ctx.close()
    result = None if stop.done() else Crashed(reason=f"timed out after {claim.timeout_s:g} s")
    return Execution(result, None if call.done() else call)


async def _call(agent: Agent, claim: Claim, ctx: AgentContext) -> Result:
    """Call the handler; every exception but a cancellation becomes a result."""
    try:
        task = agent.input_model.model_validate_json(to_json(claim.input))
    except ValidationError as error:
        return Refused(reason=plain(f"the input is not valid: {_fields(error)}"))
    try:
        return _output(agent, await agent.call(task, ctx))
    except Retry as answer:
        return RetryLater(reason=plain(answer.reason), after_s=answer.after_s)
    except Refuse as answer:
        return Refused(reason=plain(answer.reason))
    except Unavailable as error:
        return RetryLater(reason=plain(error.message), after_s=UNAVAILABLE_AFTER_S)
    except LineFull as error:
        return RetryLater(reason=plain(error.message), after_s=error.retry_after_s)
    except InvalidInput as error:
        named = f"{error.field}: {error.message}" if error.field else error.message
        return Refused(reason=plain(named))
    except Exception as error:
        logger.error("the agent {} crashed\n{}", agent.name, trace(error))
        return Crashed(reason=plain(f"{type(error).__name__}: {error}"))


def _result(call: asyncio.Task[Result]) -> Result:
    """Give the result of a call that ended, also of one that cancelled itself."""
    return Crashed(reason="the handler cancelled itself") if call.cancelled() else call.result()


def _output(agent: Agent, output: BaseModel) -> Result:
    """Turn what a handler returned into a result that can be stored."""
    if not isinstance(output, agent.output_model):
        expected = agent.output_model.__name__
        return Crashed(reason=f"the handler returned {type(output).__name__}, not {expected}")
    encoded = output.model_dump_json().encode()
    if len(encoded) > MAX_OUTPUT:
        size, most = len(encoded), MAX_OUTPUT
        return Crashed(reason=f"the output is {size} bytes of JSON; at most {most} are taken")
    if _NUL.search(encoded):
        return Crashed(reason="the output holds a NUL character, which can't be stored")
    return Succeeded(output=json.loads(encoded))


def _fields(error: ValidationError) -> str:
    """Name each field that is not valid and why, without the values."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in detail['loc']) or 'input'}: {detail['msg']}"
        for detail in details
    )


@asynccontextmanager
async def reaching(what: str, within_s: float | None = None) -> AsyncIterator[None]:
    """Reach the ledger or the bus: no answer in time, or one not foreseen, is `Unavailable`."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except Unavailable:
        raise
    except TimeoutError as error:
        raise Unavailable(f"{what} got no answer in time") from error
    except Exception as error:
        # An error that no adapter mapped is a bug there. An agent that stays away until someone
        # starts it again would be worse than one that says so and tries again.
        logger.error("{} failed in a way not foreseen\n{}", what, trace(error))
        raise Unavailable(f"{what} failed: {type(error).__name__}") from error


class PlugInFailed(Exception):
    """The code of a plug-in failed; the cause says how."""


@contextmanager
def plugged_in() -> Iterator[None]:
    """Run code of a plug-in, such as its import: whatever it raises becomes `PlugInFailed`."""
    try:
        yield
    except Exception as error:
        raise PlugInFailed(f"{type(error).__name__}: {error}") from error


def trace(error: Exception) -> str:
    """Write down a traceback for the log.

    Formatted here, because a log sink with `diagnose` on would print the task's input with it.
    """
    return "".join(traceback.format_exception(error))


def plain(text: str) -> str:
    """Make words fit to be stored: bounded, without NUL and lone surrogates."""
    text = text.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + "…"

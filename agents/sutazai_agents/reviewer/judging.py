"""A model's judgement of claims: yes or no for each, bound by a schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from sutazai_agents.prompts import prompt
from sutazai_contracts.models import ChatMessage, ModelRequest
from sutazai_kit import AgentContext
from sutazai_kit.slots.port import Chosen

_TOKENS, _TOKENS_EACH = 32, 16
# With the wait in line; wording and meaning have judged already.
_DEADLINE_S = 120.0


async def judged(
    claims: Mapping[int, tuple[str, Sequence[str]]], chosen: Chosen, ctx: AgentContext
) -> frozenset[int]:
    """Ask a model which claims their quotes support.

    Args:
        claims: the words of claims and their quotes, by number.
        chosen: the model.
        ctx: of the task.

    Returns:
        The numbers of the claims that it says are supported.

    Raises:
        SutazaiError: what the model port and the line raise.
    """
    shown = "\n\n".join(_shown(number, *claim) for number, claim in claims.items())
    request = ModelRequest(
        model=chosen.model,
        messages=(
            ChatMessage(role="system", content=prompt("reviewer", "check")),
            ChatMessage(role="user", content=shown),
        ),
        max_tokens=_TOKENS + _TOKENS_EACH * len(claims),
        seed=0,
        deadline_s=_DEADLINE_S,
    )
    said = (await ctx.models.structured(chosen, request, _schema(claims))).value
    return frozenset(number for number in claims if said[str(number)])


def _shown(number: int, claim: str, quotes: Sequence[str]) -> str:
    lines = [f"Claim {number}: {claim}", *(f"Quote: {' '.join(quote.split())}" for quote in quotes)]
    return "\n".join(lines)


def _schema(claims: Mapping[int, object]) -> dict[str, Any]:
    names = [str(number) for number in claims]
    return {
        "type": "object",
        "properties": {name: {"type": "boolean"} for name in names},
        "required": names,
        "additionalProperties": False,
    }

"""Runs that work on a question of a conversation: what they carry, and what becomes its answer."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sutazai.core.runs.model import NewAnswer, RunRow

# What the input of such a run holds.
CONVERSATION, HISTORY, CONTEXT = "conversation", "history", "context"
# What the input of a run holds, in a conversation or not, whose question is to ask the graph too.
GRAPH = "graph"
KINDS = ("extract", "generated")
MOST_CONFIDENCE = 10


def asks_in_conversation(run: RunRow) -> bool:
    """Tell whether a run works on a question of a conversation."""
    return CONVERSATION in run.input


def asks_graph(input: Mapping[str, Any]) -> bool:
    """Tell of a run's input whether its question is to ask the graph too."""
    return input.get(GRAPH) is True


def answer_of(run: RunRow, message: UUID, reason: str | None) -> NewAnswer:
    """Make the message that answers: what a run that has just ended came to, or why it did not.

    Args:
        run: the run, ended.
        message: the id that the message gets.
        reason: why it was cancelled or failed.
    """
    result = run.result or {}
    kind, grounded, confidence = (result.get(name) for name in ("kind", "grounded", "confidence"))
    # A workflow of somebody's own may give a result of any form.
    is_sure = type(confidence) is int and 1 <= confidence <= MOST_CONFIDENCE
    return NewAnswer(
        id=message,
        run=run.id,
        status=run.status,
        text=_text(result),
        kind=kind if kind in KINDS else None,
        grounded=grounded if isinstance(grounded, bool) else None,
        confidence=confidence if is_sure else None,
        citations=run.citations,
        error=reason,
        context=run.input.get(CONTEXT),
    )


def _text(result: Mapping[str, Any]) -> str:
    said = result.get("answer")
    if isinstance(said, str):
        return said
    return json.dumps(result, ensure_ascii=False, indent=2) if result else ""

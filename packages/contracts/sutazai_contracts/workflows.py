"""Workflows: a directed acyclic graph of steps, written in YAML or sent to the API."""

from typing import Any, Literal

from pydantic import Field

from sutazai_contracts.knowledge import Frozen

STEP_NAME = r"^[a-z][a-z0-9_]{0,31}$"


class RetryPolicy(Frozen):
    """How often a step is tried, and how long it waits: base · 2^(attempt-1), at most `cap_s`."""

    attempts: int = Field(default=3, ge=1, le=20)
    base_s: float = Field(default=1.0, ge=0, le=3600)
    cap_s: float = Field(default=60.0, ge=0, le=86400)


class Step(Frozen):
    """One task of the graph.

    A string in `input` that starts with `$` refers: `$run.goal`, `$run.input.<field>`,
    `$steps.<id>.<field>…`, `$run.history` (what was said before in the run's conversation, nothing
    outside of one), `$run.graph` (whether the question is to ask the graph too); `$$` is a plain
    dollar sign.
    """

    id: str = Field(pattern=STEP_NAME)
    agent: str = Field(pattern=STEP_NAME)
    input: dict[str, Any] = Field(default_factory=dict)
    needs: tuple[str, ...] = ()
    collection: Literal["none", "read", "write", "rebuild"] = Field(
        default="none",
        description="What it may touch of the run's collection; `rebuild`: what takes its place.",
    )
    publishes: Literal["nothing", "document", "rebuild"] = Field(
        default="nothing",
        description="`document`: its output makes a document version searchable, in one commit; "
        "`rebuild`: it switches the collection over to what was rebuilt.",
    )
    retry: RetryPolicy = RetryPolicy()
    timeout_s: float = Field(default=600, gt=0, le=86400)


class Workflow(Frozen):
    """A plan: steps, and which of their outputs is the run's result."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    description: str
    public: bool = Field(default=True, description="Whether `POST /runs` may start it by name.")
    steps: tuple[Step, ...] = Field(min_length=1, max_length=100)
    result: str = Field(description="A reference such as `$steps.write`.")

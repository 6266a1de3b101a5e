"""Plans: a workflow is checked before it runs, and its references are looked up while it does."""

import re
from collections.abc import Iterator, Mapping, Set
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

import yaml
from pydantic import ValidationError

from sutazai_contracts.errors import InvalidWorkflow
from sutazai_contracts.workflows import Step, Workflow

_GOAL, _GRAPH = "$run.goal", "$run.graph"
_REFERENCE = re.compile(r"^\$(run|steps)((?:\.[A-Za-z_][A-Za-z0-9_]*)+)$")


@lru_cache(maxsize=256)
def plan_from_json(text: str) -> Workflow:
    """Read a plan as a run keeps it; the same text is parsed once."""
    return Workflow.model_validate_json(text)


def read_workflow(text: str, *, source: str) -> Workflow:
    """Read a workflow from YAML and check it; `source` names it in errors.

    Raises:
        InvalidWorkflow: it does not parse, or could not run; the message names the place.
    """
    try:
        workflow = Workflow.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as exc:
        raise InvalidWorkflow(f"{source} is not valid YAML: {exc}") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise InvalidWorkflow(f"{source}: {place}: {first['msg']}", field=place) from exc
    check_workflow(workflow, source=source)
    return workflow


def check_workflow(
    workflow: Workflow, *, agents: Set[str] | None = None, source: str = "workflow"
) -> None:
    """Refuse a plan that can't run: double or unknown steps, cycles, references to nothing.

    Raises:
        InvalidWorkflow: the message names the step and what is wrong with it.
    """
    steps = {step.id: step for step in workflow.steps}
    if len(steps) != len(workflow.steps):
        raise InvalidWorkflow(f"{source}: two steps have the same id", field="steps")
    for step in workflow.steps:
        _check_step(step, steps, agents, source)
    try:
        order = list(TopologicalSorter({s.id: s.needs for s in workflow.steps}).static_order())
    except CycleError as exc:
        circle = " → ".join(exc.args[1])
        raise InvalidWorkflow(f"{source}: steps wait for one another: {circle}") from exc
    before = _ancestors(steps, order)
    for step in workflow.steps:
        for reference in _references(step.input):
            _check_reference(reference, before[step.id], f"{source}: step {step.id}")
    _check_reference(workflow.result, set(steps), f"{source}: result")


def looks_for_goal(workflow: Workflow, done: Set[str] = frozenset()) -> bool:
    """Tell whether a plan begins with a step that gets the goal, and a collection to read.

    Steps that are `done` already do not count.
    """
    return any(
        not step.needs
        and step.id not in done
        and step.collection == "read"
        and _GOAL in step.input.values()
        for step in workflow.steps
    )


def takes_graph(workflow: Workflow) -> bool:
    """Tell whether a plan has a step that is told whether to ask the graph."""
    return any(_GRAPH in _references(step.input) for step in workflow.steps)


def _check_step(
    step: Step, steps: Mapping[str, Step], agents: Set[str] | None, source: str
) -> None:
    unknown = sorted(set(step.needs) - steps.keys())
    if unknown:
        raise InvalidWorkflow(f"{source}: step {step.id} needs unknown step {unknown[0]}")
    if agents is not None and step.agent not in agents:
        known = ", ".join(sorted(agents)) or "none"
        raise InvalidWorkflow(
            f"{source}: step {step.id} names the agent {step.agent}, which is not here "
            f"(known: {known})"
        )


def _ancestors(steps: Mapping[str, Step], order: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name in order:
        needs = steps[name].needs
        found[name] = set(needs).union(*(found[need] for need in needs))
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith("$") and not value.startswith("$$"):
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _references(item)


def _check_reference(reference: str, reachable: set[str], where: str) -> None:
    match = _REFERENCE.match(reference)
    if match is None:
        raise InvalidWorkflow(
            f"{where}: {reference!r} is no reference; write $run.goal, $run.input.<field>, "
            "$run.history, $run.graph or $steps.<id>.<field>, and $$ for a dollar sign"
        )
    root, path = match.group(1), match.group(2).lstrip(".").split(".")
    if root == "run" and path[0] not in {"goal", "input", "id", "history", "graph"}:
        there = "goal, input, id, history and graph"
        raise InvalidWorkflow(f"{where}: a run has no {path[0]!r}; it has {there}")
    if root == "steps" and path[0] not in reachable:
        raise InvalidWorkflow(f"{where}: {reference} is not among the steps it waits for")


def resolve(value: Any, scope: Mapping[str, Any]) -> Any:
    """Replace references in a value by what they refer to in `scope` ({run: …, steps: …}).

    Raises:
        InvalidWorkflow: a field that a reference names is not in the output it refers to.
    """
    if isinstance(value, str) and value.startswith("$"):
        return value[1:] if value.startswith("$$") else _look_up(value, scope)
    if isinstance(value, Mapping):
        return {key: resolve(item, scope) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, scope) for item in value]
    return value


def _look_up(reference: str, scope: Mapping[str, Any]) -> Any:
    found: Any = scope
    for part in reference[1:].split("."):
        if not isinstance(found, Mapping) or part not in found:
            raise InvalidWorkflow(f"{reference} refers to nothing: there is no {part!r}")
        found = found[part]
    return found

"""A plan is refused before it runs, and its references are looked up while it does."""

import pytest

from sutazai.core.runs.plan import (
    check_workflow,
    looks_for_goal,
    read_workflow,
    resolve,
    takes_graph,
)
from sutazai_contracts.errors import InvalidWorkflow
from sutazai_contracts.workflows import Step, Workflow

GOOD = """
name: answer
description: Two steps.
steps:
  - {id: a, agent: one, input: {q: $run.goal}}
  - {id: b, agent: two, needs: [a], input: {p: $steps.a.passages, price: $$5}}
result: $steps.b
"""


def test_a_good_workflow_is_read() -> None:
    workflow = read_workflow(GOOD, source="answer.yaml")
    assert [step.id for step in workflow.steps] == ["a", "b"]
    check_workflow(workflow, agents={"one", "two"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("name: answer", "name: Answer!"), "name"),
        (("needs: [a]", "needs: [z]"), "needs unknown step z"),
        (("{id: a,", "{id: b,"), "same id"),
        (("{id: a, agent: one,", "{id: a, agent: one, needs: [b],"), "wait for one another"),
        (("$steps.a.passages", "$steps.b.passages"), "not among the steps it waits for"),
        (("$run.goal", "$run.gaol"), "a run has no 'gaol'"),
        (("$run.goal", "$goal"), "is no reference"),
        (("result: $steps.b", "result: $steps.c"), "result"),
        (("agent: two,", "agent: two, colour: red,"), "steps.1.colour"),
        (("steps:", "steps: [: "), "not valid YAML"),
    ],
)
def test_a_workflow_that_cannot_run_is_refused_and_says_where(
    change: tuple[str, str], message: str
) -> None:
    with pytest.raises(InvalidWorkflow, match=message) as refused:
        read_workflow(GOOD.replace(*change), source="answer.yaml")
    assert "answer.yaml" in refused.value.message


@pytest.mark.parametrize(
    ("change", "looks"),
    [
        (("agent: one,", "agent: one, collection: read,"), True),
        (("agent: one,", "agent: one, collection: write,"), False),
        (("agent: one,", "agent: one, collection: none,"), False),
        (("agent: two,", "agent: two, collection: read,"), False),  # it waits for another
        (("agent: one, input: {q: $run.goal}", "agent: one, collection: read"), False),
    ],
)
def test_a_plan_that_begins_by_looking_for_its_goal_is_known(
    change: tuple[str, str], looks: bool
) -> None:
    assert looks_for_goal(read_workflow(GOOD.replace(*change), source="answer.yaml")) is looks


def test_a_plan_that_is_told_whether_to_ask_the_graph_is_known() -> None:
    step = Step(id="one", agent="worker", input={"deep": [{"wanted": "$run.graph"}]})
    for given, takes in ((step, True), (Step(id="one", agent="worker"), False)):
        workflow = Workflow(name="one", description="x", steps=(given,), result="$steps.one")
        check_workflow(workflow)
        assert takes_graph(workflow) is takes


def test_an_agent_that_is_not_here_is_named() -> None:
    workflow = read_workflow(GOOD, source="answer.yaml")
    with pytest.raises(InvalidWorkflow, match=r"names the agent two.*known: one"):
        check_workflow(workflow, agents={"one"})


def test_references_are_replaced_at_any_depth() -> None:
    scope = {"run": {"goal": "why?"}, "steps": {"a": {"list": [1, {"x": 2}]}}}
    value = {"q": "$run.goal", "deep": [{"all": "$steps.a.list"}], "price": "$$5", "n": 3}
    assert resolve(value, scope) == {
        "q": "why?",
        "deep": [{"all": [1, {"x": 2}]}],
        "price": "$5",
        "n": 3,
    }


def test_a_field_that_an_output_lacks_is_named() -> None:
    with pytest.raises(InvalidWorkflow, match="no 'missing'"):
        resolve("$steps.a.missing", {"steps": {"a": {}}})

"""Test an agent in a few lines, through the same code as the runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from sutazai_contracts.tasks import Claim, Progress, Result, Succeeded
from sutazai_kit.asking import ModelAccess
from sutazai_kit.context import AgentContext, AgentPorts
from sutazai_kit.execution import execute
from sutazai_kit.slots.port import CallReport, Chosen, OnPlace, Slot, SlotRequest, Wish

if TYPE_CHECKING:
    from sutazai_contracts.knowledge import CollectionGrant
    from sutazai_kit.agent import Agent
    from sutazai_kit.model.port import Model


@dataclass(frozen=True)
class AgentTestResult:
    """What an agent's call came to.

    `output` is an instance of the agent's output model, read back from JSON as a later step would
    get it, and None where the call did not succeed; `result` then says why. `said` is all that the
    agent said while it worked.
    """

    output: Any
    result: Result
    usage: dict[str, float]
    progress: list[Progress]
    said: str = ""


@dataclass(frozen=True)
class _NoLine:
    """A line that nobody else waits in: each call has its slot at once."""

    chosen: Chosen

    async def choose(self, wish: Wish) -> Chosen | None:
        return self.chosen if self.chosen.json_schema or not wish.needs_schema else None

    async def acquire(self, request: SlotRequest, on_place: OnPlace) -> Slot:
        return Slot(id=uuid4(), lease_s=60, waited_s=0)

    async def renew(self, slot: Slot) -> bool:
        return True

    def release(self, slot: Slot, report: CallReport) -> None:
        pass


def give_model(
    model: Model,
    name: str = "scripted",
    *,
    num_ctx: int | None = None,
    json_schema: bool = True,
) -> ModelAccess:
    """Give an agent under test one model for all roles, without a line before it.

        async with open_scripted(ScriptedConfig()) as model:
            await run_agent(agent, {…}, ports=AgentPorts(models=give_model(model)))

    Args:
        model: the open runtime, usually a script.
        name: which of its models is asked.
        num_ctx: tokens of question and answer; None: as the runtime is set.
        json_schema: whether it counts as one whose decoding can be bound to a schema.
    """
    chosen = Chosen(model=name, provider="scripted", num_ctx=num_ctx, json_schema=json_schema)
    return ModelAccess(_NoLine(chosen), lambda provider: model)


async def run_agent(
    agent: Agent,
    input: BaseModel | Mapping[str, Any],
    *,
    ports: AgentPorts | None = None,
    grant: CollectionGrant | None = None,
    attempt: int = 1,
    tenant: UUID | None = None,
    run: UUID | None = None,
    step: str = "test",
    timeout_s: float = 60,
) -> AgentTestResult:
    """Call an agent as its runner would, and give what came of it.

    Args:
        agent: the agent under test.
        input: the task's input, as a model or as JSON; it is validated as a stored one is.
        ports: what the agent may use; by default nothing.
        grant: the collection the task may touch.
        attempt: which attempt this is, from 1.
        tenant: for whom; by default a fresh id.
        run: of which run; by default a fresh one. The same run and step give the same effect keys.
        step: the name of the step.
        timeout_s: how long the handler may take.
    """
    given = input.model_dump(mode="json") if isinstance(input, BaseModel) else dict(input)
    claim = Claim(
        task=uuid4(),
        run=run or uuid4(),
        tenant=tenant or uuid4(),
        step=step,
        agent=agent.name,
        attempt=attempt,
        token=uuid4(),
        lease_s=60,
        timeout_s=timeout_s,
        input=given,
        grant=grant,
    )
    progress: list[Progress] = []
    said: list[str] = []
    ctx = AgentContext(claim, ports, progress.append, agent.heard(said.append))
    result = (await execute(agent, claim, ctx)).result
    if result is None:
        raise RuntimeError("nothing stops a call in a test, yet it was stopped")
    output = None
    if isinstance(result, Succeeded):
        output = agent.output_model.model_validate(result.output)
    return AgentTestResult(output, result, ctx.usage, progress, "".join(said))

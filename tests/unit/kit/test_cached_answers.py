"""`ctx.models` gives again what is certain to be answered again, and asks for all else."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel

from sutazai.adapters.answers.inprocess import InProcessAnswers
from sutazai.adapters.cache.inprocess import InProcessCache
from sutazai.core.models.answers import KeptAnswers
from sutazai_contracts.answers import KeptAnswer
from sutazai_contracts.errors import LeaseLost, ModelUnavailable
from sutazai_contracts.slots import Chosen
from sutazai_contracts.tasks import Claim
from sutazai_kit import AgentContext, AgentPorts
from sutazai_kit.answers.exact import PIECE, answer_key
from sutazai_kit.answers.port import Answers
from sutazai_kit.asking import ModelAccess
from sutazai_kit.model.port import Completion, Delta
from sutazai_kit.model.scripted import Rule, ScriptedConfig, ScriptedModel, open_scripted
from tests.unit.kit.test_asking import CHOSEN, Line, request

KNOWN = CHOSEN.model_copy(update={"digest": "sha256:1"})
SAID = "word " * 500
TENANT = uuid4()


class Verdict(BaseModel):
    """What a structured question is answered with."""

    fine: bool = True


class OtherVerdict(BaseModel):
    """Another form."""

    fine: bool = True
    why: str = ""


class Desk:
    """A model, its line and what is kept, and calls for work on one claim after another."""

    def __init__(self, model: ScriptedModel) -> None:
        self.line, self.model = Line(), model
        self.core = KeptAnswers(InProcessCache(), 60.0)
        self.kept: Answers = InProcessAnswers(self.core)

    def context(self, tenant: UUID = TENANT, agent: str = "writer") -> AgentContext:
        """Give the context of another task."""
        claim = Claim(
            task=uuid4(),
            run=uuid4(),
            tenant=tenant,
            step="write",
            agent=agent,
            attempt=1,
            token=uuid4(),
            lease_s=30,
            timeout_s=60,
            input={},
        )
        access = ModelAccess(self.line, lambda provider: self.model, self.kept)
        return AgentContext(claim, AgentPorts(models=access))

    async def ask(self, chosen: Chosen = KNOWN, **fields: Any) -> Completion:
        """Ask for another task."""
        return await self.context().models.complete(chosen, request(**fields))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    rules = (
        Rule(when="break", say=("one two three",), fail="broken_off", after=2),
        Rule(when="half", say=("half \ud83d",)),
        Rule(when="judge", structured='{"fine": false}'),
        Rule(say=(SAID,)),
    )
    async with open_scripted(ScriptedConfig(names=("scripted", "other"), rules=rules)) as model:
        yield Desk(model)


async def test_the_same_question_is_answered_again_without_a_turn(desk: Desk) -> None:
    first = await desk.ask(max_tokens=2000)
    ctx = desk.context()
    again = await ctx.models.complete(KNOWN, request(max_tokens=2000))
    assert (again.text, again.reason, again.cut) == (first.text, first.reason, first.cut)
    assert len(desk.line.asked) == len(desk.model.asked) == 1
    # Nothing was generated for it, and the step says why.
    assert (again.usage.prompt_tokens, again.usage.completion_tokens) == (0, 0)
    assert ctx.usage == {"cached_answers": 1}


async def test_it_comes_in_pieces_as_live_text_does(desk: Desk) -> None:
    first = await desk.ask(max_tokens=2000)
    asked = request(max_tokens=2000)
    async with aclosing(desk.context().models.stream(KNOWN, asked)) as events:
        pieces = [event.text async for event in events if isinstance(event, Delta)]
    assert "".join(pieces) == first.text
    assert len(pieces) > 1
    assert all(0 < len(piece) <= PIECE for piece in pieces)


async def test_how_long_it_may_take_does_not_matter(desk: Desk) -> None:
    await desk.ask(deadline_s=20)
    await desk.ask(deadline_s=30)
    assert len(desk.model.asked) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "Why not?"},
        {"max_tokens": 9},
        {"seed": 1},
        {"stop": ["."]},
        {"num_ctx": 1024},
    ],
)
async def test_another_question_is_asked(desk: Desk, fields: dict[str, Any]) -> None:
    assert answer_key(KNOWN, request(**fields)) != answer_key(KNOWN, request())
    await desk.ask()
    await desk.ask(**fields)
    assert len(desk.line.asked) == 2


@pytest.mark.parametrize(
    "change",
    [{"digest": "sha256:2"}, {"model": "other"}, {"provider": "ollama"}, {"num_ctx": 1024}],
)
async def test_another_model_is_asked(desk: Desk, change: dict[str, Any]) -> None:
    await desk.ask()
    await desk.ask(KNOWN.model_copy(update=change))
    assert len(desk.line.asked) == 2


@pytest.mark.parametrize(
    ("change", "fields"),
    [({"digest": None}, {}), ({"num_ctx": None}, {}), ({}, {"temperature": 0.1})],
)
async def test_what_may_be_answered_otherwise_is_asked_each_time(
    desk: Desk, change: dict[str, Any], fields: dict[str, Any]
) -> None:
    for _ in range(2):
        await desk.ask(KNOWN.model_copy(update=change), **fields)
    assert len(desk.line.asked) == 2


async def test_other_tenants_and_agents_ask_for_themselves(desk: Desk) -> None:
    for ctx in (desk.context(), desk.context(tenant=uuid4()), desk.context(agent="reviewer")):
        await ctx.models.complete(KNOWN, request())
    assert len(desk.line.asked) == 3


async def test_what_did_not_come_whole_is_not_kept(desk: Desk) -> None:
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            await desk.ask(text="break")
    for _ in range(2):
        async with aclosing(desk.context().models.stream(KNOWN, request("left"))) as events:
            await anext(events)
    assert len(desk.line.asked) == 4


async def test_an_answer_by_schema_is_given_again_in_the_form_asked_for(desk: Desk) -> None:
    for _ in range(2):
        answer = await desk.context().models.structured(KNOWN, request("judge"), Verdict)
        assert answer.value == Verdict(fine=False)
    form = Verdict.model_json_schema()
    plain = await desk.context().models.structured(KNOWN, request("judge"), form)
    assert plain.value == {"fine": False}
    assert len(desk.line.asked) == 1
    await desk.context().models.structured(KNOWN, request("judge"), OtherVerdict)
    assert len(desk.line.asked) == 2


async def test_a_kept_answer_that_does_not_hold_to_its_schema_is_asked_for_again(
    desk: Desk,
) -> None:
    ctx = desk.context()
    key = answer_key(KNOWN, request("judge"), Verdict)
    assert key is not None
    await desk.core.keep(TENANT, "writer", key, KeptAnswer(text='{"fine": 7}', reason="stop"))
    answer = await ctx.models.structured(KNOWN, request("judge"), Verdict)
    assert answer.value == Verdict(fine=False)
    assert (len(desk.line.asked), "cached_answers" in ctx.usage) == (1, False)


async def test_whose_claim_has_ended_is_given_nothing(desk: Desk) -> None:
    await desk.ask()
    ctx = desk.context()
    ctx.close()
    with pytest.raises(LeaseLost):
        await ctx.models.complete(KNOWN, request())


async def test_half_a_character_is_given_and_not_kept(desk: Desk) -> None:
    for _ in range(2):
        assert "\ud83d" in (await desk.ask(text="half")).text
    assert len(desk.line.asked) == 2


class Noting:
    """Keep nothing; note how many slots had been given back when something was to be kept."""

    def __init__(self, line: Line) -> None:
        self.given_back: list[int] = []
        self._line = line

    async def find(self, claim: Claim, key: str) -> KeptAnswer | None:
        return None

    async def keep(self, claim: Claim, key: str, answer: KeptAnswer) -> None:
        self.given_back.append(len(self._line.released))


@pytest.mark.parametrize("form", [None, Verdict])
async def test_a_slot_is_given_back_before_its_answer_is_kept(
    desk: Desk, form: type[Verdict] | None
) -> None:
    # To keep it may take core a second, in which another call has its turn.
    noting = Noting(desk.line)
    desk.kept = noting
    models = desk.context().models
    if form is None:
        await models.complete(KNOWN, request())
    else:
        await models.structured(KNOWN, request("judge"), form)
    assert noting.given_back == [1]

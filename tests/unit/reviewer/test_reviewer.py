"""The reviewer through the runner's own code, with the real embedder and a scripted model."""

import time
from typing import Any

import pytest

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai_agents.reviewer import UNSOURCED, UNSUPPORTED, reviewer
from sutazai_agents.writer import writer
from sutazai_contracts.knowledge import Answer, Citation, Passage
from sutazai_contracts.tasks import Refused
from sutazai_kit import AgentPorts
from sutazai_kit.model.scripted import Rule, ScriptedConfig, open_scripted
from sutazai_kit.testing import AgentTestResult, give_model, run_agent
from tests.unit.writer.passages import passage

QUESTION = "What does rye bread cost?"
SHOP = passage("The shop opens at nine. A loaf of rye bread costs four euros.", start=40)


def cite(n: int, source: Passage, quote: str) -> Citation:
    """Cite a text of a passage."""
    start = source.start + source.text.index(quote)
    return Citation(n=n, document=source.document, start=start, end=start + len(quote), quote=quote)


COST = cite(1, SHOP, "A loaf of rye bread costs four euros.")
OPENS = cite(2, SHOP, "The shop opens at nine.")


def generated(text: str, *citations: Citation, confidence: int = 8) -> Answer:
    """Make an answer as a model's writer does."""
    return Answer(
        answer=text,
        kind="generated",
        grounded=True,
        confidence=confidence,
        citations=citations or (COST, OPENS),
    )


async def call(
    minilm: InProcessEmbeddings,
    answer: Answer,
    *passages: Passage,
    script: ScriptedConfig | None = None,
    **more: Any,
) -> AgentTestResult:
    task = {"question": QUESTION, "answer": answer, "passages": passages or (SHOP,)}
    handed = reviewer.input_model.model_validate(task)
    if script is None:
        return await run_agent(reviewer, handed, ports=AgentPorts(embeddings=minilm))
    async with open_scripted(script) as model:
        access = give_model(model, **more)
        ports = AgentPorts(embeddings=minilm, models=access)
        return await run_agent(reviewer, handed, ports=ports)


async def review(minilm: InProcessEmbeddings, answer: Answer, *passages: Passage) -> Answer:
    done = await call(minilm, answer, *passages)
    assert isinstance(done.output, Answer), done.result
    again = await call(minilm, done.output, *passages)
    assert again.output == done.output, "a second review says the same"
    return done.output


async def test_what_is_supported_stays_as_it_is(minilm: InProcessEmbeddings) -> None:
    answer = generated("Rye bread costs four euros a loaf [1]. The shop opens at nine [2].")
    assert await review(minilm, answer) == answer


@pytest.mark.requirement("C9", part="the reviewer marks claims that their sources do not support")
async def test_what_the_source_does_not_say_is_marked(minilm: InProcessEmbeddings) -> None:
    answer = generated("Rye bread costs four euros a loaf [1]. The baker is from Lisbon [2].")
    reviewed = await review(minilm, answer)
    assert reviewed.answer == answer.answer + UNSUPPORTED
    assert (reviewed.grounded, reviewed.citations) == (True, answer.citations)
    assert 1 < reviewed.confidence < answer.confidence


async def test_another_number_is_marked(minilm: InProcessEmbeddings) -> None:
    fee = passage("The yearly fee is 48 euros.")
    answer = generated("The yearly fee is 54 euros [1].", cite(1, fee, fee.text))
    assert (await review(minilm, answer, fee)).answer.endswith(UNSUPPORTED)


async def test_a_sentence_without_a_citation_is_marked(minilm: InProcessEmbeddings) -> None:
    reviewed = await review(minilm, generated("It is good. Rye bread costs four euros [1]."))
    assert reviewed.answer == f"It is good.{UNSOURCED} Rye bread costs four euros [1]."
    assert reviewed.confidence <= 4


async def test_an_answer_of_which_nothing_holds_is_not_grounded(
    minilm: InProcessEmbeddings,
) -> None:
    reviewed = await review(minilm, generated("The baker is from Lisbon [2]."))
    assert (reviewed.grounded, reviewed.confidence) == (False, 1)
    assert reviewed.answer.endswith(UNSUPPORTED)


@pytest.mark.parametrize(
    "change",
    [{"quote": "A loaf of rye bread costs five euros."}, {"start": 0, "end": 37}, {"start": 60}],
)
async def test_a_quote_that_does_not_stand_there_supports_nothing(
    minilm: InProcessEmbeddings, change: dict[str, object]
) -> None:
    answer = generated("Rye bread costs four euros [1].", COST.model_copy(update=change))
    assert not (await review(minilm, answer)).grounded


async def test_an_answer_from_nothing_passes(minilm: InProcessEmbeddings) -> None:
    answer = Answer(answer="Nothing fits.", kind="extract", grounded=False, confidence=1)
    assert await review(minilm, answer) == answer


async def test_extracts_pass_and_cost_nothing(minilm: InProcessEmbeddings) -> None:
    code = passage("To ask for rye bread [7], run:\n\n```bash\nmake bread\nask cost\n```")
    task = {"question": QUESTION, "passages": [SHOP.model_dump(), code.model_dump()]}
    wrote = await run_agent(writer, task, ports=AgentPorts(embeddings=minilm))
    assert wrote.output.grounded
    begun = time.process_time()
    # Nothing is embedded: no embedder is given.
    done = await run_agent(reviewer, {**task, "answer": wrote.output.model_dump()})
    assert time.process_time() - begun < 0.3
    assert done.output == wrote.output


async def test_an_extract_that_was_changed_is_marked(minilm: InProcessEmbeddings) -> None:
    words = "From the documents:\n\n“A loaf of rye bread costs five euros.” [1]"
    answer = Answer(answer=words, kind="extract", grounded=True, confidence=7, citations=(COST,))
    assert (await review(minilm, answer)).answer == words + UNSUPPORTED


def script(structured: str | None = None, fail: str | None = None) -> ScriptedConfig:
    rule = Rule.model_validate({"structured": structured, "fail": fail})
    return ScriptedConfig(rules=(rule,))


TWO = generated("Rye bread costs four euros [1]. The shop opens at nine [2].")


async def test_a_model_can_refuse_what_wording_accepts(minilm: InProcessEmbeddings) -> None:
    done = await call(minilm, TWO, script=script('{"0": true, "1": false}'))
    assert done.output.answer == TWO.answer + UNSUPPORTED
    assert "1 of 2 claims are supported" in done.progress[-1].message
    assert done.usage["model_calls"] == 1


async def test_a_model_can_not_accept_what_wording_refuses(minilm: InProcessEmbeddings) -> None:
    answer = generated("Rye bread costs four euros [1]. The baker is from Lisbon [2].")
    done = await call(minilm, answer, script=script('{"0": true}'))
    assert done.output.answer.endswith(UNSUPPORTED)
    nothing = await call(minilm, generated("The baker is from Lisbon [2]."), script=script("{}"))
    assert "model_calls" not in nothing.usage


@pytest.mark.parametrize(
    "broken",
    [
        script(fail="unavailable"),
        script(structured="no JSON"),
        ScriptedConfig(num_ctx=64),
        ScriptedConfig(names=("another",)),
    ],
)
async def test_without_a_judgement_wording_decides(
    minilm: InProcessEmbeddings, broken: ScriptedConfig
) -> None:
    done = await call(minilm, TWO, script=broken)
    assert done.output == TWO
    assert "wording and meaning alone" in done.progress[-1].message


@pytest.mark.faults
async def test_a_model_that_hangs_leaves_time_to_review(minilm: InProcessEmbeddings) -> None:
    handed = {"question": QUESTION, "answer": TWO, "passages": [SHOP]}
    async with open_scripted(ScriptedConfig(first_s=3600)) as model:
        ports = AgentPorts(embeddings=minilm, models=give_model(model))
        task = reviewer.input_model.model_validate(handed)
        done = await run_agent(reviewer, task, ports=ports, timeout_s=10)
        assert model.generating == 0
    assert done.output == TWO
    assert "wording and meaning alone (scripted did not finish" in done.progress[-1].message


async def test_who_watched_hears_the_answer_where_it_was_changed(
    minilm: InProcessEmbeddings,
) -> None:
    assert (await call(minilm, TWO)).said == ""
    done = await call(minilm, generated("Rye bread costs nine euros [1]."))
    assert done.said == done.output.answer == "Rye bread costs nine euros [1]." + UNSUPPORTED


async def test_a_model_without_schemas_is_not_asked(minilm: InProcessEmbeddings) -> None:
    done = await call(minilm, TWO, script=script('{"0": false}'), json_schema=False)
    assert done.output == TWO


async def test_a_bad_input_is_refused_by_name() -> None:
    done = await run_agent(reviewer, {"question": "x", "answer": {"answer": "x"}})
    assert isinstance(done.result, Refused)
    assert "answer.kind" in done.result.reason

"""How good answers are on the labelled questions; `-s` prints the table.

Each floor is a few questions under what was measured (2026-11), so that a loss is seen and a
different processor's last digit is not. The weights were chosen on the questions without `held`,
the threshold with a look at all of them.
"""

import asyncio
from collections.abc import Callable, Iterable
from statistics import mean

import pytest

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai_agents.writer.fitting import fit
from tests.quality.asking import Asked, ask_all

pytestmark = pytest.mark.e2e

Group = Callable[[Asked], bool]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, minilm: InProcessEmbeddings) -> list[Asked]:
    everything = asyncio.run(ask_all(tmp_path_factory.mktemp("quality"), minilm))
    print(_table(everything))
    return everything


@pytest.fixture(scope="module")
def answerable(asked: list[Asked]) -> list[Asked]:
    return [each for each in asked if each.question.document]


@pytest.fixture(scope="module")
def unanswerable(asked: list[Asked]) -> list[Asked]:
    return [each for each in asked if not each.question.document]


def share(of: Iterable[bool]) -> float:
    return mean(map(float, of))


def _table(asked: list[Asked]) -> str:
    groups: dict[str, Group] = {
        "fitted on": lambda each: not each.question.held,
        "held out": lambda each: each.question.held,
        "all": lambda each: True,
    }
    lines = [f"\n{'':10} {'hit@8':>6} {'cited':>6} {'grounded':>8} {'refused':>8} {'quotes':>6}"]
    for name, belongs in groups.items():
        with_answer = [each for each in asked if belongs(each) and each.question.document]
        without = [each for each in asked if belongs(each) and not each.question.document]
        lines.append(
            f"{name:10} {share(each.is_found for each in with_answer):6.3f} "
            f"{share(each.is_cited for each in with_answer):6.3f} "
            f"{share(each.answer.grounded for each in with_answer):8.3f} "
            f"{share(not each.answer.grounded for each in without):8.3f} "
            f"{mean(len(each.answer.citations) for each in with_answer):6.2f}"
        )
    wrong = [
        each for each in asked if each.is_cited != bool(each.question.document) or _baseless(each)
    ]
    return "\n".join([*lines, *(f"not right: {each.question.question}" for each in wrong)])


def _baseless(each: Asked) -> bool:
    return each.answer.grounded and not each.question.document


@pytest.mark.requirement("E3", part="vectors and BM25 fused find the passage of labelled questions")
def test_the_passage_is_among_the_first_eight(answerable: list[Asked]) -> None:
    assert len(answerable) >= 30
    assert share(each.is_found for each in answerable) >= 0.95  # measured: 1.0


def test_the_answer_cites_the_sentence(answerable: list[Asked]) -> None:
    assert share(each.is_cited for each in answerable) >= 0.9  # measured: 0.953


def test_what_the_documents_answer_is_grounded(answerable: list[Asked]) -> None:
    assert share(each.answer.grounded for each in answerable) >= 0.92  # measured: 0.969


def test_what_they_do_not_answer_is_not(unanswerable: list[Asked]) -> None:
    assert len(unanswerable) >= 10
    assert share(not each.answer.grounded for each in unanswerable) >= 0.8  # measured: 0.867


def test_what_is_about_something_else_never_gets_an_answer(unanswerable: list[Asked]) -> None:
    far = [each for each in unanswerable if not each.question.near]
    assert len(far) >= 10
    assert [each.question.question for each in far if each.answer.grounded] == []


def test_most_answers_are_foreseen_without_the_embedder_and_no_other(asked: list[Asked]) -> None:
    # Where an answer is foreseen, a model is asked before the sentences are compared by meaning.
    foreseen = [fit(each.question.question, each.found.passages).is_likely() for each in asked]
    of_answerable = [f for f, each in zip(foreseen, asked, strict=True) if each.question.document]
    assert share(of_answerable) >= 0.75  # measured: 0.812
    hasty = [each for f, each in zip(foreseen, asked, strict=True) if f]
    assert [each.question.question for each in hasty if not each.answer.grounded] == []
    assert [each.question.question for each in hasty if not each.question.document] == []


def test_an_answer_that_is_grounded_is_one(asked: list[Asked]) -> None:
    grounded = [each for each in asked if each.answer.grounded]
    assert share(each.is_cited for each in grounded) >= 0.85  # measured: 0.924


def test_confidence_tells_right_from_wrong(asked: list[Asked]) -> None:
    grounded = [each for each in asked if each.answer.grounded]
    sure = [each.is_cited for each in grounded if each.answer.confidence >= 5]
    unsure = [each.is_cited for each in grounded if each.answer.confidence <= 4]
    assert share(sure) >= 0.95
    assert share(unsure) < share(sure)


@pytest.mark.requirement("C9", part="extracts: confidence, citations, ungrounded ones marked")
def test_each_answer_says_how_sure_it_is_and_what_from(asked: list[Asked]) -> None:
    for each in asked:
        answer = each.answer
        assert answer.grounded == bool(answer.citations)
        assert (answer.confidence == 1) == (not answer.grounded)
        for number, citation in enumerate(answer.citations, 1):
            stored = each.texts[citation.document.id]
            assert citation.n == number
            assert citation.quote == stored[citation.start : citation.end]


def test_a_review_leaves_extracts_as_they_are(asked: list[Asked]) -> None:
    assert [each.question.question for each in asked if each.answer != each.written] == []

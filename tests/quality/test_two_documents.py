"""Whether the graph finds what stands in a document that only another one leads to.

The whole platform, the real embedder and index: 240 documents, 48 questions, each of which asks
for what a second document says of something that the first one alone names, searched for and asked
of the agents. `-s` prints who is found how far down.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from sutazai.bootstrap.processes.server import EmbeddedPostgres
from tests.integration.api.answers import ended, upload
from tests.integration.api.running import running
from tests.quality.two_documents import WRITTEN, text
from tests.support.postgres import fresh_database, postgres, private_folder

__all__ = ["postgres"]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(170)]
LIMIT = 8


class Pair(BaseModel):
    """Two documents that a name joins, and for some a question."""

    first: str
    second: str
    question: str | None = None
    answer: str | None = None


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    labelled = tomllib.loads(WRITTEN.read_text("utf-8"))
    return [Pair.model_validate(pair) for pair in labelled["pair"]]


@pytest.fixture(scope="module")
def api(
    postgres: EmbeddedPostgres,
    models_dir: Path,
    pairs: list[Pair],
) -> Iterator[httpx2.Client]:
    """Run a platform that has indexed all documents."""
    with (
        private_folder() as home,
        fresh_database(postgres) as name,
        running(home, postgres.dsn(database=name), models_dir) as platform,
        platform.client() as client,
    ):
        fill(client, pairs)
        yield client


def fill(client: httpx2.Client, pairs: list[Pair]) -> None:
    said = [one for pair in pairs for one in (pair.first, pair.second)]
    answers = [upload(client, f"{number}.txt", one) for number, one in enumerate(said)]
    for answer in answers:
        assert ended(client, answer.json()["run"]["id"], 120)["status"] == "succeeded"


def rank(client: httpx2.Client, pair: Pair, *, graph: bool) -> int | None:
    """Give how far down the passage is that answers; None: it is not found."""
    asked = {"query": pair.question, "limit": LIMIT, "graph": graph}
    answer = client.post("/api/v1/search", json=asked)
    assert answer.status_code == 200, answer.text
    texts = [hit["text"] for hit in answer.json()["hits"]]
    return texts.index(pair.second) if pair.second in texts else None


def test_the_questions_are_those_that_are_made(pairs: list[Pair]) -> None:
    assert WRITTEN.read_text("utf-8") == "\n".join(text()) + "\n"
    asked = [pair for pair in pairs if pair.question]
    for pair in asked:
        assert pair.answer is not None
        assert pair.answer in pair.second
        assert pair.answer not in pair.first + str(pair.question)
    assert len({pair.question for pair in asked}) == len(asked) >= 30


@pytest.mark.requirement("E3", part="graph expansion finds what two documents answer together")
def test_what_two_documents_answer_is_found_by_the_graph(
    api: httpx2.Client, pairs: list[Pair]
) -> None:
    asked = [pair for pair in pairs if pair.question]
    without = [rank(api, pair, graph=False) for pair in asked]
    with_it = [rank(api, pair, graph=True) for pair in asked]
    for pair, before, after in zip(asked, without, with_it, strict=True):
        print(f"{before!s:>5} {after!s:>5}  {pair.question}")
    only = sum(one is None and two is not None for one, two in zip(without, with_it, strict=True))
    found = sum(two is not None for two in with_it)
    print(f"{len(asked)} questions: {found} found by the graph, {only} of them by nothing else")
    assert only >= 30
    assert found >= 42


def answered(client: httpx2.Client, pairs: list[Pair], *, graph: bool) -> list[dict[str, Any]]:
    """Put questions to the agents, and give the runs that answered them."""
    bodies = [{"goal": pair.question, "graph": graph} for pair in pairs]
    started = [client.post("/api/v1/runs", json=body) for body in bodies]
    assert {answer.status_code for answer in started} == {202}
    runs = [ended(client, answer.json()["id"], 120) for answer in started]
    assert {(run["status"], run["graph"]) for run in runs} == {("succeeded", graph)}
    return runs


def passages(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the passages that a run's answer was made from."""
    research = next(step for step in run["steps"] if step["id"] == "research")
    assert research["output"]["without_graph"] == ""
    found: list[dict[str, Any]] = research["output"]["passages"]
    return found


@pytest.mark.requirement("E3", part="a question of a run is answered by the graph")
def test_what_two_documents_answer_together_the_agents_answer_by_the_graph(
    api: httpx2.Client, pairs: list[Pair]
) -> None:
    asked = [pair for pair in pairs if pair.question]
    plain = answered(api, asked, graph=False)
    for pair, run in zip(asked, plain, strict=True):
        assert pair.second not in [one["text"] for one in passages(run)]
        assert not any(one["by_graph"] for one in (*passages(run), *run["citations"]))
    read = cited = misled = 0
    for pair, run in zip(asked, answered(api, asked, graph=True), strict=True):
        second = [one for one in passages(run) if one["text"] == pair.second]
        assert all(one["by_graph"] for one in second)
        read += bool(second)
        led = [one["quote"] for one in run["citations"] if one["by_graph"]]
        right = any(str(pair.answer) in quote for quote in led)
        cited += right
        misled += bool(led) and not right
        print(f"{bool(second)!s:>5} {right!s:>5}  {pair.question}")
    print(f"{len(asked)} questions: {read} read by the graph, {cited} answered, {misled} misled")
    assert read >= 42
    assert cited >= 38
    assert misled <= 2


def test_the_first_two_are_what_they_are_without(api: httpx2.Client, pairs: list[Pair]) -> None:
    for pair in pairs[:5]:
        bodies = [{"query": pair.question, "limit": LIMIT, "graph": g} for g in (False, True)]
        plain, joined = (api.post("/api/v1/search", json=body).json()["hits"] for body in bodies)
        assert [hit["chunk"] for hit in plain[:2]] == [hit["chunk"] for hit in joined[:2]]
        assert len({hit["chunk"] for hit in joined}) == len(joined) == LIMIT
        scores = [hit["score"] for hit in joined]
        assert scores == sorted(scores, reverse=True)

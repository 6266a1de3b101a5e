"""Search: hits with their document, place and score; the place is the text."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.integration.api.answers import indexed
from tests.integration.api.running import Running

GUIDE = """# Harbour guide

## Pilots

A pilot boards every vessel above three thousand tonnes — always 🚢 at the outer buoy.

## Customs

The customs office opens at seven and closes at noon.
"""


@pytest.fixture(scope="module")
def client(platform: Running) -> Iterator[httpx2.Client]:
    """Open a client of a tenant with three documents."""
    with platform.client(platform.new_tenant()) as api:
        indexed(api, "guide.md", GUIDE)
        indexed(api, "bread.txt", "Sourdough bread needs a starter, patience and a hot oven.")
        indexed(api, "frogs.txt", "Tree frogs climb with sticky toes and sing at night.")
        yield api


def test_a_hit_says_where_it_stands(client: httpx2.Client) -> None:
    answer = client.post("/api/v1/search", json={"query": "where does the pilot come aboard?"})
    assert answer.status_code == 200
    assert set(answer.json()) == {"hits"}
    hit = answer.json()["hits"][0]
    assert set(hit) == {
        *("document", "chunk", "heading_path", "start", "end", "text"),
        *("score", "similarity", "by_graph"),
    }
    assert hit["document"]["name"] == "guide.md"
    assert hit["heading_path"][0] == "Harbour guide"
    assert -1 <= hit["similarity"] <= 1
    path = f"/api/v1/collections/default/documents/{hit['document']['id']}/text"
    span = {"start": hit["start"], "end": hit["end"]}
    assert client.get(path, params=span).json()["text"] == hit["text"]
    assert "outer buoy" in hit["text"]


def test_every_span_is_the_text_of_its_hit(client: httpx2.Client) -> None:
    hits = client.post("/api/v1/search", json={"query": "bread frogs customs"}).json()["hits"]
    assert {hit["document"]["name"] for hit in hits} == {"guide.md", "bread.txt", "frogs.txt"}
    for hit in hits:
        path = f"/api/v1/collections/default/documents/{hit['document']['id']}/text"
        span = {"start": hit["start"], "end": hit["end"]}
        assert client.get(path, params=span).json()["text"] == hit["text"]


@pytest.mark.parametrize(
    ("query", "name"),
    [("yeast loaf baking", "bread.txt"), ("amphibians", "frogs.txt"), ("Sourdough", "bread.txt")],
    ids=["by meaning", "by meaning again", "by its word"],
)
def test_the_best_comes_first(client: httpx2.Client, query: str, name: str) -> None:
    hits = client.post("/api/v1/search", json={"query": query}).json()["hits"]
    assert hits[0]["document"]["name"] == name
    assert [hit["score"] for hit in hits] == sorted((h["score"] for h in hits), reverse=True)


def test_no_more_hits_than_asked_for(client: httpx2.Client) -> None:
    hits = client.post("/api/v1/search", json={"query": "night", "limit": 1}).json()["hits"]
    assert len(hits) == 1


def test_an_empty_collection_has_no_hits(client: httpx2.Client) -> None:
    assert client.post("/api/v1/collections", json={"name": "empty"}).status_code == 201
    answer = client.post("/api/v1/search", json={"query": "anything", "collection": "empty"})
    assert answer.json() == {"hits": []}


@pytest.mark.parametrize("query", ["👍", "東京タワー", "' OR 1=1 --", "%", "\\", "a" * 2000, "?!."])
def test_odd_queries_are_answered(client: httpx2.Client, query: str) -> None:
    assert client.post("/api/v1/search", json={"query": query}).status_code == 200


def test_another_tenant_finds_nothing_of_it(
    client: httpx2.Client, neighbour_api: httpx2.Client
) -> None:
    assert client.post("/api/v1/search", json={"query": "frogs"}).json()["hits"]
    hits = neighbour_api.post("/api/v1/search", json={"query": "frogs"}).json()["hits"]
    assert not [hit for hit in hits if "frogs" in hit["text"]]

"""The graph over HTTP and on the command line: a real platform, documents that its agents read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from sutazai.entrypoints.cli import main
from tests.integration.api.answers import assert_problem, ended, indexed
from tests.integration.api.running import Running, Tenant

YARD = "# Yards\n\nHalden Works has a yard in Trondheim. A yard is a place for ships.\n"
ENGINE = "The Zephyr 9 was made by Halden Works in 1987. See [yards](yard.md).\n"
FIND, AROUND, WAY, SOURCES = (
    f"/api/v1/graph/{name}" for name in ("entities", "neighbours", "path", "sources")
)


@pytest.fixture(scope="module")
def tenant(platform: Running) -> Tenant:
    return platform.new_tenant()


@pytest.fixture(scope="module")
def client(platform: Running, tenant: Tenant) -> Iterator[httpx2.Client]:
    """Open a client of a tenant with two documents that a name joins."""
    with platform.client(tenant) as api:
        indexed(api, "yard.md", YARD)
        indexed(api, "engine.md", ENGINE)
        yield api


def one(client: httpx2.Client, text: str) -> dict[str, Any]:
    """Give the first entity that begins so."""
    answer = client.get(FIND, params={"text": text})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["entities"][0]
    return found


def test_entities_are_found_by_how_they_begin(client: httpx2.Client) -> None:
    found = one(client, "HALDÉN")
    assert found == {
        "id": found["id"],
        "kind": "name",
        "key": "halden works",
        "name": "Halden Works",
        "chunks": 2,
    }
    assert one(client, "yard.md")["kind"] == "document"
    assert client.get(FIND, params={"text": "nothing"}).json() == {"entities": []}
    few = client.get(FIND, params={"text": "y", "limit": 1}).json()["entities"]
    assert [entity["name"] for entity in few] == ["yard.md"]
    assert one(client, "Yard")["kind"] == "term"


def test_what_is_around_an_entity(client: httpx2.Client) -> None:
    halden = one(client, "halden")["id"]
    near = client.get(AROUND, params={"entity": halden}).json()
    names = {entity["id"]: entity["name"] for entity in near["entities"]}
    assert {"Halden Works", "Trondheim", "Zephyr 9", "1987"} <= set(names.values())
    assert all(halden in (link["subject"], link["object"]) for link in near["links"])
    assert (near["links"][0]["kind"], near["links"][0]["weight"]) == ("together", 1)
    trondheim = one(client, "trondheim")["id"]
    far = client.get(AROUND, params={"entity": trondheim, "hops": 2}).json()
    assert "Zephyr 9" in {entity["name"] for entity in far["entities"]}
    cut = client.get(AROUND, params={"entity": halden, "limit": 2}).json()
    assert (len(cut["entities"]), cut["cut"]) == (2, True)


def test_a_way_leads_over_what_both_documents_name(client: httpx2.Client) -> None:
    ends = {"start": one(client, "zephyr")["id"], "end": one(client, "trondheim")["id"]}
    found = client.get(WAY, params=ends).json()
    names = [entity["name"] for entity in found["entities"]]
    assert names == ["Zephyr 9", "Halden Works", "Trondheim"]
    assert len(found["links"]) == 2
    short = client.get(WAY, params={**ends, "longest": 1})
    assert short.json() == {"entities": [], "links": []}


def test_what_a_link_was_read_from_is_a_passage_that_says_so(
    client: httpx2.Client, neighbour_api: httpx2.Client
) -> None:
    halden, zephyr = one(client, "halden")["id"], one(client, "zephyr")["id"]
    link = {"subject": halden, "kind": "together", "object": zephyr}
    [source] = client.get(SOURCES, params=link).json()["sources"]
    assert source["document"]["name"] == "engine.md"
    text = f"/api/v1/collections/default/documents/{source['document']['id']}/text"
    part = client.get(text, params={"start": source["start"], "end": source["end"]}).json()["text"]
    assert "Zephyr 9" in part
    assert "Halden Works" in part
    # It has no direction, so it is asked for in either.
    turned = link | {"subject": zephyr, "object": halden}
    assert client.get(SOURCES, params=turned).json()["sources"] == [source]
    made = {"subject": one(client, "engine.md")["id"], "object": one(client, "yard.md")["id"]}
    [linked] = client.get(SOURCES, params=made | {"kind": "links_to"}).json()["sources"]
    assert linked["document"]["name"] == "engine.md"
    back = {"subject": made["object"], "kind": "links_to", "object": made["subject"]}
    for nothing in (back, link | {"kind": "is_a"}, link | {"object": str(uuid4())}):
        assert client.get(SOURCES, params=nothing).json() == {"sources": []}
    # A neighbour's collection of the same name has none of it, and ids of others tell nothing.
    assert neighbour_api.get(SOURCES, params=link).json() == {"sources": []}
    nowhere = client.get(SOURCES, params=link | {"collection": "nowhere"})
    assert_problem(nowhere, 404, "not_found")


def test_of_many_passages_that_say_so_the_first_are_given(client: httpx2.Client) -> None:
    client.post("/api/v1/collections", json={"name": "many"}).raise_for_status()
    for name in ("b.md", "a.md"):
        text = f"# Of {name}\n\nHalden Works is beside Trondheim Pier.\n"
        indexed(client, name, text, collection="many")
    about = {"collection": "many"}
    ends = [
        client.get(FIND, params=about | {"text": text}).json()["entities"][0]["id"]
        for text in ("halden", "trondheim")
    ]
    link = about | {"subject": ends[0], "kind": "together", "object": ends[1]}
    found = client.get(SOURCES, params=link).json()["sources"]
    assert [source["document"]["name"] for source in found] == ["a.md", "b.md"]
    assert [source["heading_path"] for source in found] == [["Of a.md"], ["Of b.md"]]
    first = client.get(SOURCES, params=link | {"limit": 1}).json()["sources"]
    assert first == found[:1]


def test_what_belongs_together_is_grouped(client: httpx2.Client) -> None:
    groups = client.get("/api/v1/graph/communities").json()["communities"]
    together = [{entity["name"] for entity in group["entities"]} for group in groups]
    assert any({"Halden Works", "Trondheim", "Zephyr 9"} <= names for names in together)
    assert [group["size"] for group in groups] == sorted(
        (group["size"] for group in groups), reverse=True
    )


def test_an_answer_is_made_of_what_its_passages_say(client: httpx2.Client) -> None:
    asked = client.post("/api/v1/runs", json={"goal": "Who made the Zephyr 9?"}).json()["id"]
    run = ended(client, asked)
    assert run["citations"]
    found = client.get(f"/api/v1/graph/answers/{asked}").json()
    names = {entity["name"] for entity in found["entities"]}
    assert {"Zephyr 9", "Halden Works"} <= names
    ids = {entity["id"] for entity in found["entities"]}
    assert found["links"]
    assert all({link["subject"], link["object"]} <= ids for link in found["links"])


def test_a_run_that_cites_nothing_is_made_of_nothing(platform: Running) -> None:
    with platform.client(platform.new_tenant()) as empty:
        run = empty.post("/api/v1/runs", json={"goal": "Who made it?"}).json()["id"]
        ended(empty, run)
        found = empty.get(f"/api/v1/graph/answers/{run}").json()
        assert found == {"entities": [], "links": [], "cut": False}
        assert empty.get("/api/v1/graph/communities").json() == {"communities": []}


def test_what_is_not_there_is_said(client: httpx2.Client, neighbour_api: httpx2.Client) -> None:
    halden, unknown = one(client, "halden")["id"], str(uuid4())
    for params in ({"entity": unknown}, {"entity": halden, "collection": "nowhere"}):
        assert_problem(client.get(AROUND, params=params), 404, "not_found")
    for params in ({"start": halden, "end": unknown}, {"start": unknown, "end": halden}):
        assert_problem(client.get(WAY, params=params), 404, "not_found")
    assert_problem(neighbour_api.get(AROUND, params={"entity": halden}), 404, "not_found")
    assert neighbour_api.get(FIND, params={"text": "halden"}).json() == {"entities": []}
    assert_problem(client.get(FIND, params={"text": "…!"}), 422, "invalid_input", "text")
    for path, params, field in (
        (FIND, {"text": "a", "limit": "0"}, "limit"),
        (AROUND, {"entity": halden, "hops": "4"}, "hops"),
        (AROUND, {"entity": "halden"}, "entity"),
        (WAY, {"start": halden, "end": halden, "longest": "7"}, "longest"),
    ):
        assert_problem(client.get(path, params=params), 422, "invalid_input", field)


def test_a_search_by_the_graph_gives_what_the_best_passage_leads_to(client: httpx2.Client) -> None:
    asked = {"query": "In which town is the yard of the maker of the Zephyr 9?", "graph": True}
    answer = client.post("/api/v1/search", json=asked)
    assert {hit["document"]["name"] for hit in answer.json()["hits"]} == {"yard.md", "engine.md"}


class Commands:
    """The command line, as one who has this tenant's key."""

    def __init__(self, home: Path, platform: Running, tenant: Tenant) -> None:
        credentials = {"api_url": platform.url, "api_key": tenant.api_key}
        (home / "credentials.json").write_text(json.dumps(credentials))
        self.home = home

    def __call__(self, *arguments: str) -> int:
        return main(["--home", str(self.home), *arguments])


def test_without_a_projection_the_facts_are_asked(client: httpx2.Client) -> None:
    """As in this profile: there is nothing to build, and the graph is as it was."""
    nothing = {"projected": False, "whole": False, "versions": 0, "of": 0}
    assert client.get("/api/v1/graph/projection").json() == nothing
    answer = client.post("/api/v1/graph/rebuild")
    assert (answer.status_code, answer.json()) == (202, nothing)
    for method, path in (("GET", "projection"), ("POST", "rebuild")):
        lost = client.request(method, f"/api/v1/graph/{path}", params={"collection": "nowhere"})
        assert_problem(lost, 404, "not_found")
    assert one(client, "halden")["name"] == "Halden Works"


@pytest.fixture
def cli(tmp_path: Path, platform: Running, tenant: Tenant, client: httpx2.Client) -> Commands:
    return Commands(tmp_path, platform, tenant)


def test_the_command_line_shows_the_graph(
    cli: Commands, capsys: pytest.CaptureFixture[str], client: httpx2.Client
) -> None:
    def said(*arguments: str) -> str:
        assert cli("graph", *arguments) == 0
        return capsys.readouterr().out

    assert said("find", "halden") == "Halden Works  name, 2 passages\n"
    assert said("find", "nothing") == "Nothing begins so.\n"
    assert "Trondheim" in said("around", "Halden Works")
    assert said("around", "Halden Works", "-n", "2").endswith("There is more; --limit shows it.\n")
    way = said("path", "zephyr", "trondheim")
    assert way == "Zephyr 9 – together – Halden Works – together – Trondheim\n"
    assert said("path", "zephyr", "trondheim", "--longest", "1") == "No way is that short.\n"
    assert "engine.md → links to → yard.md" in said("path", "engine.md", "yard.md")
    assert "engine.md ← links to ←" not in said("path", "engine.md", "yard.md")
    assert "yard.md ← links to ← engine.md" in said("path", "yard.md", "engine.md")
    assert "Halden Works" in said("groups")
    assert said("rebuild").startswith("There is nothing to build: the graph is asked of its facts")
    run = client.post("/api/v1/runs", json={"goal": "Who made the Zephyr 9?"}).json()["id"]
    ended(client, run)
    assert "Zephyr 9" in said("answer", run[-12:])  # as `runs list` shows it
    found = json.loads(said("find", "halden", "--json"))
    assert found["entities"][0]["key"] == "halden works"


def test_the_command_line_says_what_is_not_there(
    cli: Commands, capsys: pytest.CaptureFixture[str], client: httpx2.Client
) -> None:
    assert cli("graph", "around", "nothing") == 1
    assert "Nothing in default is called nothing." in capsys.readouterr().err
    assert cli("graph", "groups", "-c", "nowhere") == 4
    client.post("/api/v1/collections", json={"name": "bare"}).raise_for_status()
    assert cli("graph", "groups", "-c", "bare") == 0
    assert capsys.readouterr().out == "Nothing belongs together yet.\n"
    assert cli("search", "--graph", "Zephyr") == 0
    assert "yard.md" in capsys.readouterr().out

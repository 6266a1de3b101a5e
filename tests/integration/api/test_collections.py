"""Collections: made, listed in pages, read, removed with what runs on them."""

from datetime import datetime
from uuid import UUID

import httpx2

from tests.integration.api.answers import assert_problem, ended, events, eventually, indexed, upload
from tests.integration.api.kept import files, rows
from tests.integration.api.running import Running

COLLECTIONS = "/api/v1/collections"


def test_default_is_there_from_the_start(api: httpx2.Client) -> None:
    found = api.get(f"{COLLECTIONS}/default")
    assert found.status_code == 200
    assert found.json()["name"] == "default"


def test_a_collection_is_made_read_and_removed(api: httpx2.Client) -> None:
    made = api.post(COLLECTIONS, json={"name": "hand-book_1"})
    assert made.status_code == 201
    assert made.headers["location"] == f"{COLLECTIONS}/hand-book_1"
    body = made.json()
    assert UUID(body["id"]).version == 7
    assert (body["name"], body["documents"], body["chunks"]) == ("hand-book_1", 0, 0)
    assert body["model"]["dimension"] == 384
    assert datetime.fromisoformat(body["created_at"]).tzinfo is not None
    assert api.get(made.headers["location"]).json() == body

    again = api.post(COLLECTIONS, json={"name": "hand-book_1"})
    problem = assert_problem(again, 409, "already_exists", "name")
    assert "hand-book_1" in problem["detail"]

    assert api.delete(f"{COLLECTIONS}/hand-book_1").status_code == 204
    assert_problem(api.get(f"{COLLECTIONS}/hand-book_1"), 404, "not_found")
    assert_problem(api.delete(f"{COLLECTIONS}/hand-book_1"), 404, "not_found")


def test_names_of_all_allowed_kinds_are_taken(api: httpx2.Client) -> None:
    for name in ("a", "0", "9-_", "a" * 63):
        assert api.post(COLLECTIONS, json={"name": name}).status_code == 201
        assert api.delete(f"{COLLECTIONS}/{name}").status_code == 204


def test_collections_are_listed_by_name_in_pages(platform: Running) -> None:
    with platform.client(platform.new_tenant()) as api:
        for name in ("c", "a", "b"):
            assert api.post(COLLECTIONS, json={"name": name}).status_code == 201
        whole = api.get(COLLECTIONS).json()
        assert [item["name"] for item in whole["items"]] == ["a", "b", "c", "default"]
        assert whole["next"] is None
        seen, cursor = [], None
        for _ in range(4):
            query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
            page = api.get(COLLECTIONS, params=query).json()
            seen += page["items"]
            cursor = page["next"]
        assert cursor is None
        assert seen == whole["items"]
        assert len(api.get(COLLECTIONS, params={"limit": 200}).json()["items"]) == 4


def test_a_removed_collection_takes_all_with_it(platform: Running) -> None:
    """Its documents, the places of its chunks, its points and its files."""
    tenant = platform.new_tenant()
    with platform.client(tenant) as api:
        empty = rows(platform, tenant), files(platform, tenant)
        assert api.post(COLLECTIONS, json={"name": "gone"}).status_code == 201
        indexed(api, "a.txt", "The lighthouse keeper reads by lamp light.", "gone")
        found = api.post("/api/v1/search", json={"query": "lighthouse", "collection": "gone"})
        assert len(found.json()["hits"]) == 1
        counted = api.get(f"{COLLECTIONS}/gone").json()
        assert (counted["documents"], counted["chunks"]) == (1, 1)
        assert files(platform, tenant)

        assert api.delete(f"{COLLECTIONS}/gone").status_code == 204
        eventually(lambda: not files(platform, tenant), "the files are swept")
        left = rows(platform, tenant)
        history = ("runs", "tasks", "events")
        assert {name: count for name, count in left.items() if name not in history} == {
            name: count for name, count in empty[0].items() if name not in history
        }


def test_a_collection_is_removed_while_its_documents_are_indexed(platform: Running) -> None:
    """The runs are cancelled, and what the librarian was about to write is not left behind."""
    tenant = platform.new_tenant()
    with platform.client(tenant) as api:
        assert api.post(COLLECTIONS, json={"name": "busy"}).status_code == 201
        text = "\n\n".join(f"Paragraph {n} of many words. " * 30 for n in range(60))
        # The stored text has other line ends, so that a cancelled worker's late copy of it is not
        # the uploaded file come back: that copy goes with the hourly sweep.
        uploads = [upload(api, f"{n}.txt", f"{n} {text}\r\n", "busy").json() for n in range(3)]
        runs = [body["run"]["id"] for body in uploads]
        eventually(
            lambda: api.get(f"/api/v1/runs/{runs[0]}").json()["status"] == "running",
            "the librarian works",
        )
        assert api.delete(f"{COLLECTIONS}/busy").status_code == 204
        assert_problem(api.get(f"{COLLECTIONS}/busy"), 404, "not_found")
        for run in runs:
            assert ended(api, run)["status"] == "cancelled"
            last = list(events(api, run))[-1]
            assert last.event == "run.cancelled"
            assert "busy" in (last.data or "")
        librarian = platform.platform.registry
        eventually(
            lambda: all(
                state.busy == 0
                for state in platform.call(librarian.agents())
                if state.card.name == "librarian"
            ),
            "the librarian stopped",
        )
        # What a cancelled worker may still write is swept a minute later; that minute is over now.
        platform.execute("UPDATE leftovers SET not_before = now()", {})
        platform.loop.call_soon_threadsafe(platform.platform.knowledge.on_leftovers)
        eventually(lambda: not rows(platform, tenant)["leftovers"], "leftovers are swept")
        left = rows(platform, tenant)
        assert (left["documents"], left["document_versions"], left["chunks"]) == (0, 0, 0)
        uploaded = {body["document"]["sha256"] for body in uploads}
        assert not uploaded & files(platform, tenant)

"""Documents: uploaded, indexed by a run, read by code points, replaced, removed."""

import hashlib
import json
from typing import Any

import httpx2
import pytest

from tests.integration.api.answers import assert_problem, ended, events, eventually, indexed, upload
from tests.integration.api.kept import rows
from tests.integration.api.running import Running

DOCUMENTS = "/api/v1/collections/default/documents"


def search(api: httpx2.Client, query: str) -> list[dict[str, Any]]:
    hits: list[dict[str, Any]] = api.post("/api/v1/search", json={"query": query}).json()["hits"]
    return hits


@pytest.mark.requirement("E2", part="upload, chunk, embed, index with progress")
def test_an_upload_is_indexed_by_a_run(api: httpx2.Client) -> None:
    content = "# Tides\n\nThe moon pulls the sea.\n\n## Springs\n\nTwice a month they are high.\n"
    answer = upload(api, "tides.md", content)
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == {"document", "run"}
    document, run = body["document"], body["run"]
    assert answer.headers["location"] == f"{DOCUMENTS}/{document['id']}"
    assert document["name"] == "tides.md"
    assert (document["collection"], document["version"]) == ("default", 1)
    assert document["status"] in {"pending", "indexing", "indexed"}
    assert document["size"] == len(content)
    assert document["sha256"] == hashlib.sha256(content.encode()).hexdigest()
    assert document["run"] == run["id"]
    assert (run["workflow"], run["collection"]) == ("index", "default")
    assert [step["agent"] for step in run["steps"]] == ["librarian"]

    seen = [event for event in events(api, run["id"]) if event.id]
    assert seen[-1].event == "run.succeeded"
    assert "step.progress" in {event.event for event in seen}

    ready = api.get(answer.headers["location"]).json()
    assert ready["status"] == "indexed"
    assert ready["media_type"] == "text/markdown"
    assert ready["title"] == "Tides"
    assert ready["chunks"] >= 1
    assert ready["indexed_at"] is not None
    assert ready["error"] is None
    text = api.get(f"{DOCUMENTS}/{document['id']}/text").json()
    assert text["characters"] == ready["characters"] == len(text["text"])
    run = api.get(f"/api/v1/runs/{run['id']}").json()
    assert run["usage"]["attempts"] == 1


def test_the_same_bytes_again_cost_nothing(platform: Running, api: httpx2.Client) -> None:
    first = indexed(api, "same.txt", "Always the same words.")
    before = rows(platform, platform.tenant)
    again = upload(api, "same.txt", "Always the same words.", media_type="text/plain")
    assert again.status_code == 200
    assert again.json() == {"document": first, "run": None}
    assert again.headers["location"] == f"{DOCUMENTS}/{first['id']}"
    assert rows(platform, platform.tenant) == before


def test_other_bytes_under_the_same_name_are_a_new_version(api: httpx2.Client) -> None:
    first = indexed(api, "notes.txt", "The zeppelin lands at noon.")
    second = indexed(api, "notes.txt", "The submarine dives at midnight.")
    assert second["id"] == first["id"]
    assert (first["version"], second["version"]) == (1, 2)
    assert second["run"] != first["run"]
    text = api.get(f"{DOCUMENTS}/{first['id']}/text").json()["text"]
    assert "submarine" in text
    assert not [hit for hit in search(api, "zeppelin") if "zeppelin" in hit["text"]]
    assert "submarine" in search(api, "submarine")[0]["text"]
    # The first words once more are a third version.
    assert indexed(api, "notes.txt", "The zeppelin lands at noon.")["version"] == 3


def test_the_same_bytes_under_another_name_are_another_document(api: httpx2.Client) -> None:
    one, two = (indexed(api, name, "Twins.") for name in ("one.txt", "two.txt"))
    assert one["id"] != two["id"]
    assert one["sha256"] == two["sha256"]
    assert api.delete(f"{DOCUMENTS}/{one['id']}").status_code == 204
    # The file they share stays.
    assert api.get(f"{DOCUMENTS}/{two['id']}/text").json()["text"].strip() == "Twins."


@pytest.mark.parametrize(
    ("name", "content", "media_type", "visible", "headings"),
    [
        ("plain.txt", "Just text.\n\nMore of it.", "text/plain", "More of it.", []),
        ("a.md", "# One\n\n## Two\n\nThe *basalt*.", "text/markdown", "basalt", ["One", "Two"]),
        (
            "page.html",
            "<!doctype html><html><head><title>T</title><style>p{color:red}</style>"
            "<script>var secret = 'granite'</script></head>"
            "<body><h1>One</h1><p>The <b>obsidian</b> knife.</p></body></html>",
            "text/html",
            "obsidian",
            ["One"],
        ),
    ],
)  # fmt: skip
def test_what_a_file_is_shows_from_its_content(
    api: httpx2.Client, name: str, content: str, media_type: str, visible: str, headings: list[str]
) -> None:
    document = indexed(api, name, content)
    assert document["media_type"] == media_type
    text = api.get(f"{DOCUMENTS}/{document['id']}/text").json()["text"]
    assert visible in text
    assert "granite" not in text
    assert "color:red" not in text
    hit = next(hit for hit in search(api, visible) if hit["document"]["id"] == document["id"])
    assert hit["heading_path"] == headings


def test_text_is_cut_by_code_points(api: httpx2.Client) -> None:
    words = "Grüße 👩‍👩‍👧 aus 東京 und 🇨🇭, 𝕊utazai é."
    document = indexed(api, "unicode.txt", words)
    path = f"{DOCUMENTS}/{document['id']}/text"
    whole = api.get(path).json()
    assert set(whole) == {"document", "start", "end", "characters", "text"}
    assert whole["document"] == {"id": document["id"], "name": "unicode.txt"}
    text = whole["text"]
    assert text.strip() == words
    assert (whole["start"], whole["end"], whole["characters"]) == (0, len(text), len(text))
    for start in range(len(text)):
        cut = api.get(path, params={"start": start, "end": start + 1}).json()
        assert cut["text"] == text[start]
    assert api.get(path, params={"start": 3, "end": 3}).json()["text"] == ""
    assert api.get(path, params={"start": len(text)}).json()["text"] == ""
    past = api.get(path, params={"start": 2, "end": 10_000}).json()
    assert (past["text"], past["end"]) == (text[2:], len(text))
    assert_problem(api.get(path, params={"start": len(text) + 1}), 422, "invalid_input", "start")
    assert_problem(api.get(path, params={"start": 3, "end": 2}), 422, "invalid_input", "end")


def test_file_names_of_all_kinds_are_kept_as_they_are(api: httpx2.Client) -> None:
    for name in (
        "Ünïcödé 東京 👍.md",
        "a" * 255,
        "no extension",
        ".hidden",
        "%2e.txt",
    ):
        answer = upload(api, name, f"A file named {name}.")
        assert answer.status_code == 202, answer.text
        assert answer.json()["document"]["name"] == name
        ended(api, answer.json()["run"]["id"])
        assert api.delete(answer.headers["location"]).status_code == 204


def test_documents_are_listed_by_name_in_pages(platform: Running) -> None:
    with platform.client(platform.new_tenant()) as api:
        assert api.get(DOCUMENTS).json() == {"items": [], "next": None}
        for name in ("c.txt", "a.txt", "b.txt"):
            indexed(api, name, f"This is {name}.")
        first = api.get(DOCUMENTS, params={"limit": 2}).json()
        assert [item["name"] for item in first["items"]] == ["a.txt", "b.txt"]
        second = api.get(DOCUMENTS, params={"limit": 2, "cursor": first["next"]}).json()
        assert [item["name"] for item in second["items"]] == ["c.txt"]
        assert second["next"] is None
        assert second["items"][0] == api.get(f"{DOCUMENTS}/{second['items'][0]['id']}").json()


def test_a_removed_document_is_found_nowhere(api: httpx2.Client) -> None:
    document = indexed(api, "removed.txt", "The quetzalcoatlus glided over the delta.")
    path = f"{DOCUMENTS}/{document['id']}"
    assert "quetzalcoatlus" in search(api, "quetzalcoatlus")[0]["text"]
    assert api.delete(path).status_code == 204
    assert not [hit for hit in search(api, "quetzalcoatlus") if "quetzalcoatlus" in hit["text"]]
    for gone in (api.get(path), api.get(f"{path}/text"), api.delete(path)):
        assert_problem(gone, 404, "not_found")


def test_a_document_is_removed_while_it_is_indexed(api: httpx2.Client) -> None:
    text = "\n\n".join(f"Paragraph {n} of many words. " * 30 for n in range(60))
    body = upload(api, "long.txt", text).json()
    path = f"{DOCUMENTS}/{body['document']['id']}"
    eventually(lambda: api.get(path).json()["status"] == "indexing", "the librarian works")
    assert_problem(api.get(f"{path}/text"), 404, "not_found")
    assert api.delete(path).status_code == 204
    run = ended(api, body["run"]["id"])
    assert run["status"] == "cancelled"
    assert_problem(api.get(path), 404, "not_found")


def test_cancelled_indexing_is_seen_at_the_document(api: httpx2.Client) -> None:
    text = "\n\n".join(f"Paragraph {n} of quite many words. " * 30 for n in range(60))
    body = upload(api, "stopped.txt", text).json()
    path = f"{DOCUMENTS}/{body['document']['id']}"
    assert api.post(f"/api/v1/runs/{body['run']['id']}/cancel").json()["status"] == "cancelled"
    document = api.get(path).json()
    assert document["status"] == "cancelled"
    assert document["error"]
    # It may be tried again with the same bytes: nothing of them is indexed.
    again = upload(api, "stopped.txt", text)
    assert again.status_code == 202
    assert again.json()["document"]["version"] == 2
    assert api.delete(path).status_code == 204


def test_a_file_without_words_fails_with_the_reason(api: httpx2.Client) -> None:
    """Only the parser sees that nothing of it would be visible."""
    body = upload(api, "silent.html", "<html><script>let a = 1</script></html>").json()
    run = ended(api, body["run"]["id"])
    assert run["status"] == "failed"
    assert run["error"]
    document = api.get(f"{DOCUMENTS}/{body['document']['id']}").json()
    assert document["status"] == "failed"
    assert document["error"] == run["error"]
    last = list(events(api, body["run"]["id"]))[-1]
    assert last.event == "run.failed"
    assert json.loads(last.data or "")["data"]["reason"] == run["error"]


def test_a_document_of_another_collection_is_not_here(api: httpx2.Client) -> None:
    assert api.post("/api/v1/collections", json={"name": "elsewhere"}).status_code == 201
    document = indexed(api, "there.txt", "I am elsewhere.", "elsewhere")
    assert_problem(api.get(f"{DOCUMENTS}/{document['id']}"), 404, "not_found")
    assert_problem(api.delete(f"{DOCUMENTS}/{document['id']}"), 404, "not_found")
    upper = document["id"].upper()
    there = api.get(f"/api/v1/collections/elsewhere/documents/{upper}")
    assert there.json() == document
    assert api.delete("/api/v1/collections/elsewhere").status_code == 204

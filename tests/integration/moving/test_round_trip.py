"""An export holds all of a tenant; imported elsewhere and exported again it is the same."""

import io
import json
import tarfile
from typing import Any

import httpx2
import pytest

from tests.integration.api.answers import assert_problem, ended
from tests.integration.api.running import Running, Tenant
from tests.integration.moving.logged import amounts, entries, user_of

SECRETS = ("password", "digest", "api_key", "token")
QUESTIONS = (("handbook", "When are backups made?"), ("default", "Who lights the lamp?"))


def exported(platform: Running, tenant: Tenant | None = None) -> dict[str, bytes]:
    """Export, and give the files by name, as the archive's manifest lists them."""
    with platform.client(tenant) as api:
        answer = api.get("/api/v1/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-tar"
    return unpacked(answer.content)


def unpacked(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as found:
        files = {}
        for member in found:
            content = found.extractfile(member)
            assert content is not None
            files[member.name] = content.read()
    return files


def packed(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def imported(api: httpx2.Client, files: dict[str, bytes]) -> httpx2.Response:
    headers = {"Content-Type": "application/x-tar"}
    return api.post("/api/v1/import", content=packed(files), headers=headers, timeout=60)


def found(platform: Running) -> list[list[dict[str, Any]]]:
    """Search for the same things; what is found, with the places it stands at."""
    with platform.client() as api:
        return [
            api.post("/api/v1/search", json={"query": query, "collection": name}).json()["hits"]
            for name, query in QUESTIONS
        ]


def conversations(platform: Running) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """List the conversations of the first user, each with its messages."""
    with platform.client() as api:
        return [
            (item, api.get(f"/api/v1/conversations/{item['id']}/messages").json()["items"])
            for item in api.get("/api/v1/conversations").json()["items"]
        ]


def steady(files: dict[str, bytes]) -> dict[str, bytes | dict[str, Any]]:
    """Give the files, of the manifest only what does not tell where and when it was made."""
    manifest = json.loads(files["manifest.json"])
    for name in ("made_at", "tenant", "left_out"):
        manifest.pop(name)
    return {**files, "manifest.json": manifest}


def test_an_export_is_a_file_to_keep(source: Running) -> None:
    with source.client() as api, api.stream("GET", "/api/v1/export") as answer:
        said = answer.headers["content-disposition"]
    assert said == 'attachment; filename="sutazai-export.tar"'


@pytest.mark.requirement("B8", part="export and import of a tenant, round trip")
def test_what_was_imported_is_what_was_exported(source: Running, target: Running) -> None:
    files = exported(source)
    with target.client() as api:
        answer = imported(api, files)
        assert answer.status_code == 200, answer.text
        made = answer.json()
        for run in made["rebuilds"]:
            assert ended(api, run)["status"] == "succeeded"
    kinds = {name.partition("/")[0] for name in files if "/" in name}
    stored = {"chunks", "files", "texts"}
    assert kinds == {"collections", "conversations", "documents", "runs", *stored}
    assert made["objects"] == {"collections": 2, "runs": 8, "documents": 3, "conversations": 1}
    (entry,) = entries(target)
    assert (entry["event"], entry["actor"]) == ("data.imported", user_of(target))
    assert entry["subject"] == str(target.tenant.id)
    assert entry["details"] == amounts(files)
    again = exported(target)
    assert steady(again) == steady(files)
    assert found(target) == found(source)
    assert conversations(target) == conversations(source)
    assert [hits[0]["document"]["name"] for hits in found(target)] == ["manual.md", "naïve 𝄞.txt"]


def test_an_object_is_one_readable_file_with_all_that_belongs_to_it(source: Running) -> None:
    files = exported(source)
    objects = [json.loads(text) for name, text in files.items() if name.endswith(".json")]
    (asked,) = [item for item in objects if item.get("idempotency_key") == "first"]
    assert [step["step"] for step in asked["steps"]] == ["research", "write", "review"]
    assert [event["seq"] for event in asked["events"]] == list(range(1, len(asked["events"]) + 1))
    (manual,) = [item for item in objects if item.get("name") == "manual.md"]
    (version,) = manual["versions"]
    assert (version["number"], version["state"]) == (2, "indexed")
    assert len(version["chunks"]) == version["chunk_count"] == 2
    lines = files[f"chunks/{version['chunks_sha256']}.jsonl"].decode().splitlines()
    assert [json.loads(line)["heading_path"] for line in lines] == [["Backups"], ["Keys"]]
    assert b"two in the morning" in files[f"files/{version['sha256']}"]
    for item in asked["steps"]:
        assert not any(secret in name for name in item for secret in SECRETS)
    assert not [item for item in objects if "email" in item]


def test_what_retries_what_is_in_it(source: Running) -> None:
    files = exported(source)
    runs = [json.loads(text) for name, text in files.items() if name.startswith("runs/")]
    (retry,) = [run for run in runs if run["retry_of"]]
    assert retry["origin"] == retry["retry_of"]
    assert json.loads(files[f"runs/{retry['retry_of']}.json"])["status"] == "failed"
    assert [step["attempt"] for step in retry["steps"]] == [0, 1, 1]


def test_of_conversations_those_of_the_person_who_exports_are_in_it(source: Running) -> None:
    files = exported(source)
    (name,) = [name for name in files if name.startswith("conversations/")]
    talk = json.loads(files[name])
    asked, answered = talk["messages"]
    assert (asked["role"], asked["text"]) == ("user", "Where are keys?")
    assert "Keys lie in the safe" in answered["text"]
    (question,) = talk["questions"]
    assert f"runs/{question['id']}.json" in files
    assert b"A colleague's own" not in b"".join(files.values())


def test_a_conversation_whose_question_is_worked_on_waits_for_the_next_export(
    source: Running,
) -> None:
    (name,) = [name for name in exported(source) if name.startswith("conversations/")]
    run = {"run": json.loads(exported(source)[name])["questions"][0]["id"]}
    # As it is while agents work.
    source.execute("UPDATE runs SET status = 'running' WHERE id = %(run)s", run)
    try:
        files = exported(source)
    finally:
        source.execute("UPDATE runs SET status = 'succeeded' WHERE id = %(run)s", run)
    assert name not in files
    left_out = json.loads(files["manifest.json"])["left_out"]
    assert left_out["conversations of yours with a question that is being worked on"] == 1


def test_a_tenant_that_holds_something_is_not_imported_into(source: Running) -> None:
    files = exported(source)
    with source.client() as api:
        problem = assert_problem(imported(api, files), 409, "conflict")
    assert problem["detail"].endswith("this one holds 8 runs, 3 documents")


def test_the_same_ids_are_not_taken_twice_in_one_installation(source: Running) -> None:
    other = source.new_tenant()
    before = exported(source, other)
    with source.client(other) as api:
        assert_problem(imported(api, exported(source)), 409, "already_exists")
    assert steady(exported(source, other)) == steady(before)


def test_an_export_holds_nothing_of_another_tenant(source: Running) -> None:
    other = exported(source, source.new_tenant())
    assert {name.partition("/")[0] for name in other} == {"collections", "manifest.json"}


def test_who_does_not_administer_the_tenant_is_refused(source: Running) -> None:
    member = source.new_tenant()
    source.execute(
        "UPDATE memberships SET role = 'member' WHERE tenant_id = %(t)s", {"t": member.id}
    )
    with source.client(member) as api:
        assert_problem(api.get("/api/v1/export"), 403, "forbidden")
        assert_problem(imported(api, {}), 403, "forbidden")

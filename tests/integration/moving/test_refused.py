"""An import that is not what it should be is refused, in words, and nothing of it is written."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.integration.api.answers import assert_problem
from tests.integration.api.kept import nothing_kept, rows
from tests.integration.api.running import Running
from tests.integration.moving.logged import entries, full_log
from tests.integration.moving.test_round_trip import exported, imported

Files = dict[str, bytes]
ELSEWHERE = "0193a1b2-0000-7000-8000-000000000001"


def first(files: Files, folder: str, holding: str = "") -> str:
    """Name the first file of a folder, of those that hold a text."""
    inside = (name for name in sorted(files) if name.startswith(f"{folder}/"))
    return next(name for name in inside if holding.encode() in files[name])


def with_manifest(files: Files, **changes: Any) -> Files:
    """Make the manifest fit the files, and change something of it."""
    manifest = json.loads(files["manifest.json"])
    listed = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in files.items()
        if name != "manifest.json"
    }
    manifest.update({"files": listed, **changes})
    return {**files, "manifest.json": json.dumps(manifest).encode()}


def changed(files: Files, name: str, change: Callable[[dict[str, Any]], object]) -> Files:
    """Change an object, with a manifest that fits."""
    item = json.loads(files[name])
    change(item)
    return with_manifest({**files, name: json.dumps(item).encode()})


def without(files: Files, name: str) -> Files:
    return {other: content for other, content in files.items() if other != name}


def _damaged(files: Files) -> Files:
    name = first(files, "documents")
    return {**files, name: files[name].replace(b"manual", b"menial").replace(b"1", b"2", 1)}


def _not_ended(files: Files) -> Files:
    return changed(files, first(files, "runs"), lambda run: run.update(status="running"))


def _step_ready(files: Files) -> Files:
    return changed(files, first(files, "runs"), lambda run: run["steps"][0].update(status="ready"))


def _astray(files: Files) -> Files:
    return changed(
        files, first(files, "runs", "manual.md"), lambda run: run.update(collection_id=ELSEWHERE)
    )


def _other_file(files: Files) -> Files:
    def swap(document: dict[str, Any]) -> None:
        document["versions"][0]["sha256"] = "0" * 64

    return changed(files, first(files, "documents", "manual.md"), swap)


def _moved_file(files: Files) -> Files:
    name = first(files, "files")
    return with_manifest({**files, name: b"something else"})


def _renamed(files: Files) -> Files:
    name = first(files, "runs")
    return with_manifest({**without(files, name), f"runs/{ELSEWHERE}.json": files[name]})


def _message_astray(files: Files) -> Files:
    return changed(
        files,
        first(files, "conversations"),
        lambda talk: talk["messages"][1].update(run_id=ELSEWHERE),
    )


# What is wrong, how, and what the answer says of it.
CASES: dict[str, tuple[Callable[[Files], Files], str]] = {
    "no manifest": (lambda f: without(f, "manifest.json"), "manifest.json is not in it"),
    "another program's": (lambda f: with_manifest(f, format="takeout"), "but 'takeout'"),
    "no manifest of ours": (lambda f: {**f, "manifest.json": b"[]"}, "not that of an export"),
    "a newer format": (lambda f: with_manifest(f, version=2), "newer than this one"),
    "newer records": (lambda f: with_manifest(f, records="9999"), "newer than this one"),
    "one byte changed": (_damaged, "is damaged"),
    "a file missing": (lambda f: without(f, first(f, "texts")), "is missing"),
    "a file too many": (lambda f: {**f, "runs/x.json": b"{}"}, "does not know"),
    "a folder of its own": (
        lambda f: with_manifest({**f, "secrets/x": b""}),
        "which nothing in it refers to",
    ),
    "no JSON": (lambda f: with_manifest({**f, "runs/x.json": b"{"}), "is not JSON"),
    "no object": (lambda f: with_manifest({**f, "runs/x.json": b"[]"}), "holds no object"),
    "not UTF-8": (lambda f: with_manifest({**f, "runs/x.json": b"\xff"}), "is not UTF-8"),
    "named otherwise": (_renamed, "called otherwise"),
    "an unknown field": (
        lambda f: changed(f, first(f, "runs"), lambda run: run.update(owner="me")),
        "'owner' is not a known field",
    ),
    "a secret": (
        lambda f: changed(f, first(f, "runs"), lambda run: run["steps"][0].update(token="x")),
        "'token' is not a known field",
    ),
    "steps that are no list": (
        lambda f: changed(f, first(f, "runs"), lambda run: run.update(steps={})),
        "steps is a list",
    ),
    "a value of another kind": (
        lambda f: changed(f, first(f, "runs"), lambda run: run.update(created_at="soon")),
        "does not fit",
    ),
    "a value left out": (
        lambda f: changed(f, first(f, "runs"), lambda run: run.pop("goal")),
        "does not fit",
    ),
    "a run that has not ended": (_not_ended, "such as what has not ended"),
    "a step that waits": (_step_ready, "such as what has not ended"),
    "a collection of somebody else": (_astray, "does not fit"),
    "an answer of somebody else's run": (_message_astray, "does not fit"),
    "a conversation of somebody else": (
        lambda f: changed(f, first(f, "conversations"), lambda talk: talk.update(user_id="x")),
        "'user_id' is not a known field",
    ),
    "bytes that are not there": (_other_file, "which nothing in it refers to"),
    "other bytes than named": (_moved_file, "is not what its name says"),
}


@pytest.mark.requirement("B8", part="damaged, foreign and newer exports refused")
@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_and_nothing_is_written(name: str, source: Running, target: Running) -> None:
    change, words = CASES[name]
    with nothing_kept(target, target.tenant), target.client() as api:
        answer = imported(api, change(exported(source)))
        assert words in assert_problem(answer, 422, "invalid_input")["detail"]


@pytest.mark.parametrize("body", [b"", b"no archive", b"\0" * 10_240, b"\x1f\x8b\x08\0" * 300])
def test_what_is_no_archive_is_refused(body: bytes, target: Running) -> None:
    with nothing_kept(target, target.tenant), target.client() as api:
        assert_problem(send(api, body), 422, "invalid_input")


def send(api: httpx2.Client, body: bytes) -> httpx2.Response:
    return api.post("/api/v1/import", content=body, headers={"Content-Type": "application/x-tar"})


def test_an_import_that_can_not_be_written_down_is_not_made(
    source: Running, target: Running
) -> None:
    files, before = exported(source), rows(target, target.tenant)
    with full_log(target), target.client() as api:
        assert_problem(imported(api, files), 503, "database_unavailable")
    # Its files were stored by then; they are swept as those that nothing refers to.
    assert rows(target, target.tenant) == before
    assert entries(target) == []


def test_a_row_of_another_tenant_is_not_referred_to(source: Running, target: Running) -> None:
    """A key of the database sees the rows of all tenants; an import does not."""
    other = target.new_tenant()
    with target.client(other) as api:
        theirs = api.get("/api/v1/collections/default").json()
    stranger = target.query(
        "SELECT id::text FROM collections WHERE tenant_id = %(t)s", {"t": other.id}
    )[0][0]
    assert theirs["name"] == "default"
    files = exported(source)
    name = first(files, "runs", "manual.md")
    files = changed(files, name, lambda run: run.update(collection_id=stranger))
    with nothing_kept(target, target.tenant), target.client() as api:
        problem = assert_problem(imported(api, files), 422, "invalid_input")
    assert "collection_id of runs names what is not in collections" in problem["detail"]

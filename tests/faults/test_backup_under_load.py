"""A backup that is made under load holds all that was accepted before it, and nothing half."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.faults.test_backup import command
from tests.integration.api.answers import ENDED, upload
from tests.support.platform import LivePlatform, live_platform
from tests.support.programs import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]
WORKERS = 3
ACCEPTED_BEFORE = 25
REFERRED = """
SELECT DISTINCT tenant_id::text, file FROM document_versions v
CROSS JOIN LATERAL (VALUES (v.sha256), (v.text_sha256), (v.chunks_sha256)) AS f(file)
WHERE file IS NOT NULL
"""
ROW = "SELECT to_jsonb(r)::text FROM {} r WHERE r.id::text = ANY(%s) ORDER BY r.id"


class Load:
    """Clients that upload, replace and remove documents, and ask, until they are told to stop."""

    def __init__(self, live: LivePlatform) -> None:
        self.live = live
        self.stop = threading.Event()
        self.documents: dict[str, str] = {}
        self.runs: list[str] = []
        self.errors: list[BaseException] = []

    def work(self, worker: int) -> None:
        try:
            with self.live.client() as api:
                number = 0
                while not self.stop.is_set():
                    number += 1
                    self.bring_in(api, f"{worker}-{number}.md", number)
                    # Leaves files over for the sweeper, while the backup reads files.
                    self.come_and_go(api, f"gone-{worker}-{number}.md")
                    asked = api.post("/api/v1/runs", json={"goal": f"What is fact {number}?"})
                    asked.raise_for_status()
                    self.runs.append(asked.json()["id"])
        except BaseException as error:
            self.errors.append(error)
            raise

    def bring_in(self, api: httpx2.Client, name: str, number: int) -> None:
        answer = upload(api, name, f"# Fact {number}\n\nFact {number} of {name} is blue.\n")
        answer.raise_for_status()
        body = answer.json()
        self.documents[body["document"]["id"]] = name
        self.runs.append(body["run"]["id"])

    def come_and_go(self, api: httpx2.Client, name: str) -> None:
        made = upload(api, name, f"{name} comes and goes.").json()["document"]["id"]
        api.delete(f"/api/v1/collections/default/documents/{made}").raise_for_status()


@contextmanager
def loaded(live: LivePlatform) -> Iterator[Load]:
    load = Load(live)
    threads = [threading.Thread(target=load.work, args=(n,)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join(60)
    assert not load.errors, load.errors


def row_texts(live: LivePlatform, table: str, ids: list[str]) -> list[str]:
    with live.postgres() as connection:
        return [row[0] for row in connection.execute(ROW.format(table).encode(), [ids]).fetchall()]


@pytest.mark.requirement("F7", part="embedded: a backup under load, verified row by row")
def test_all_that_was_accepted_is_in_a_backup_under_load(models_dir: Path) -> None:
    with live_platform(models_dir) as live, live_platform(models_dir) as restored:
        live.start()
        saved = live.root / "saved.tar"
        with loaded(live) as load:
            eventually(
                lambda: len(load.documents) >= ACCEPTED_BEFORE or load.errors, "enough came", 120
            )
            documents, runs = list(load.documents), list(load.runs)
            with live.client() as api:
                over = [run for run in runs if _status(api, run) in ENDED]
            begun = time.monotonic()
            command(live, "backup", saved)
            print(f"the backup took {time.monotonic() - begun:.1f} s")
            assert len(load.documents) > len(documents), "the load went on meanwhile"
        # What was over before does not change any more, neither here nor there.
        expected = {table: row_texts(live, table, ids) for table, ids in _tables(documents, over)}
        assert live.stop() == 0
        command(restored, "restore", saved)
        restored.start()
        for table, ids in _tables(documents, over):
            assert row_texts(restored, table, ids) == expected[table], table
            assert len(expected[table]) == len(ids)
        with restored.client() as api:
            everything = [*runs]
            eventually(
                lambda: all(_status(api, run) in ENDED for run in everything), "all is done", 120
            )
            assert {_status(api, run) for run in runs} == {"succeeded"}
            for document, name in [(one, load.documents[one]) for one in documents]:
                path = f"/api/v1/collections/default/documents/{document}"
                assert api.get(path).json()["status"] == "indexed", name
                text = api.get(f"{path}/text").json()["text"]
                assert f"of {name} is blue" in text
            eventually(lambda: _found(api, "0-1.md"), "it is found again", 120)
        assert _missing_files(restored) == []
        assert restored.stop() == 0


def _tables(documents: list[str], runs: list[str]) -> list[tuple[str, list[str]]]:
    return [("documents", documents), ("runs", runs)]


def _status(api: httpx2.Client, run: str) -> str:
    return str(api.get(f"/api/v1/runs/{run}").json()["status"])


def _found(api: httpx2.Client, name: str) -> bool:
    answer = api.post("/api/v1/search", json={"query": f"Fact 1 of {name}", "limit": 20})
    return any(hit["document"]["name"] == name for hit in answer.json().get("hits", ()))


def _missing_files(live: LivePlatform) -> list[str]:
    with live.postgres() as connection:
        referred = connection.execute(REFERRED.encode()).fetchall()
    root = live.home / "files"
    return [sha for tenant, sha in referred if not (root / tenant / sha[:2] / sha).is_file()]

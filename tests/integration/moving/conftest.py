"""Two installations: one with something in it, and an empty one that it moves to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sutazai.bootstrap.processes.server import EmbeddedPostgres
from tests.integration.api.answers import ended, indexed, upload
from tests.integration.api.failing import fail
from tests.integration.api.running import Running, running
from tests.support.postgres import fresh_database, private_folder

MANUAL = "# Backups\n\nBackups are made at two in the morning.\n\n# Keys\n\nKeys lie in the safe.\n"


@pytest.fixture(scope="package")
def source(postgres: EmbeddedPostgres, models_dir: Path) -> Iterator[Running]:
    """Run an installation with documents, runs and a collection of its own."""
    with (
        private_folder() as home,
        fresh_database(postgres) as name,
        running(home, postgres.dsn(database=name), models_dir) as it,
    ):
        fill(it)
        yield it


@pytest.fixture(scope="module")
def target(postgres: EmbeddedPostgres, models_dir: Path) -> Iterator[Running]:
    """Run another installation, which is empty until a test of the module fills it."""
    with (
        private_folder() as home,
        fresh_database(postgres) as name,
        running(home, postgres.dsn(database=name), models_dir) as it,
    ):
        yield it


def fill(platform: Running) -> None:
    """Bring in documents, one replaced and one unreadable, and ask something.

    Some of it is asked in a conversation, and something failed first and was retried; a colleague
    has a conversation, too.
    """
    with platform.client() as api:
        api.post("/api/v1/collections", json={"name": "handbook"}).raise_for_status()
        indexed(api, "manual.md", "# Backups\n\nNobody makes any.\n", "handbook")
        indexed(api, "manual.md", MANUAL, "handbook")
        indexed(api, "naïve 𝄞.txt", "The lamp keeper lights the lamp at dusk.")
        broken = upload(api, "broken.pdf", b"%PDF-1.7\nnothing of a page\n").json()
        assert ended(api, broken["run"]["id"])["status"] == "failed"
        asked = api.post(
            "/api/v1/runs",
            json={"goal": "When are backups made?", "collection": "handbook"},
            headers={"Idempotency-Key": "first"},
        ).json()
        assert ended(api, asked["id"])["result"]["grounded"]
        retried = api.post("/api/v1/runs", json={"goal": "What is made?"}).json()["id"]
        ended(api, retried)
        fail(platform, retried, "write")
        again = api.post(f"/api/v1/runs/{retried}/retry").json()["id"]
        assert ended(api, again)["status"] == "succeeded"
        talk = api.post("/api/v1/conversations", json={"collection": "handbook"}).json()["id"]
        said = api.post(f"/api/v1/conversations/{talk}/messages", json={"goal": "Where are keys?"})
        assert ended(api, said.json()["run"]["id"])["result"]["grounded"]
    with platform.client(platform.new_user(platform.tenant.id)) as colleague:
        private = {"collection": "handbook", "title": "A colleague's own"}
        colleague.post("/api/v1/conversations", json=private).raise_for_status()

"""One platform for all tests of the HTTP API, and clients of two tenants."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from sutazai.bootstrap.processes.server import EmbeddedPostgres
from tests.integration.api.running import Running, Tenant, running
from tests.support.postgres import fresh_database, private_folder


@pytest.fixture(scope="session")
def platform(postgres: EmbeddedPostgres, models_dir: Path) -> Iterator[Running]:
    """Run the platform once for all tests here."""
    with (
        private_folder() as home,
        fresh_database(postgres) as name,
        running(home, postgres.dsn(database=name), models_dir) as it,
    ):
        yield it
        assert_documented(it)


def assert_documented(platform: Running) -> None:
    """See that every status that was answered in all these tests stands in the documentation.

    That a method is not possible can't stand there, since such an operation is none, nor that a
    client went away before it was answered.
    """
    document = httpx2.get(f"{platform.url}/openapi.json", trust_env=False).json()
    documented = {
        (method.upper(), path, status)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status in operation["responses"]
    }
    paths = document["paths"].keys()
    answered = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"])
        for metric in platform.platform.metrics.collect()
        if metric.name == "sutazai_http_request_duration_seconds"
        for sample in metric.samples
        if sample.name.endswith("_count")
        and sample.labels["route"] in paths
        and sample.labels["status"] not in ("405", "499")
    }
    assert answered <= documented, f"not documented: {sorted(answered - documented)}"


@pytest.fixture(scope="session")
def neighbour(platform: Running) -> Tenant:
    """Make a second tenant with a key of its own."""
    return platform.new_tenant()


@pytest.fixture(scope="session")
def api(platform: Running) -> Iterator[httpx2.Client]:
    """Open a client that shows the first tenant's key."""
    with platform.client() as client:
        yield client


@pytest.fixture(scope="session")
def neighbour_api(platform: Running, neighbour: Tenant) -> Iterator[httpx2.Client]:
    """Open a client that shows the second tenant's key."""
    with platform.client(neighbour) as client:
        yield client


@pytest.fixture(scope="session")
def keyless(platform: Running) -> Iterator[httpx2.Client]:
    """Open a client that shows no key."""
    with httpx2.Client(base_url=platform.url, timeout=20, verify=False, trust_env=False) as client:
        yield client

"""Bad input is answered by a problem document that names the field, and leaves nothing behind."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.integration.api.answers import assert_problem
from tests.integration.api.bad_requests import ALL, Case
from tests.integration.api.kept import nothing_kept
from tests.integration.api.running import Running


@pytest.fixture(scope="module")
def client(platform: Running) -> Iterator[httpx2.Client]:
    """Open a client of a tenant that asks for nothing good: at the end nothing is there of it."""
    tenant = platform.new_tenant()
    with nothing_kept(platform, tenant), platform.client(tenant) as opened:
        yield opened


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_bad_input_is_refused(client: httpx2.Client, case: Case) -> None:
    assert_problem(case.send(client), case.status, case.code, case.about)


def test_allow_names_all_methods_of_a_path(client: httpx2.Client) -> None:
    answer = client.put("/api/v1/collections")
    assert answer.headers["allow"] == "GET, POST"
    assert client.options("/api/v1/runs/7").headers["allow"] == "GET"
    assert client.post("/docs").headers["allow"] in {"GET, HEAD", "HEAD, GET"}

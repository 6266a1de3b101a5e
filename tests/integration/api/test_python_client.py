"""The generated Python client against the running platform, as a program of somebody uses it."""

import asyncio
import io

import pytest
from sutazai_client import AuthenticatedClient
from sutazai_client.api.knowledge import create_collection, get_document, search, upload_document
from sutazai_client.api.runs import get_run, list_runs, start_run
from sutazai_client.models import (
    Hits,
    ListingRunSummary,
    NewCollection,
    NewRunBody,
    Problem,
    Question,
    RunShape,
    UploadDocumentBody,
    UploadShape,
)
from sutazai_client.types import File

from tests.integration.api.running import Running
from tests.support.programs import eventually

TEXT = b"# Lease\n\nA lease holds ten seconds, and a heartbeat renews it.\n"


@pytest.fixture
def client(platform: Running) -> AuthenticatedClient:
    key = platform.new_tenant().api_key
    return AuthenticatedClient(base_url=platform.url, token=key, raise_on_unexpected_status=True)


def ended(client: AuthenticatedClient, run: RunShape) -> RunShape:
    """Wait until a run is over."""
    found: list[RunShape] = []

    def over() -> bool:
        now = get_run.sync(run.id, client=client)
        assert isinstance(now, RunShape)
        found.append(now)
        return now.status in {"succeeded", "failed", "cancelled"}

    eventually(over, "the run is over")
    return found[-1]


@pytest.mark.requirement("H4", part="the Python client: ingest, ask, a cited answer")
def test_a_document_is_brought_in_and_a_question_is_answered_from_it(
    client: AuthenticatedClient,
) -> None:
    with client:
        create_collection.sync(client=client, body=NewCollection(name="handbook"))
        body = UploadDocumentBody(file=File(io.BytesIO(TEXT), "lease.md", "text/markdown"))
        uploaded = upload_document.sync("handbook", client=client, body=body)
        assert isinstance(uploaded, UploadShape)
        assert isinstance(uploaded.run, RunShape)
        assert ended(client, uploaded.run).status == "succeeded"
        document = get_document.sync("handbook", uploaded.document.id, client=client)
        assert document is not None
        assert document.status == "indexed"

        question = NewRunBody(goal="How long does a lease hold?", collection="handbook")
        run = start_run.sync(client=client, body=question, idempotency_key="once")
        assert isinstance(run, RunShape)
        answer = ended(client, run)
        assert answer.status == "succeeded"
        (citation,) = answer.citations
        assert citation.document.name == "lease.md"
        assert citation.heading_path == ["Lease"]
        assert TEXT.decode()[citation.start : citation.end] == citation.quote

        again = start_run.sync(client=client, body=question, idempotency_key="once")
        assert isinstance(again, RunShape)
        assert again.id == run.id


def test_what_is_refused_comes_as_a_typed_problem(client: AuthenticatedClient) -> None:
    with client:
        refused = start_run.sync(client=client, body=NewRunBody(goal=" "))
    assert isinstance(refused, Problem)
    assert (refused.status, refused.code) == (422, "invalid_input")
    assert isinstance(refused.errors, list)
    assert [error.field for error in refused.errors] == ["goal"]


def test_it_can_be_awaited(client: AuthenticatedClient) -> None:
    async def both() -> tuple[object, object]:
        async with client:
            return await asyncio.gather(
                list_runs.asyncio(client=client),
                search.asyncio(client=client, body=Question(query="anything")),
            )

    listing, found = asyncio.run(both())
    assert isinstance(listing, ListingRunSummary)
    assert isinstance(found, Hits)
    assert found.hits == []

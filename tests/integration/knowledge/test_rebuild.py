"""A collection is rebuilt while it is used: by the librarian itself, over a real database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from sutazai.bootstrap.workflows import read_workflows
from sutazai.core.knowledge.model import IndexingStatus
from sutazai.core.runs.model import RunStatus
from sutazai_agents.librarian import librarian
from sutazai_contracts.errors import ModelMismatch, NotFound
from sutazai_contracts.knowledge import EmbeddingModel
from sutazai_contracts.tasks import Claim, Refused, RetryLater, Succeeded
from sutazai_kit import AgentPorts
from sutazai_kit.discovery import find_workflow_folders
from sutazai_kit.files.local import LocalFiles
from sutazai_kit.testing import run_agent
from sutazai_kit.vectors.edge import open_edge_vectors
from sutazai_kit.vectors.port import Point, Vector
from tests.integration.knowledge.bag_of_words import BagOfWords
from tests.integration.knowledge.world import World, stream
from tests.support.database import TestDatabase

LARGER = EmbeddingModel(name="larger-bag", revision="7", dimension=96, max_tokens=512)
BEES = "Bees make honey from the nectar of flowers.\n"
ASKED = ("honey", "a lease")
LEASES = "A lease ends when nobody renews it.\n"


@dataclass
class Works(World):
    """The world, with the real workflows and the real librarian."""

    def __post_init__(self) -> None:
        super().__post_init__()
        workflows = read_workflows(find_workflow_folders())
        self.runs.workflows = {**self.runs.workflows, **workflows}

    async def work(self, claims: Sequence[Claim] | None = None) -> None:
        """Let the librarian do what waits."""
        for claim in await self.claim() if claims is None else claims:
            await self.end(claim, await self.done(claim))

    async def done(self, claim: Claim) -> Succeeded | Refused | RetryLater:
        """Let the librarian do one task."""
        ports = AgentPorts(files=self.files, vectors=self.vectors, embeddings=self.embeddings)
        found = await run_agent(
            librarian,
            claim.input,
            ports=ports,
            grant=claim.grant,
            attempt=claim.attempt,
            tenant=self.tenant,
        )
        assert isinstance(found.result, Succeeded | Refused | RetryLater), found.result
        return found.result

    async def status(self, run: UUID) -> RunStatus:
        """Tell where a run stands."""
        return (await self.runs.get(self.tenant, run)).status

    async def physical(self) -> UUID:
        """Tell where the collection is now."""
        return (await self.knowledge.collection(self.tenant, "default")).physical

    async def clean(self) -> None:
        """Sweep all, and see that nothing is left over and no other place has points."""
        while await self.sweep():
            pass
        assert self.database.query("SELECT * FROM leftovers") == []
        assert self.database.query("SELECT * FROM rebuilds") == []

    async def set_tasks(self, change: str) -> None:
        """Change what the clock would, of tasks that have not ended."""
        statement = f"UPDATE tasks SET {change} WHERE status IN ('ready', 'claimed') RETURNING id"
        await asyncio.to_thread(self.database.query, statement)

    def use(self, model: EmbeddingModel) -> None:
        """Embed by another model from now on, as after a start with other settings."""
        self.embeddings.model = model


@pytest.fixture
async def works(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Works]:
    async with open_edge_vectors(tmp_path / "vectors") as vectors:
        files = LocalFiles(tmp_path / "files")
        world = Works(database, await database.new_tenant(), files, vectors, BagOfWords())
        await world.knowledge.ensure_collection(world.tenant, "default")
        for name, text in (("bees.md", BEES), ("leases.md", LEASES)):
            await world.upload(name, text)
        await world.work()
        yield world


async def rebuild(world: Works) -> UUID:
    """Begin to rebuild the collection; gives the run."""
    begun = await world.knowledge.rebuild(world.tenant, "default")
    assert begun.created
    return begun.run


async def test_another_model_of_another_dimension(works: Works) -> None:
    before = await works.found("honey")
    works.use(LARGER)
    with pytest.raises(ModelMismatch, match="sutazai index rebuild default"):
        await works.found("honey")
    with pytest.raises(ModelMismatch, match="sutazai index rebuild default"):
        await works.upload("new.md", "New.\n")
    old, run = await works.physical(), await rebuild(works)
    await works.work()
    assert await works.status(run) is RunStatus.SUCCEEDED
    assert (await works.knowledge.collection(works.tenant, "default")).model == LARGER
    assert await works.found("honey") == before
    assert await works.check_agreement() == 2
    await works.clean()
    with pytest.raises(NotFound):
        await works.vectors.count(old)


async def test_the_same_model_finds_the_same(works: Works) -> None:
    before = [
        await works.knowledge.search(works.tenant, q, "default") for q in ("honey", "a lease")
    ]
    old, run = await works.physical(), await rebuild(works)
    # What was there answers until the switch.
    assert await works.found("honey")
    (claim,) = await works.claim()
    assert claim.grant is not None
    assert claim.grant.physical != old
    assert await works.found("honey")
    await works.work([claim])
    assert await works.status(run) is RunStatus.SUCCEEDED
    assert await works.physical() == claim.grant.physical
    after = [await works.knowledge.search(works.tenant, asked, "default") for asked in ASKED]
    assert after == before
    await works.clean()
    assert await works.check_agreement() == 2


async def test_an_empty_collection_is_rebuilt_too(works: Works) -> None:
    await works.knowledge.create_collection(works.tenant, "empty")
    works.use(LARGER)
    await works.knowledge.rebuild(works.tenant, "empty")
    await works.work()
    assert (await works.knowledge.collection(works.tenant, "empty")).model == LARGER
    assert (await works.knowledge.collection(works.tenant, "default")).model != LARGER


async def test_a_rebuild_under_way_is_the_same_until_another_model_is_set(works: Works) -> None:
    run = await rebuild(works)
    again = await works.knowledge.rebuild(works.tenant, "default")
    assert (again.run, again.created) == (run, False)
    works.use(LARGER)
    other = await rebuild(works)
    assert await works.status(run) is RunStatus.CANCELLED
    await works.work()
    assert await works.status(other) is RunStatus.SUCCEEDED
    await works.clean()
    assert await works.check_agreement() == 2


@pytest.mark.parametrize("model", [None, LARGER])
async def test_what_is_uploaded_meanwhile_is_in_both_places(
    works: Works, model: EmbeddingModel | None
) -> None:
    if model is not None:
        works.use(model)
    await rebuild(works)
    await works.upload("new.md", "Chess is played on Thursdays.\n")
    first, second = sorted(await works.claim(), key=lambda claim: claim.step)
    assert (first.step, second.step) == ("index", "rebuild")
    await works.work([first])
    if model is None:
        assert ("new.md", "Chess is played on Thursdays.") in await works.found("chess")
    await works.work([second])
    assert ("new.md", "Chess is played on Thursdays.") in await works.found("chess")
    await works.clean()
    assert await works.check_agreement() == 3


async def test_what_was_being_indexed_when_it_began_is_indexed_again(works: Works) -> None:
    await works.upload("new.md", "Chess is played on Thursdays.\n")
    (indexing,) = await works.claim()
    written = await works.done(indexing)
    await rebuild(works)
    # Its points are in the old place alone.
    assert await works.end(indexing, written) == 1
    assert ("new.md", "Chess is played on Thursdays.") not in await works.found("chess")
    await works.work()
    await asyncio.to_thread(
        works.database.query, "UPDATE tasks SET available_at = now() RETURNING 1"
    )
    await works.work()
    assert ("new.md", "Chess is played on Thursdays.") in await works.found("chess")
    await works.clean()
    assert await works.check_agreement() == 3


async def test_what_is_being_indexed_at_the_switch_is_not_lost(works: Works) -> None:
    await rebuild(works)
    await works.upload("new.md", "Chess is played on Thursdays.\n")
    first, second = sorted(await works.claim(), key=lambda claim: claim.step)
    written = await works.done(first)
    await works.work([second])
    assert await works.end(first, written) == 1
    assert ("new.md", "Chess is played on Thursdays.") in await works.found("chess")
    await works.clean()
    assert await works.check_agreement() == 3


async def test_what_goes_to_a_place_that_was_swept_is_indexed_again(works: Works) -> None:
    await works.upload("new.md", "Chess is played on Thursdays.\n")
    (indexing,) = await works.claim()
    await rebuild(works)
    await works.work()
    await works.clean()
    result = await works.done(indexing)
    assert isinstance(result, RetryLater)
    assert "rebuilt" in result.reason
    await works.end(indexing, result)
    await asyncio.to_thread(
        works.database.query, "UPDATE tasks SET available_at = now() RETURNING 1"
    )
    await works.work()
    assert ("new.md", "Chess is played on Thursdays.") in await works.found("chess")
    assert await works.check_agreement() == 3


@pytest.mark.parametrize("swept", [True, False])
@pytest.mark.parametrize("when", ["before", "while it embeds", "after"])
async def test_what_is_removed_or_replaced_meanwhile_is_not_found_after(
    works: Works, when: str, swept: bool
) -> None:
    documents = (await works.knowledge.documents(works.tenant, "default", 10)).items
    bees = next(document for document in documents if document.name == "bees.md")
    await rebuild(works)
    (rebuilding,) = await works.claim()

    async def remove_and_replace() -> None:
        await works.knowledge.delete_document(works.tenant, "default", bees.id)
        await works.upload("leases.md", "A lease is renewed by heartbeats.\n")
        await works.work()
        while swept and await works.sweep():
            pass

    if when == "while it embeds":
        embed = works.embeddings.embed

        async def embedding(texts: Sequence[str], *, interactive: bool = False) -> Vector:
            works.embeddings.embed = embed  # type: ignore[method-assign]
            await remove_and_replace()
            return await embed(texts, interactive=interactive)

        works.embeddings.embed = embedding  # type: ignore[method-assign]
    elif when == "before":
        await remove_and_replace()
    written = await works.done(rebuilding)
    if when == "after":
        await remove_and_replace()
    await works.end(rebuilding, written)
    assert await works.found("honey nectar lease") == [
        ("leases.md", "A lease is renewed by heartbeats.")
    ]
    await works.clean()
    assert await works.check_agreement() == 1


async def test_an_attempt_goes_on_where_the_last_one_ended(works: Works) -> None:
    text = "\n\n".join(f"# Part {n}\n\n" + f"Sentence {n} of many. " * 8 for n in range(100))
    await works.upload("long.md", text)
    await works.work()
    run = await rebuild(works)
    (killed,) = await works.claim()
    whole = works.vectors.upsert
    calls = 0

    async def upsert(collection: UUID, points: Sequence[Point]) -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise asyncio.CancelledError
        await whole(collection, points)

    works.vectors.upsert = upsert  # type: ignore[method-assign]
    with pytest.raises((asyncio.CancelledError, AssertionError)):
        await works.done(killed)
    works.vectors.upsert = whole  # type: ignore[method-assign]
    assert killed.grant is not None
    written = await works.vectors.count(killed.grant.physical)
    assert 0 < written < (total := await works.vectors.count(await works.physical()))
    await works.set_tasks("lease_until = 'epoch'")
    await works.tasks.take_back_lost()
    works.embeddings.interactive.clear()
    embedded: list[int] = []
    embed = works.embeddings.embed

    async def counting(texts: Sequence[str], *, interactive: bool = False) -> object:
        embedded.append(len(texts))
        return await embed(texts, interactive=interactive)

    works.embeddings.embed = counting  # type: ignore[method-assign,assignment]
    await works.work()
    assert sum(embedded) == total - written
    assert await works.status(run) is RunStatus.SUCCEEDED
    await works.clean()
    assert await works.check_agreement() == total


async def test_a_zombie_of_a_rebuild_changes_nothing(works: Works) -> None:
    await rebuild(works)
    (zombie,) = await works.claim()
    written = await works.done(zombie)
    await works.set_tasks("lease_until = 'epoch'")
    await works.tasks.take_back_lost()
    assert await works.end(zombie, written) == 0
    old = await works.physical()
    await works.work()
    assert await works.physical() != old
    assert await works.end(zombie, written) == 0
    await works.clean()
    assert await works.check_agreement() == 2


async def test_a_cancelled_rebuild_leaves_all_as_it_was(works: Works) -> None:
    old, run = await works.physical(), await rebuild(works)
    (claim,) = await works.claim()
    written = await works.done(claim)
    await works.runs.cancel(works.tenant, run, "enough")
    assert await works.end(claim, written) == 0
    assert await works.physical() == old
    assert await works.found("honey")
    await works.clean()
    assert claim.grant is not None
    with pytest.raises(NotFound):
        await works.vectors.count(claim.grant.physical)


async def test_a_collection_may_be_deleted_while_it_is_rebuilt(works: Works) -> None:
    run = await rebuild(works)
    (claim,) = await works.claim()
    await works.knowledge.delete_collection(works.tenant, "default")
    assert await works.status(run) is RunStatus.CANCELLED
    await works.clean()
    assert claim.grant is not None
    with pytest.raises(NotFound):
        await works.vectors.count(claim.grant.physical)


async def test_chunks_that_are_gone_are_named_and_nothing_is_switched(works: Works) -> None:
    (address,) = works.database.query(
        "SELECT v.chunks_sha256 FROM document_versions v JOIN documents d ON d.id = v.document_id"
        " WHERE d.name = 'bees.md'"
    )[0]
    await works.files.delete(works.tenant, str(address))
    old, run = await works.physical(), await rebuild(works)
    await works.work()
    assert await works.status(run) is RunStatus.FAILED
    view = await works.runs.get(works.tenant, run)
    assert view.error is not None
    assert "the chunks of bees.md are not in the file store" in view.error
    assert await works.physical() == old
    assert await works.found("honey")


async def test_chunks_too_long_for_the_new_model_are_refused_clearly(works: Works) -> None:
    works.use(EmbeddingModel(name="tiny", revision="1", dimension=8, max_tokens=8))
    run = await rebuild(works)
    await works.work()
    view = await works.runs.get(works.tenant, run)
    assert view.status is RunStatus.FAILED
    assert view.error is not None
    assert "tiny takes 6" in view.error
    assert "cut for another model" in view.error


async def test_the_list_is_kept_from_the_sweeper_of_orphans(works: Works) -> None:
    await rebuild(works)
    (manifest,) = works.database.query("SELECT manifest FROM rebuilds")[0]
    works.sweeper.orphans_older_than_s = 0
    await works.sweeper._sweep_orphans_when_due()
    assert await works.files.exists(works.tenant, str(manifest))
    await works.work()
    await works.clean()
    works.sweeper._orphans_due = float("-inf")
    await works.sweeper._sweep_orphans_when_due()
    assert not await works.files.exists(works.tenant, str(manifest))


async def test_a_failed_upload_during_a_rebuild_leaves_nothing(works: Works) -> None:
    await rebuild(works)
    await works.knowledge.upload(works.tenant, "default", "bad.pdf", stream(b"%PDF-1.7 nothing"))
    first, second = sorted(await works.claim(), key=lambda claim: claim.step)
    await works.work([first])
    await works.work([second])
    page = await works.knowledge.documents(works.tenant, "default", 10)
    assert {document.name: document.status for document in page.items}["bad.pdf"] is (
        IndexingStatus.FAILED
    )
    await works.clean()
    assert await works.check_agreement() == 2

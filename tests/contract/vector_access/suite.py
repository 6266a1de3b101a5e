"""What a claim's token opens in any vector store that asks for a key, and what it does not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

import pytest

from sutazai.core.knowledge.vector_access.port import VectorAccess
from sutazai_contracts.errors import SutazaiError, VectorsRefused
from sutazai_contracts.knowledge import CollectionGrant, EmbeddingModel
from sutazai_kit.vectors.port import Vectors
from tests.contract.vectors.suite import DIMENSION, OPERATIONS, ask, crowd, point, texts

TIMEOUT_S = 600.0
MODEL = EmbeddingModel(name="any", revision="1", dimension=DIMENSION, max_tokens=256)


@dataclass(frozen=True)
class Store:
    """A vector store as core has it, tokens for it, and its collections as a token sees them."""

    vectors: Vectors
    access: VectorAccess
    with_token: Callable[[str], Vectors]
    names: Callable[[str], set[str]]
    expired: VectorAccess

    def opened(self, physical: UUID, access: Literal["read", "write"]) -> Vectors:
        """Open the store as an agent does that was granted a collection."""
        return self.with_token(self.access.token(grant(physical, access), TIMEOUT_S))


Open = Callable[[], AbstractAsyncContextManager[Store]]


def grant(physical: UUID, access: Literal["read", "write"]) -> CollectionGrant:
    """Grant a collection."""
    return CollectionGrant(collection=uuid4(), physical=physical, access=access, model=MODEL)


class VectorAccessContract:
    """Subclasses give the fixture `opened`: a callable that opens the store of the test.

    `expired` of a store makes tokens whose time is over.
    """

    @pytest.fixture
    async def store(self, opened: Open) -> AsyncIterator[Store]:
        async with opened() as store:
            yield store

    @pytest.fixture
    async def mine(self, store: Store) -> UUID:
        mine = uuid4()
        await store.vectors.create(mine, DIMENSION)
        await store.vectors.upsert(mine, [point("mine"), *crowd(20)])
        return mine

    @pytest.fixture
    async def theirs(self, store: Store) -> UUID:
        theirs = uuid4()
        await store.vectors.create(theirs, DIMENSION)
        await store.vectors.upsert(theirs, [point("theirs")])
        return theirs

    @pytest.mark.parametrize("access", ["read", "write"])
    async def test_what_is_granted_is_searched_counted_and_listed(
        self, store: Store, mine: UUID, access: Literal["read", "write"]
    ) -> None:
        agent = store.opened(mine, access)
        assert texts(await agent.search(mine, ask("mine", limit=1))) == ["mine"]
        assert await agent.count(mine) == 21
        assert await agent.ids(mine) == await store.vectors.ids(mine)

    async def test_a_grant_to_write_writes_and_deletes_points(
        self, store: Store, mine: UUID
    ) -> None:
        agent, version = store.opened(mine, "write"), uuid4()
        await agent.upsert(mine, [point("new", version=version)])
        assert await store.vectors.count(mine) == 22
        await agent.delete_version(mine, version)
        assert await store.vectors.count(mine) == 21

    async def test_a_grant_to_read_changes_nothing(self, store: Store, mine: UUID) -> None:
        agent = store.opened(mine, "read")
        (first, *_) = await agent.search(mine, ask("mine", limit=1))
        with pytest.raises(VectorsRefused, match="does not let this key or token write points"):
            await agent.upsert(mine, [point("new")])
        with pytest.raises(VectorsRefused, match="does not let this key or token delete points"):
            await agent.delete_version(mine, first.version)
        assert await store.vectors.count(mine) == 21

    @pytest.mark.parametrize("access", ["read", "write"])
    async def test_no_grant_makes_or_drops_collections(
        self, store: Store, mine: UUID, access: Literal["read", "write"]
    ) -> None:
        agent = store.opened(mine, access)
        fresh = uuid4()
        with pytest.raises(VectorsRefused):
            await agent.create(fresh, DIMENSION)
        with pytest.raises(VectorsRefused):
            await agent.drop(mine)
        assert await store.vectors.count(mine) == 21
        await store.vectors.create(fresh, DIMENSION)

    @pytest.mark.parametrize("access", ["read", "write"])
    @pytest.mark.parametrize("operation", OPERATIONS)
    async def test_another_collection_is_refused_whether_it_is_there_or_not(
        self,
        store: Store,
        mine: UUID,
        theirs: UUID,
        access: Literal["read", "write"],
        operation: str,
    ) -> None:
        agent = store.opened(mine, access)
        for other in (theirs, uuid4()):
            with pytest.raises(VectorsRefused):
                await OPERATIONS[operation](agent, other)
        assert await store.vectors.count(theirs) == 1

    async def test_a_list_shows_no_other_collection(
        self, store: Store, mine: UUID, theirs: UUID
    ) -> None:
        token = store.access.token(grant(mine, "read"), TIMEOUT_S)
        assert await asyncio.to_thread(store.names, token) == {str(mine)}

    @pytest.mark.parametrize("access", ["read", "write"])
    async def test_a_token_ends(
        self, store: Store, mine: UUID, access: Literal["read", "write"]
    ) -> None:
        agent = store.with_token(store.expired.token(grant(mine, access), TIMEOUT_S))
        with pytest.raises(VectorsRefused):
            await agent.search(mine, ask("mine"))

    async def test_a_token_that_was_changed_is_refused(self, store: Store, mine: UUID) -> None:
        token = store.access.token(grant(mine, "read"), TIMEOUT_S)
        head, body, signature = token.split(".")
        for wrong in (f"{head}.{body}.{signature[::-1]}", f"{head}.{body}.", "nonsense"):
            with pytest.raises(VectorsRefused):
                await store.with_token(wrong).search(mine, ask("mine"))

    async def test_agents_that_work_at_once_are_told_apart(
        self, store: Store, mine: UUID, theirs: UUID
    ) -> None:
        one, other = store.opened(mine, "read"), store.opened(theirs, "read")

        async def found(agent: Vectors, collection: UUID) -> list[str] | type[SutazaiError]:
            try:
                hits = await agent.search(collection, ask(("mine", "theirs")[agent is other]))
            except SutazaiError as refused:
                return type(refused)
            return texts(hits)[:1]

        asked = [(one, mine), (other, theirs), (one, theirs), (other, mine)] * 10
        answers = await asyncio.gather(*(found(*question) for question in asked))
        assert answers == [["mine"], ["theirs"], VectorsRefused, VectorsRefused] * 10

    async def test_closing_an_agents_store_leaves_the_others_open(
        self, store: Store, mine: UUID
    ) -> None:
        agent = store.opened(mine, "read")
        await agent.aclose()
        assert await store.vectors.count(mine) == 21
        assert await store.opened(mine, "read").count(mine) == 21

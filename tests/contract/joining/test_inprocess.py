"""Joined chunks inside core under the contract."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from sutazai.adapters.graph.sql import SqlGraph
from sutazai.adapters.joining.inprocess import InProcessJoining
from sutazai.core.graph.joining import JoinedChunks
from sutazai.core.graph.model import Scope
from sutazai.records.collection_ids import SqlCollectionIds
from sutazai_contracts.errors import GraphUnavailable
from sutazai_contracts.knowledge import CollectionGrant, EmbeddingModel
from sutazai_contracts.tasks import Claim
from tests.contract.graph.documents import Document, new_scope
from tests.contract.graph.writing import write
from tests.contract.joining.suite import JoiningContract
from tests.support.claims import a_claim
from tests.support.database import TestDatabase

MODEL = EmbeddingModel(name="any", revision="1", dimension=4, max_tokens=8)


@dataclass
class Near:
    """Core, in this process."""

    database: TestDatabase

    async def joining(self) -> InProcessJoining:
        opened = self.database.open
        return InProcessJoining(JoinedChunks(SqlGraph(opened), SqlCollectionIds(opened)))

    async def hold(self, documents: Sequence[Document]) -> None:
        await write(self.database, documents)

    def claim(self, scope: Scope, *, touches: bool = True) -> Claim:
        grant = CollectionGrant(
            collection=scope.collection, physical=scope.collection, access="read", model=MODEL
        )
        return a_claim(agent="worker", tenant=scope.tenant, grant=grant if touches else None)


class TestInProcessJoining(JoiningContract):
    @pytest.fixture(autouse=True)
    def _given(self, database: TestDatabase) -> None:
        self.database = database

    @asynccontextmanager
    async def open_joining(self) -> AsyncIterator[Near]:
        yield Near(self.database)

    async def test_a_graph_that_is_away_is_said(self) -> None:
        async with self.open_joining() as near:
            joining = await near.joining()
            await self.database.open.app.close()
            claim = near.claim(new_scope())
            with pytest.raises(GraphUnavailable, match="can't be asked"):
                await joining.joined(claim, [claim.task])

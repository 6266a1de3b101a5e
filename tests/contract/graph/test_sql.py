"""The graph of the facts in PostgreSQL under the contract; and while that is away."""

from collections.abc import Sequence

import pytest

from sutazai.adapters.graph.sql import SqlGraph
from sutazai.core.graph.model import Scope
from sutazai_contracts.errors import GraphUnavailable
from tests.contract.graph.documents import Document, new_scope
from tests.contract.graph.suite import GraphContract
from tests.contract.graph.writing import write
from tests.support.database import TestDatabase, database, migrated  # noqa: F401
from tests.support.postgres import postgres  # noqa: F401


class TestSqlGraph(GraphContract):
    @pytest.fixture(autouse=True)
    def _given(self, database: TestDatabase) -> None:  # noqa: F811
        self.database = database

    async def holding(self, documents: Sequence[Document]) -> SqlGraph:
        await write(self.database, documents)
        return SqlGraph(self.database.open)

    async def test_a_database_that_is_away_is_said_in_words(self, scope: Scope) -> None:
        graph = await self.holding([])
        await self.database.open.app.close()
        with pytest.raises(GraphUnavailable, match="graph can't be asked"):
            await graph.all_links(new_scope(), 1)

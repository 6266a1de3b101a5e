"""Joined chunks over HTTP under the contract: core behind its internal API."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI

from sutazai.core.graph.model import Scope
from sutazai.entrypoints.api.middleware import RequestScope
from sutazai.entrypoints.api.problems import install_problem_handlers
from sutazai_contracts.errors import Forbidden, GraphUnavailable, InvalidInput, LeaseLost
from sutazai_contracts.joining import MOST_SEEDS, Joined
from sutazai_contracts.tasks import Claim, Message
from sutazai_kit.core_client import open_core
from sutazai_kit.joining.http import HttpJoining
from tests.contract.graph.documents import Document, document, new_scope
from tests.contract.graph.writing import write
from tests.contract.joining.suite import JoiningContract
from tests.integration.internal.serving import Served, served, serving
from tests.integration.internal.test_rights import REFUSED
from tests.support.claims import a_claim
from tests.support.database import TestDatabase


@dataclass
class Far:
    """Core behind HTTP."""

    core: Served

    async def joining(self, agent: str = "worker") -> HttpJoining:
        return HttpJoining(await self.core.core(agent))

    async def hold(self, documents: Sequence[Document]) -> None:
        await write(self.core.database, documents)

    def claim(self, scope: Scope, *, touches: bool = True) -> Claim:
        claim = self.core.claimed(tenant=scope.tenant)
        self.give(claim, scope, touches=touches)
        return claim

    def give(self, claim: Claim, scope: Scope, *, touches: bool = True) -> None:
        """Have a run work on a collection, which the claim's step may touch or may not."""
        other = {"id": "other", "collection": "none" if touches else "read"}
        steps = [{"id": claim.step, "collection": "read" if touches else "none"}, other]
        self.core.execute(
            "UPDATE runs SET collection_id = %s, plan = %s::jsonb WHERE id = %s",
            scope.collection,
            json.dumps({"steps": steps}),
            claim.run,
        )


class Asked(Message):
    """What some other client sends."""

    task: str
    token: str
    chunks: list[str]


class TestHttpJoining(JoiningContract):
    @pytest.fixture(autouse=True)
    def _given(self, database: TestDatabase, tmp_path: Path) -> None:
        self.database, self.root = database, tmp_path

    @asynccontextmanager
    async def open_joining(self) -> AsyncIterator[Far]:
        async with served(self.database, self.root) as core:
            yield Far(core)

    @pytest.mark.parametrize(("made", "error"), REFUSED)
    async def test_it_needs_a_claim_that_holds(
        self, made: Callable[[Served], Claim], error: type[Exception]
    ) -> None:
        assert error in (Forbidden, LeaseLost)
        async with self.open_joining() as far:
            claim, joining = made(far.core), await far.joining()
            scope = new_scope(claim.tenant)
            one, other = document(scope, ["Halden Works"]), document(scope, ["Halden Works"])
            await far.hold([one, other])
            far.give(claim, scope)
            with pytest.raises(error):
                await joining.joined(claim, [one.chunks[0].id])

    async def test_whose_it_is_says_the_task_and_not_the_caller(self) -> None:
        async with self.open_joining() as far:
            scope, other = new_scope(), new_scope()
            theirs = [document(other, ["Halden Works"]) for _ in range(2)]
            await far.hold(theirs)
            await far.hold([document(scope, ["Halden Works"])])
            lied = far.claim(scope).model_copy(update={"tenant": other.tenant})
            joining = await far.joining()
            assert await joining.joined(lied, [theirs[0].chunks[0].id]) == Joined()

    async def test_a_collection_that_is_gone_joins_nothing(self) -> None:
        async with self.open_joining() as far:
            scope = new_scope()
            one = document(scope, ["Halden Works"])
            await far.hold([one, document(scope, ["Halden Works"])])
            claim, joining = far.claim(scope), await far.joining()
            far.core.execute("DELETE FROM collections WHERE id = %s", scope.collection)
            assert await joining.joined(claim, [one.chunks[0].id]) == Joined()

    async def test_who_asks_about_too_much_is_refused(self) -> None:
        async with self.open_joining() as far:
            claim, client = far.core.claimed(), await far.core.core("worker")
            chunks = [str(uuid4()) for _ in range(MOST_SEEDS + 1)]
            asked = Asked(task=str(claim.task), token=str(claim.token), chunks=chunks)
            with pytest.raises(InvalidInput, match="chunks"):
                await client.ask("/joined", asked, Joined)

    async def test_a_record_that_is_away_is_a_graph_that_is(self) -> None:
        async with self.open_joining() as far:
            claim, joining = far.core.claimed(), await far.joining()
            await self.database.open.app.close()
            await self.database.open.tenants.close()
            with pytest.raises(GraphUnavailable, match="can't be asked"):
                await joining.joined(claim, [uuid4()])


async def test_a_core_that_is_away_is_a_graph_that_is() -> None:
    async with open_core("http://127.0.0.1:9", "token") as core:
        with pytest.raises(GraphUnavailable, match="can't be asked: Core does not answer"):
            await HttpJoining(core).joined(a_claim(), [uuid4()])


async def test_a_core_that_knows_no_such_call_is_a_graph_that_is_away() -> None:
    older = FastAPI()
    older.state.query_names = {}
    install_problem_handlers(older)
    app = RequestScope(older, lambda method, path, status, seconds: None)
    async with serving(app) as url, open_core(url, "token") as core:
        with pytest.raises(GraphUnavailable, match="older"):
            await HttpJoining(core).joined(a_claim(), [uuid4()])

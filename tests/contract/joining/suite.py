"""What every way to what the graph joins keeps to. An adapter's test opens it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import uuid4

import pytest

from sutazai.core.graph.model import Scope
from sutazai_contracts.joining import MOST_JOINED, MOST_SEEDS, Joined
from sutazai_contracts.tasks import Claim
from sutazai_kit.joining.port import Joining
from tests.contract.graph.documents import TOGETHER, Document, document, new_scope


class Given(Protocol):
    """Core's side, over a real graph."""

    async def joining(self) -> Joining:
        """Give the port as the agent `worker` has it."""

    async def hold(self, documents: Sequence[Document]) -> None:
        """Have the graph hold documents."""

    def claim(self, scope: Scope, *, touches: bool = True) -> Claim:
        """Have the agent hold a task on a collection, by a step that may touch it or may not."""


class JoiningContract:
    """The contract; see `sutazai_kit.joining.port`."""

    def open_joining(self) -> AbstractAsyncContextManager[Given]:
        """Open core's side."""
        raise NotImplementedError

    @pytest.fixture
    async def given(self) -> AsyncIterator[Given]:
        async with self.open_joining() as given:
            yield given

    async def test_what_is_joined_is_told_with_what_it_is_joined_to(self, given: Given) -> None:
        scope = new_scope()
        engine = document(scope, [("Zephyr", TOGETHER, "Halden Works")])
        harbour = document(scope, ["Quiet Bay"])
        maker = document(scope, [("Halden Works", TOGETHER, "Trondheim")])
        town = document(scope, ["Trondheim"])
        bay = document(scope, ["Quiet Bay"])
        await given.hold([engine, harbour, maker, town, bay])
        asked = [engine.chunks[0].id, harbour.chunks[0].id]
        found = await (await given.joining()).joined(given.claim(scope), asked)
        assert found.near == {maker.chunks[0].id: 0, bay.chunks[0].id: 1}
        assert found.far == {town.chunks[0].id: 0}

    async def test_of_another_collection_or_tenant_nothing_is_told(self, given: Given) -> None:
        mine = new_scope()
        others = [new_scope(mine.tenant), new_scope()]
        first = {scope: document(scope, ["Halden Works"]) for scope in (mine, *others)}
        second = {scope: document(scope, ["Halden Works"]) for scope in (mine, *others)}
        await given.hold([*first.values(), *second.values()])
        joining, claim = await given.joining(), given.claim(mine)
        for scope in others:
            assert await joining.joined(claim, [first[scope].chunks[0].id]) == Joined()
        asked = [one.chunks[0].id for one in first.values()]
        assert await joining.joined(claim, asked) == Joined(near={second[mine].chunks[0].id: 0})

    async def test_a_step_that_may_touch_no_collection_is_told_nothing(self, given: Given) -> None:
        scope = new_scope()
        one, other = document(scope, ["Halden Works"]), document(scope, ["Halden Works"])
        await given.hold([one, other])
        claim = given.claim(scope, touches=False)
        assert await (await given.joining()).joined(claim, [one.chunks[0].id]) == Joined()

    async def test_no_more_is_asked_or_told_than_may_be(self, given: Given) -> None:
        scope = new_scope()
        names = ["Alma", "Berta", "Clara"]
        one, late = document(scope, names), document(scope, ["Dora"])
        # Each name is rare enough to tell chunks apart; together they name more than is given.
        others = [document(scope, *([[name]] * 40)) for name in names]
        beside = document(scope, ["Dora"])
        await given.hold([one, late, *others, beside])
        joining, claim = await given.joining(), given.claim(scope)
        assert await joining.joined(claim, []) == Joined()
        found = await joining.joined(claim, [one.chunks[0].id])
        assert len(found.near) == MOST_JOINED
        strangers = [uuid4() for _ in range(MOST_SEEDS)]
        assert await joining.joined(claim, [*strangers, late.chunks[0].id]) == Joined()
        last = await joining.joined(claim, [*strangers[1:], late.chunks[0].id])
        assert last.near == {beside.chunks[0].id: MOST_SEEDS - 1}

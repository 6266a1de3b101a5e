"""Which collection is meant, over a real PostgreSQL."""

from uuid import uuid4

import pytest

from sutazai.core.runs.service import NewRun
from sutazai.records.collection_ids import SqlCollectionIds
from sutazai_contracts.errors import NotFound
from tests.integration.knowledge.world import World


async def test_a_collection_is_known_by_its_name_within_its_tenant(reader: World) -> None:
    ids = SqlCollectionIds(reader.database.open)
    collection = await reader.knowledge.collection(reader.tenant, "default")
    assert await ids.named(reader.tenant, "default") == collection.id
    with pytest.raises(NotFound, match="no collection nowhere"):
        await ids.named(reader.tenant, "nowhere")
    with pytest.raises(NotFound):
        await ids.named(await reader.database.new_tenant(), "default")


async def test_a_step_may_touch_what_its_plan_says(reader: World) -> None:
    ids = SqlCollectionIds(reader.database.open)
    collection = await reader.knowledge.collection(reader.tenant, "default")
    run = await reader.runs.start(
        reader.tenant, NewRun(workflow="ask", goal="What?", collection_name="default")
    )
    assert await ids.touched(reader.tenant, run.id, "ask") == collection.id
    assert await ids.touched(reader.tenant, run.id, "another") is None
    assert await ids.touched(reader.tenant, uuid4(), "ask") is None
    assert await ids.touched(await reader.database.new_tenant(), run.id, "ask") is None
    bare = await reader.runs.start(reader.tenant, NewRun(workflow="ask", goal="What?"))
    assert await ids.touched(reader.tenant, bare.id, "ask") is None
    await reader.knowledge.delete_collection(reader.tenant, "default")
    assert await ids.touched(reader.tenant, run.id, "ask") is None

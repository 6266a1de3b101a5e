"""What a link was read from, over a real PostgreSQL: where it stands, of the tenant alone."""

import json
from uuid import uuid4

import psycopg
import pytest

from sutazai.core.graph.model import Scope
from sutazai.records.saying import SqlSayingPassages
from sutazai_contracts.graph import RelationKind
from tests.contract.graph.documents import IS_A, TOGETHER, document, name_id, new_scope
from tests.contract.graph.writing import write
from tests.integration.knowledge.world import World

SAID = "The Zephyr 9 was built by Halden Works."
FIRST = f"It was a clear day.\n{SAID}\nWe saw it in Oslo."


async def test_the_place_is_where_the_text_says_so_until_that_is_gone(reader: World) -> None:
    key = await reader.add("first.txt", FIRST)
    collection = await reader.knowledge.collection(reader.tenant, "default")
    scope = Scope(reader.tenant, collection.id)
    ends = sorted((name_id(scope, "Zephyr 9"), name_id(scope, "Halden Works")))
    records = SqlSayingPassages(reader.database.open)
    [source] = await records.saying(scope, ends[0], TOGETHER, ends[1], 10)
    assert (source.document.id, source.document.name) == (key, "first.txt")
    text = await reader.knowledge.text(reader.tenant, "default", key, source.start, source.end)
    assert text.text.strip() == SAID
    await reader.knowledge.delete_document(reader.tenant, "default", key)
    assert await records.saying(scope, ends[0], TOGETHER, ends[1], 10) == []


@pytest.mark.requirement("B9", part="the graph")
async def test_another_tenant_or_collection_is_told_nothing(reader: World) -> None:
    scope, beside = new_scope(), new_scope()
    mine = document(scope, [("A", IS_A, "B")], [("A", IS_A, "B")])
    await write(reader.database, [mine, document(beside, [("A", IS_A, "B")])])
    a, b = name_id(scope, "A"), name_id(scope, "B")
    records = SqlSayingPassages(reader.database.open)
    found = await records.saying(scope, a, IS_A, b, 10)
    assert [source.start for source in found] == [0, 1]
    assert await records.saying(scope, a, IS_A, b, 1) == found[:1]
    # It leads from one to the other, and is of one kind.
    assert await records.saying(scope, b, IS_A, a, 10) == []
    assert await records.saying(scope, a, TOGETHER, b, 10) == []
    for foreign in (
        Scope(beside.tenant, scope.collection),
        Scope(scope.tenant, beside.collection),
        Scope(uuid4(), scope.collection),
    ):
        assert await records.saying(foreign, a, IS_A, b, 10) == []


async def test_the_rows_of_a_link_are_found_by_an_index(reader: World) -> None:
    scope = new_scope()
    # Many links of many subjects, so that reading all of them costs more than looking some up.
    said = [[(f"S{one}", RelationKind.IS_A, f"O{two}") for two in range(20)] for one in range(200)]
    await write(reader.database, [document(scope, *said)])
    subject, what = name_id(scope, "S7"), name_id(scope, "O7")
    with psycopg.connect(reader.database.admin, autocommit=True) as connection:
        connection.execute("SET search_path = sutazai")
        connection.execute("ANALYZE relations")
        row = connection.execute(
            "EXPLAIN (FORMAT json) SELECT chunk_id FROM relations WHERE collection_id = %s"
            " AND subject = %s AND kind = 'is_a' AND object = %s",
            (scope.collection, subject, what),
        ).fetchone()
    plan = json.dumps(row)
    assert "Seq Scan" not in plan
    assert "relations_by_" in plan
    found = await SqlSayingPassages(reader.database.open).saying(scope, subject, IS_A, what, 5)
    assert [source.start for source in found] == [7]

"""Facts over a real PostgreSQL: there with the document, by its commit, and gone with it."""

from dataclasses import replace

from sutazai.adapters.graph.sql import SqlGraph
from sutazai.core.graph.model import Scope
from sutazai.core.graph.walking import around, way
from sutazai_contracts.tasks import Succeeded
from tests.integration.knowledge.world import World

FIRST = "The Zephyr 9 was built by Halden Works.\nWe saw it in Oslo."
SECOND = "We visited Halden Works in Trondheim."


async def names(world: World) -> list[str]:
    """Give what is found in the graph of `default`, by name."""
    graph, scope = SqlGraph(world.database.open), await scope_of(world)
    found = await graph.find(scope, [""], 100)
    return sorted(entity.name for entity in found if entity.kind == "name")


async def scope_of(world: World) -> Scope:
    collection = await world.knowledge.collection(world.tenant, "default")
    return Scope(world.tenant, collection.id)


def rows(world: World) -> dict[str, int]:
    """Count all rows of facts, of every tenant."""
    tables = ("entities", "mentions", "relations")
    return {
        table: int(str(world.database.query(f"SELECT count(*) FROM {table}")[0][0]))
        for table in tables
    }


async def test_two_documents_are_joined_by_what_both_name(reader: World) -> None:
    await reader.add("first.txt", FIRST)
    await reader.add("second.txt", SECOND)
    assert await names(reader) == ["Halden Works", "Oslo", "Trondheim", "Zephyr 9"]
    graph, scope = SqlGraph(reader.database.open), await scope_of(reader)
    (zephyr,) = await graph.find(scope, ["zephyr"], 1)
    (trondheim,) = await graph.find(scope, ["trondheim"], 1)
    found = await way(graph, scope, zephyr.id, trondheim.id, 4)
    assert [entity.name for entity in found.entities] == ["Zephyr 9", "Halden Works", "Trondheim"]
    near = await around(graph, scope, zephyr.id, 2, 10)
    assert {"Halden Works", "Trondheim"} <= {entity.name for entity in near.entities}


async def test_a_mention_is_where_the_text_says_so(reader: World) -> None:
    document = await reader.add("first.txt", FIRST)
    found = reader.database.query(
        "SELECT m.start_offset, m.end_offset, k.number FROM mentions m"
        " JOIN entities e ON e.entity = m.entity JOIN chunks k ON k.id = m.chunk_id"
        " WHERE e.key = 'halden works'"
    )
    [(start, end, number)] = found
    text = await reader.knowledge.text(
        reader.tenant, "default", document, int(str(start)), int(str(end))
    )
    assert (text.text, number) == ("Halden Works", 0)


async def test_facts_are_there_by_the_commit_alone(reader: World) -> None:
    await reader.upload("first.txt", FIRST)
    [claim] = await reader.claim()
    output = await reader.index(claim)
    assert set(rows(reader).values()) == {0}
    assert await reader.end(claim, Succeeded(output=output)) == 1
    there = rows(reader)
    assert min(there.values()) > 0
    # An outcome that comes twice counts once.
    assert await reader.end(claim, Succeeded(output=output)) == 0
    assert rows(reader) == there


async def test_a_new_version_takes_the_place_of_the_old(reader: World) -> None:
    await reader.add("first.txt", FIRST)
    await reader.add("first.txt", "We stayed in Bergen, with Anna Berg.")
    assert await names(reader) == ["Anna Berg", "Bergen"]
    await reader.sweep()
    assert await names(reader) == ["Anna Berg", "Bergen"]


async def test_a_version_that_fails_says_nothing(reader: World) -> None:
    await reader.add("first.txt", FIRST)
    before = rows(reader)
    await reader.upload("first.txt", SECOND)
    await reader.fail_all()
    assert rows(reader) == before


async def test_facts_go_with_their_document_and_with_their_collection(reader: World) -> None:
    document = await reader.add("first.txt", FIRST)
    await reader.add("second.txt", SECOND)
    await reader.knowledge.delete_document(reader.tenant, "default", document)
    assert await names(reader) == ["Halden Works", "Trondheim"]
    await reader.knowledge.delete_collection(reader.tenant, "default")
    assert set(rows(reader).values()) == {0}


async def test_collections_and_tenants_are_apart(reader: World) -> None:
    await reader.knowledge.create_collection(reader.tenant, "notes")
    await reader.add("first.txt", FIRST, "notes")
    assert await names(reader) == []
    other = replace(reader, tenant=await reader.database.new_tenant())
    await other.knowledge.create_collection(other.tenant, "default")
    await other.add("second.txt", SECOND)
    assert await names(other) == ["Halden Works", "Trondheim"]
    assert await names(reader) == []

"""Chunks by what was quoted of them, over a real PostgreSQL."""

from uuid import uuid4

from sutazai.core.graph.ports import Quoted
from sutazai.records.cited import SqlCitedChunks
from tests.integration.knowledge.world import World

TEXT = "one line\nand another\nand a third"


async def test_a_quote_is_in_the_chunks_that_it_touches(reader: World) -> None:
    document = await reader.add("a.txt", TEXT)
    chunks = [
        row[0] for row in reader.database.query("SELECT id FROM chunks ORDER BY start_offset")
    ]
    records = SqlCitedChunks(reader.database.open)

    async def cited(start: int, end: int) -> list[object]:
        return [*await records.cited(reader.tenant, [Quoted(document, start, end)])]

    assert await cited(0, 3) == [chunks[0]]
    assert await cited(9, 20) == [chunks[1]]
    assert set(await cited(4, 12)) == set(chunks[:2])
    assert await cited(8, 9) == []
    both = [Quoted(document, 0, 3), Quoted(document, 0, 5), Quoted(document, 21, 25)]
    found = await records.cited(reader.tenant, both)
    assert set(found) == {chunks[0], chunks[2]}
    assert found == sorted(found)


async def test_what_was_replaced_is_not_there_and_nothing_of_another_tenant(reader: World) -> None:
    document = await reader.add("a.txt", TEXT)
    records = SqlCitedChunks(reader.database.open)
    quote = [Quoted(document, 0, 3)]
    assert await records.cited(await reader.database.new_tenant(), quote) == []
    (before,) = await records.cited(reader.tenant, quote)
    await reader.add("a.txt", "something else")
    (after,) = await records.cited(reader.tenant, quote)
    assert before != after
    assert await records.cited(reader.tenant, []) == []
    assert await records.cited(reader.tenant, [Quoted(uuid4(), 0, 3)]) == []

"""Chunks are read from the file an output names, and checked against it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from sutazai.core.knowledge.chunk_lines import read_chunks
from sutazai_contracts.errors import NotFound
from sutazai_contracts.knowledge import Chunk, IndexedDocument, chunk_id
from sutazai_kit.files.local import LocalFiles

TENANT, VERSION = uuid4(), uuid4()


def chunk(number: int, **changed: Any) -> dict[str, Any]:
    fields = Chunk(
        id=chunk_id(VERSION, number),
        version=VERSION,
        number=number,
        start=number * 10,
        end=number * 10 + 9,
        heading_path=("Top", "Below"),
        text="line\nbreak\u2028s",
    ).model_dump(mode="json")
    return {**fields, **changed}


async def parts(data: bytes) -> AsyncIterator[bytes]:
    yield data


def mentioning(**changed: Any) -> dict[str, Any]:
    """Give facts with one mention."""
    one = {"kind": "name", "key": "a", "name": "A", "start": 0, "end": 1}
    return {"mentions": [{**one, **changed}]}


def saying(end: int, what: int = 1) -> dict[str, Any]:
    """Give facts with one relation."""
    facts = {"mentions": [*mentioning()["mentions"], *mentioning(key="b")["mentions"]]}
    said = {"subject": 0, "kind": "together", "object": what, "start": 0, "end": end}
    return {**facts, "relations": [said]}


class Store:
    """A file store, and outputs that name what was put there."""

    def __init__(self, root: Path) -> None:
        self.files = LocalFiles(root)

    async def output(self, lines: list[Any], **changed: Any) -> dict[str, Any]:
        data = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines).encode()
        stored = await self.files.put(TENANT, parts(data))
        indexed = IndexedDocument(
            document=uuid4(),
            version=VERSION,
            media_type="text/plain",
            text_sha256="0" * 64,
            characters=1000,
            chunks_sha256=stored.sha256,
            chunks=len(lines),
        )
        return {**indexed.model_dump(mode="json"), **changed}

    async def read(self, output: dict[str, Any], tenant: UUID = TENANT) -> list[Chunk]:
        return await read_chunks(self.files)(tenant, output)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


async def test_chunks_are_read(store: Store) -> None:
    read = await store.read(await store.output([chunk(0), chunk(2)]))
    assert [c.number for c in read] == [0, 2]
    assert read[0].text == "line\nbreak\u2028s"
    assert await store.read(await store.output([])) == []


async def test_another_tenants_file_is_not_there(store: Store) -> None:
    output = await store.output([chunk(0)])
    with pytest.raises(NotFound):
        await store.read(output, tenant=uuid4())


@pytest.mark.parametrize(
    ("lines", "changed", "why"),
    [
        ([chunk(0)], {"chunks": 2}, "1 chunks, and 2 were announced"),
        ([chunk(0)], {"version": str(uuid4())}, "another version"),
        ([chunk(0)], {"chunks": "many"}, "no indexed document: chunks"),
        ([chunk(0)], {"version": "x"}, "no indexed document: version"),
        ([chunk(0, version=str(uuid4()))], {}, "chunk 0 is of another version"),
        ([chunk(0, id=str(uuid4()))], {}, "chunk 0 has the id of another"),
        ([chunk(0), chunk(0)], {}, "same number"),
        ([chunk(0), chunk(1, start=-1)], {}, "line 2 is no chunk: start"),
        ([chunk(0, start=9, end=8)], {}, "stands at 9:8"),
        ([chunk(0, end=1001)], {}, "stands at 0:1001 of 1000"),
        ([chunk(0, heading_path=["a\x00"])], {}, "NUL"),
        ([chunk(0, facts=mentioning(key="a\x00"))], {}, "mentions something with a NUL"),
        ([chunk(0, facts=mentioning(end=900))], {}, "mentions 'A' at .*, outside of itself"),
        ([chunk(0, facts=saying(900))], {}, "says something at 0:900, outside of itself"),
        ([chunk(0, facts=saying(1, what=7))], {}, "line 1 is no chunk: facts: .* not there"),
        ([chunk(0, unknown=1)], {}, "line 1 is no chunk: unknown"),
        (["text"], {}, "line 1 is no chunk"),
    ],
)
async def test_what_does_not_fit_is_said(
    store: Store, lines: list[Any], changed: dict[str, Any], why: str
) -> None:
    output = await store.output(lines, **changed)
    with pytest.raises(ValueError, match=why):
        await store.read(output)

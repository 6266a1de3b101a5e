"""The JSONL of a document version's chunks, read and checked before it is published."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from pydantic import ValidationError

from sutazai_contracts.knowledge import Chunk, IndexedDocument, chunk_id
from sutazai_kit.files.port import Files

ChunkReader = Callable[[UUID, Mapping[str, object]], Awaitable[list[Chunk]]]


def read_chunks(files: Files) -> ChunkReader:
    """Make a reader of the chunks that the output of an indexing step names.

    The reader takes a tenant and the output. It raises `NotFound` where there is no such file, and
    `ValueError`, in words, where the file does not fit what the output says of it.
    """

    async def read(tenant: UUID, output: Mapping[str, object]) -> list[Chunk]:
        try:
            document = IndexedDocument.model_validate(output)
        except ValidationError as exc:
            raise ValueError(f"its output is no indexed document: {_first(exc)}") from exc
        data = await files.read(tenant, document.chunks_sha256)
        return await asyncio.to_thread(_read, data, document)

    return read


def _read(data: bytes, document: IndexedDocument) -> list[Chunk]:
    chunks = [_chunk(line, number) for number, line in enumerate(data.splitlines(), start=1)]
    if len(chunks) != document.chunks:
        raise ValueError(f"there are {len(chunks)} chunks, and {document.chunks} were announced")
    for chunk in chunks:
        wrong = _wrong_with(chunk, document)
        if wrong is not None:
            raise ValueError(f"chunk {chunk.number} {wrong}")
    if len({chunk.number for chunk in chunks}) != len(chunks):
        raise ValueError("two chunks have the same number")
    return chunks


def _chunk(line: bytes, number: int) -> Chunk:
    try:
        return Chunk.model_validate_json(line)
    except ValidationError as exc:
        raise ValueError(f"line {number} is no chunk: {_first(exc)}") from exc


def _wrong_with(chunk: Chunk, document: IndexedDocument) -> str | None:
    if chunk.version != document.version:
        return f"is of another version, {chunk.version}"
    if chunk.id != chunk_id(chunk.version, chunk.number):
        return f"has the id of another chunk, {chunk.id}"
    if not chunk.start <= chunk.end <= document.characters:
        return f"stands at {chunk.start}:{chunk.end} of {document.characters} characters"
    # PostgreSQL keeps no NUL in text.
    if any("\x00" in heading for heading in chunk.heading_path):
        return "has a heading with a NUL character in it"
    return _wrong_with_facts(chunk)


def _wrong_with_facts(chunk: Chunk) -> str | None:
    for mention in chunk.facts.mentions:
        if not chunk.start <= mention.start <= mention.end <= chunk.end:
            return f"mentions {mention.name!r} at {mention.start}:{mention.end}, outside of itself"
        if "\x00" in mention.key + mention.name:
            return "mentions something with a NUL character in its name"
    for relation in chunk.facts.relations:
        if not chunk.start <= relation.start <= relation.end <= chunk.end:
            return f"says something at {relation.start}:{relation.end}, outside of itself"
    return None


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])

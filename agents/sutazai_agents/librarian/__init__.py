"""The librarian: reads a document, cuts it into chunks, embeds them and makes them findable.

It also embeds what a collection holds anew, for another model.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import islice
from uuid import UUID

from pydantic import RootModel

from sutazai_agents.documents.parsed import Parsed
from sutazai_agents.documents.reading import Reader
from sutazai_agents.facts.extract import with_facts
from sutazai_agents.librarian.chunking import chunk_document
from sutazai_agents.librarian.points import BATCH, make_points, writable
from sutazai_agents.librarian.rebuilding import rebuild
from sutazai_contracts.errors import NotFound, UnreadableDocument
from sutazai_contracts.knowledge import (
    Chunk,
    CollectionGrant,
    DocumentSource,
    Frozen,
    IndexedDocument,
    RebuildSource,
    RebuiltCollection,
)
from sutazai_kit import Agent, AgentContext, Refuse, Retry

_LINES_PER_PART = 256


class IndexTask(Frozen):
    """What to make findable: one document version, or what a collection holds, embedded anew."""

    document: DocumentSource | None = None
    rebuild: RebuildSource | None = None


class Indexed(RootModel[IndexedDocument | RebuiltCollection]):
    """What came of it."""


_reader = Reader()

librarian = Agent(
    "librarian",
    description="Reads documents, cuts them into chunks and makes them findable.",
    version="1",
    slots=2,
    capabilities=("index",),
)


@librarian.handler
async def work(task: IndexTask, ctx: AgentContext) -> Indexed:
    """Index one version of a document, or rebuild a collection; a second attempt does the same."""
    grant = writable(ctx)
    try:
        if task.rebuild is not None:
            return Indexed(await rebuild(task.rebuild, grant, ctx))
        if task.document is not None:
            return Indexed(await index(task.document, grant, ctx))
    except NotFound as exc:
        # Core knows where the collection is now; where it is deleted, the run is cancelled.
        raise Retry("The collection was rebuilt or deleted meanwhile.", after_s=1) from exc
    raise Refuse("The task names neither a document nor what is to be rebuilt.")


async def index(
    source: DocumentSource, grant: CollectionGrant, ctx: AgentContext
) -> IndexedDocument:
    """Index one version of a document; a second attempt writes the same again.

    Where the collection is being rebuilt, its points go to both places.
    """
    places = [grant.physical, *([grant.rebuild.physical] if grant.rebuild else [])]
    await ctx.progress(f"Reading {source.name}")
    parsed = await _read(source, ctx)
    text = await ctx.files.put(ctx.tenant, _parts([parsed.text.encode()]))
    chunks = await chunk_document(parsed, source.version, ctx.embeddings)
    chunks = await asyncio.to_thread(with_facts, chunks, parsed, source.name)
    lines = await ctx.files.put(ctx.tenant, _parts(_jsonl(chunks)))
    await _write(chunks, source, places, ctx)
    return IndexedDocument(
        document=source.document,
        version=source.version,
        media_type=parsed.media_type,
        title=parsed.title,
        text_sha256=text.sha256,
        characters=len(parsed.text),
        chunks_sha256=lines.sha256,
        chunks=len(chunks),
        physicals=tuple(places),
    )


async def _read(source: DocumentSource, ctx: AgentContext) -> Parsed:
    async def on_page(done: int, total: int) -> None:
        await ctx.progress(f"Read {done} of {total} pages of {source.name}", done, total)

    try:
        data = await ctx.files.read(ctx.tenant, source.sha256)
        parsed = await _reader.read(data, source.name, on_page)
    except NotFound as exc:
        raise Refuse(f"The bytes of {source.name} are not in the file store any more.") from exc
    except UnreadableDocument as exc:
        raise Refuse(f"{source.name} can't be read. {exc.message}") from exc
    for warning in parsed.warnings:
        await ctx.progress(f"{source.name}: {warning}")
    return parsed


async def _write(
    chunks: Sequence[Chunk], source: DocumentSource, places: Sequence[UUID], ctx: AgentContext
) -> None:
    """Embed and store the chunks; those of a batch are in the store before the next begins."""
    for place in places:
        # An attempt may have ended half-way, and with another release of this agent.
        if ctx.attempt > 1 or await ctx.vectors.count(place, source.version):
            await ctx.vectors.delete_version(place, source.version)
    waiting, done = iter(chunks), 0
    while batch := list(islice(waiting, BATCH)):
        points = await make_points(batch, source.document, source.name, ctx)
        for place in places:
            await ctx.vectors.upsert(place, points)
        done += len(batch)
        await ctx.progress(f"Embedded {done} of {len(chunks)} chunks", done, len(chunks))


def _jsonl(chunks: Iterable[Chunk]) -> Iterable[bytes]:
    waiting = iter(chunks)
    while part := list(islice(waiting, _LINES_PER_PART)):
        yield "".join(f"{chunk.model_dump_json()}\n" for chunk in part).encode()


async def _parts(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part

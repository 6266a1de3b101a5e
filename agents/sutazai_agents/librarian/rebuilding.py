"""Embed anew what a collection holds, from the chunks that its documents were cut into."""

from uuid import UUID

from sutazai_agents.librarian.points import BATCH, make_points
from sutazai_contracts.errors import NotFound
from sutazai_contracts.knowledge import (
    Chunk,
    CollectionGrant,
    RebuildSource,
    RebuildVersion,
    RebuiltCollection,
)
from sutazai_kit import AgentContext, Refuse


async def rebuild(
    source: RebuildSource, grant: CollectionGrant, ctx: AgentContext
) -> RebuiltCollection:
    """Write the points of every version that is listed to the place that is being filled.

    Of a version, points are written in the order of its chunks and by such tasks alone, so what
    an earlier attempt wrote is the beginning, and is not embedded again.

    Raises:
        NotFound: the place is not there any more.
    """
    done, missing = 0, list[UUID]()
    await ctx.progress(f"Embedding {source.chunks} chunks", 0, source.chunks)
    for listed in await _versions(source, ctx):
        chunks = await _chunks(listed, ctx)
        if chunks is None:
            missing.append(listed.version)
            continue
        first = await ctx.vectors.count(grant.physical, listed.version)
        done += min(first, len(chunks))
        for start in range(first, len(chunks), BATCH):
            batch = chunks[start : start + BATCH]
            points = await make_points(batch, listed.document, listed.name, ctx)
            await ctx.vectors.upsert(grant.physical, points)
            done += len(batch)
            message = f"Embedded {done} of {source.chunks} chunks"
            await ctx.progress(message, done, source.chunks)
    return RebuiltCollection(
        physical=grant.physical,
        versions=source.versions - len(missing),
        chunks=done,
        missing=tuple(missing),
    )


async def _versions(source: RebuildSource, ctx: AgentContext) -> list[RebuildVersion]:
    try:
        data = await ctx.files.read(ctx.tenant, source.manifest)
    except NotFound as exc:
        raise Refuse("The list of what is to be rebuilt is not in the file store.") from exc
    return [RebuildVersion.model_validate_json(line) for line in data.splitlines()]


async def _chunks(listed: RebuildVersion, ctx: AgentContext) -> list[Chunk] | None:
    """Read the chunks of a version; None: they are not there, as those of what was removed."""
    try:
        data = await ctx.files.read(ctx.tenant, listed.chunks_sha256)
    except NotFound:
        return None
    return [Chunk.model_validate_json(line) for line in data.splitlines()]

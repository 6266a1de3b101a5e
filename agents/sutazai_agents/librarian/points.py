"""Points: chunks with their vectors, as the vector store keeps them."""

from collections.abc import Sequence
from uuid import UUID

from sutazai_agents.librarian.chunking import SPECIAL_TOKENS, embedding_text
from sutazai_contracts.knowledge import Chunk, CollectionGrant
from sutazai_kit import AgentContext, Refuse
from sutazai_kit.vectors.port import Point, Vector

BATCH = 32


def writable(ctx: AgentContext) -> CollectionGrant:
    """Give where the task may write; refuses where that is nowhere, or another model's."""
    grant = ctx.grant
    if grant is None or grant.access != "write":
        raise Refuse("The task may not write to any collection.")
    used = ctx.embeddings.model
    if grant.model != used:
        raise Refuse(
            f"The collection was embedded by {grant.model.name} {grant.model.revision}, but this "
            f"installation embeds by {used.name} {used.revision}: run `sutazai index rebuild`."
        )
    return grant


async def make_points(
    chunks: Sequence[Chunk], document: UUID, name: str, ctx: AgentContext
) -> list[Point]:
    """Embed chunks of one document and count what that took."""
    texts = [embedding_text(chunk) for chunk in chunks]
    tokens = await ctx.embeddings.count_tokens(texts)
    longest = ctx.embeddings.model.max_tokens - SPECIAL_TOKENS
    if max(tokens, default=0) > longest:
        raise Refuse(
            f"A chunk of {name} has {max(tokens)} tokens, and {ctx.embeddings.model.name} takes "
            f"{longest}. It was cut for another model: delete the document, rebuild, upload it "
            "again."
        )
    vectors = await ctx.embeddings.embed(texts)
    ctx.meter("chunks", len(chunks))
    ctx.meter("tokens_embedded", sum(tokens))
    return [_point(*pair, document, name) for pair in zip(chunks, vectors, strict=True)]


def _point(chunk: Chunk, vector: Vector, document: UUID, name: str) -> Point:
    return Point(
        id=chunk.id,
        version=chunk.version,
        vector=vector,
        text=chunk.text,
        payload={
            "document": str(document),
            "name": name,
            "number": chunk.number,
            "start": chunk.start,
            "end": chunk.end,
            "heading_path": list(chunk.heading_path),
        },
    )

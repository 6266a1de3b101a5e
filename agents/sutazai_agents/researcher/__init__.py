"""The researcher: finds the passages of a collection that a question asks for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from sutazai_agents.questions import parts
from sutazai_agents.researcher.merging import merged, within
from sutazai_agents.researcher.rewording import alone
from sutazai_contracts.conversations import History
from sutazai_contracts.errors import GraphUnavailable, NotFound
from sutazai_contracts.joining import seeds, with_joined
from sutazai_contracts.knowledge import CollectionGrant, Frozen, Passage, Passages
from sutazai_kit import Agent, AgentContext, Refuse
from sutazai_kit.vectors.port import Hit, Query

# An output may have 256 KiB; the writer's input holds the passages and the question again.
MOST_BYTES = 160 * 1024
_GONE = "the collection is gone"
_SHOWN = 80


class ResearchTask(Frozen):
    """What to find, what was said before that was asked, and how many passages at most.

    `graph`: whether what is joined to the best passages, by what both name, is among them.
    """

    question: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)
    ]
    history: History = ()
    limit: int = Field(default=8, ge=1, le=50)
    graph: bool = False


researcher = Agent(
    "researcher",
    description="Finds the passages of your documents that a question asks for.",
    version="3",
    slots=4,
    capabilities=("retrieve",),
)


@researcher.handler
async def research(task: ResearchTask, ctx: AgentContext) -> Passages:
    """Search for the question, and for its parts where it has several; best passages first.

    A question that leans on what was said before is searched for as it stands alone as well. Where
    the graph is to be asked and can't be, the passages are those that are found without it.
    """
    grant = _readable(ctx)
    try:
        searched = await ctx.vectors.count(grant.physical)
        wanted = await alone(task.question, task.history, ctx) if searched else ""
        found, without = await _found(task, wanted, grant, ctx) if searched else ([], "")
    except NotFound as exc:
        raise Refuse(_GONE) from exc
    ctx.meter("passages", len(found))
    await ctx.progress(_summary(found, searched, without))
    return Passages(
        question=task.question,
        standalone=wanted,
        passages=tuple(found),
        searched=searched,
        without_graph=without,
    )


def _readable(ctx: AgentContext) -> CollectionGrant:
    grant = ctx.grant
    if grant is None:
        raise Refuse(_GONE)
    own = ctx.embeddings.model
    if grant.model != own:
        raise Refuse(
            f"The collection was embedded by {grant.model.name} ({grant.model.revision}), and "
            f"{own.name} ({own.revision}) is in use here: `reindex` the collection to search it."
        )
    return grant


async def _found(
    task: ResearchTask, wanted: str, grant: CollectionGrant, ctx: AgentContext
) -> tuple[list[Passage], str]:
    """Find passages; gives also why the graph was not asked, where it was to be."""
    texts = [*([wanted] if wanted else []), task.question, *parts(task.question)]
    await ctx.progress(f"Looking for {', '.join(map(_quoted, texts))}")
    # All are embedded in one call.
    vectors = await ctx.embeddings.embed(texts, interactive=True)
    queries = [
        Query(vector, text, task.limit, grant.hidden_versions)
        for vector, text in zip(vectors, texts, strict=True)
    ]
    found = merged([await _search(query, grant, ctx) for query in queries], task.limit)
    without = ""
    if task.graph:
        try:
            found = await _with_joined(found, queries[0], grant, ctx)
        except GraphUnavailable as failed:
            without = failed.message
    return within(found, MOST_BYTES), without


async def _with_joined(
    found: Sequence[Passage], query: Query, grant: CollectionGrant, ctx: AgentContext
) -> list[Passage]:
    """Put what is joined to the best passages between them, ranked by the whole question."""

    async def among(chunks: tuple[UUID, ...]) -> list[Passage]:
        only = replace(query, limit=len(chunks), only=chunks)
        return merged([await _search(only, grant, ctx)], len(chunks))

    joined = await ctx.joined(seeds(found))
    return [
        one.hit.model_copy(update={"score": one.score, "by_graph": one.by_graph})
        for one in await with_joined(found, joined, query.limit, among)
    ]


async def _search(query: Query, grant: CollectionGrant, ctx: AgentContext) -> list[Hit]:
    hits = await ctx.vectors.search(grant.physical, query)
    ctx.meter("searches", 1)
    return hits


def _summary(found: Sequence[Passage], searched: int, without: str) -> str:
    if not searched:
        return "The collection is empty: there is nothing to search"
    documents = len({passage.document.id for passage in found})
    by_graph = sum(passage.by_graph for passage in found)
    return (
        f"Found {len(found)} passages in {documents} documents, of {searched} passages in all"
        + (f"; {by_graph} of them by the graph" if by_graph else "")
        + (f"; without the graph: {without}" if without else "")
    )


def _quoted(query: str) -> str:
    short = " ".join(query.split())
    return f"“{short if len(short) <= _SHOWN else short[: _SHOWN - 1] + '…'}”"

"""The researcher: finds the passages of a collection that a question asks for."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from sutazai_agents.questions import parts
from sutazai_agents.researcher.merging import merged, within
from sutazai_agents.researcher.rewording import alone
from sutazai_contracts.conversations import History
from sutazai_contracts.errors import NotFound
from sutazai_contracts.knowledge import CollectionGrant, Frozen, Passage, Passages
from sutazai_kit import Agent, AgentContext, Refuse
from sutazai_kit.vectors.port import Hit, Query

# An output may have 256 KiB; the writer's input holds the passages and the question again.
MOST_BYTES = 160 * 1024
_GONE = "the collection is gone"
_SHOWN = 80


class ResearchTask(Frozen):
    """What to find, what was said before that was asked, and how many passages at most."""

    question: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)
    ]
    history: History = ()
    limit: int = Field(default=8, ge=1, le=50)


researcher = Agent(
    "researcher",
    description="Finds the passages of your documents that a question asks for.",
    version="2",
    slots=4,
    capabilities=("retrieve",),
)


@researcher.handler
async def research(task: ResearchTask, ctx: AgentContext) -> Passages:
    """Search for the question, and for its parts where it has several; best passages first.

    A question that leans on what was said before is searched for as it stands alone as well.
    """
    grant = _readable(ctx)
    try:
        searched = await ctx.vectors.count(grant.physical)
        wanted = await alone(task.question, task.history, ctx) if searched else ""
        found = await _found(task, wanted, grant, ctx) if searched else []
    except NotFound as exc:
        raise Refuse(_GONE) from exc
    ctx.meter("passages", len(found))
    await ctx.progress(_summary(found, searched))
    return Passages(
        question=task.question, standalone=wanted, passages=tuple(found), searched=searched
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
) -> list[Passage]:
    queries = [*([wanted] if wanted else []), task.question, *parts(task.question)]
    await ctx.progress(f"Looking for {', '.join(map(_quoted, queries))}")
    lists = await _searched(queries, task.limit, grant, ctx)
    return within(merged(lists, task.limit), MOST_BYTES)


async def _searched(
    queries: Sequence[str], limit: int, grant: CollectionGrant, ctx: AgentContext
) -> list[list[Hit]]:
    """Search for each query; all are embedded in one call."""
    vectors = await ctx.embeddings.embed(queries, interactive=True)
    lists: list[list[Hit]] = []
    for vector, text in zip(vectors, queries, strict=True):
        query = Query(vector, text, limit, grant.hidden_versions)
        lists.append(await ctx.vectors.search(grant.physical, query))
        ctx.meter("searches", 1)
    return lists


def _summary(found: Sequence[Passage], searched: int) -> str:
    if not searched:
        return "The collection is empty: there is nothing to search"
    documents = len({passage.document.id for passage in found})
    return f"Found {len(found)} passages in {documents} documents, of {searched} passages in all"


def _quoted(query: str) -> str:
    short = " ".join(query.split())
    return f"“{short if len(short) <= _SHOWN else short[: _SHOWN - 1] + '…'}”"

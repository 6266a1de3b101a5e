"""The graph: what documents name, and what joins it."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from pydantic import Field

from sutazai.core.graph.model import ProjectionState
from sutazai.core.graph.service import (
    LONGEST_WAY,
    MOST_COMMUNITIES,
    MOST_ENTITIES,
    MOST_HOPS,
    MOST_SOURCES,
)
from sutazai.core.identity.rights import Need
from sutazai.entrypoints.api.dependencies import CallerOf, PlatformOf, keyed_router, needs
from sutazai.entrypoints.api.openapi import problems
from sutazai.entrypoints.api.shapes import NAME, Given
from sutazai_contracts.graph import EntityKind, RelationKind
from sutazai_contracts.knowledge import DocumentRef

router = keyed_router("/api/v1/graph", "graph")

InCollection = Annotated[
    str, Query(pattern=NAME, description="The collection whose graph is asked.")
]
OneEntity = Annotated[UUID, Query(description="The entity's id.")]


class EntityShape(Given):
    """What documents of a collection name."""

    id: UUID
    kind: EntityKind
    key: str = Field(description="What all its names come to.")
    name: str
    chunks: int = Field(description="How many chunks name it.")


class LinkShape(Given):
    """Two entities that belong together; `together` has no direction."""

    subject: UUID
    kind: RelationKind
    object: UUID
    weight: int = Field(description="How many chunks say so.")


class Entities(Given):
    """Entities that were found."""

    entities: Sequence[EntityShape]


class SubgraphShape(Given):
    """Entities, and the links between them, the strongest first."""

    entities: Sequence[EntityShape]
    links: Sequence[LinkShape]
    cut: bool = Field(description="Whether there is more than was given.")


class PathShape(Given):
    """A shortest way: what is on it, in order, and what joins each to the next."""

    entities: Sequence[EntityShape]
    links: Sequence[LinkShape]


class SourceShape(Given):
    """What a link was read from: a span of a document's text, in code points."""

    document: DocumentRef
    heading_path: Sequence[str]
    start: int
    end: int


class Sources(Given):
    """The passages that a link was read from, by document, then place."""

    sources: Sequence[SourceShape]


class CommunityShape(Given):
    """Entities that are joined most with each other, the best joined first."""

    entities: Sequence[EntityShape]
    size: int = Field(description="How many there are in all.")


class Communities(Given):
    """Groups of entities, the largest first."""

    communities: Sequence[CommunityShape]


@router.get(
    "/entities",
    dependencies=[needs(Need.READ)],
    summary="Find entities",
    responses=problems(404),
    response_description="Entities whose name begins so.",
)
async def find_entities(
    platform: PlatformOf,
    caller: CallerOf,
    text: Annotated[str, Query(min_length=1, max_length=200, description="How they begin.")],
    collection: InCollection = "default",
    limit: Annotated[int, Query(ge=1, le=MOST_ENTITIES, description="How many at most.")] = 50,
) -> Entities:
    """Find entities by how their names begin, whatever case and accents; most named first."""
    found = await platform.graph.find(caller.tenant, collection, text, limit)
    return Entities(entities=[EntityShape.model_validate(entity) for entity in found])


@router.get(
    "/neighbours",
    dependencies=[needs(Need.READ)],
    summary="Look around an entity",
    responses=problems(404),
    response_description="The entity, and what is joined to it.",
)
async def get_neighbours(
    platform: PlatformOf,
    caller: CallerOf,
    entity: OneEntity,
    collection: InCollection = "default",
    hops: Annotated[int, Query(ge=1, le=MOST_HOPS, description="How many links away.")] = 1,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTITIES, description="How many at most.")] = 50,
) -> SubgraphShape:
    """Give what is joined to an entity; of what is equally far, the best joined."""
    found = await platform.graph.neighbours(caller.tenant, collection, entity, hops, limit)
    return SubgraphShape.model_validate(found)


@router.get(
    "/path",
    dependencies=[needs(Need.READ)],
    summary="Find a way between two entities",
    responses=problems(404),
    response_description="A shortest way; nothing where there is none as short.",
)
async def get_path(
    platform: PlatformOf,
    caller: CallerOf,
    start: OneEntity,
    end: OneEntity,
    collection: InCollection = "default",
    longest: Annotated[int, Query(ge=1, le=LONGEST_WAY, description="Most links on it.")] = 4,
) -> PathShape:
    """Give a shortest way between two entities, the same each time."""
    found = await platform.graph.path(caller.tenant, collection, start, end, longest)
    return PathShape.model_validate(found)


@router.get(
    "/sources",
    dependencies=[needs(Need.READ)],
    summary="Find what a link was read from",
    responses=problems(404),
    response_description="The passages; none where nothing says so.",
)
async def list_sources(
    platform: PlatformOf,
    caller: CallerOf,
    subject: OneEntity,
    kind: Annotated[RelationKind, Query(description="What joins the two.")],
    object: OneEntity,
    collection: InCollection = "default",
    limit: Annotated[int, Query(ge=1, le=MOST_SOURCES, description="How many at most.")] = 50,
) -> Sources:
    """Give the passages of documents that say what joins two entities."""
    link = (subject, kind, object)
    found = await platform.graph.sources(caller.tenant, collection, link, limit)
    return Sources(sources=[SourceShape.model_validate(source) for source in found])


@router.get(
    "/communities",
    dependencies=[needs(Need.READ)],
    summary="List what belongs together",
    responses=problems(404),
    response_description="Groups of entities.",
)
async def list_communities(
    platform: PlatformOf,
    caller: CallerOf,
    collection: InCollection = "default",
    limit: Annotated[int, Query(ge=1, le=MOST_COMMUNITIES, description="How many at most.")] = 50,
) -> Communities:
    """Give groups of entities that are joined more with each other than with the rest."""
    found = await platform.graph.communities(caller.tenant, collection, limit)
    return Communities(communities=[CommunityShape.model_validate(group) for group in found])


class ProjectionShape(Given):
    """Where the graph of a collection is asked."""

    projected: bool = Field(description="Whether there is a projection; else the facts are asked.")
    whole: bool = Field(description="Whether all is projected, and is what is asked.")
    versions: int = Field(description="Of how many documents the facts are projected.")
    of: int = Field(description="Of how many they are to be.")


@router.get(
    "/projection",
    dependencies=[needs(Need.READ)],
    summary="See how far the graph is projected",
    responses=problems(404, 503),
    response_description="How far.",
)
async def get_projection(
    platform: PlatformOf, caller: CallerOf, collection: InCollection = "default"
) -> ProjectionShape:
    """Tell how far a collection's facts are projected into Neo4j, where there is one."""
    return _projection(await platform.graph.projected(caller.tenant, collection))


@router.post(
    "/rebuild",
    dependencies=[needs(Need.WRITE)],
    status_code=202,
    summary="Project the graph anew",
    responses=problems(404, 503),
    response_description="How far it is; 0 where it has just begun.",
)
async def rebuild_graph(
    platform: PlatformOf, caller: CallerOf, collection: InCollection = "default"
) -> ProjectionShape:
    """Throw away what is projected of a collection, and project its facts anew.

    The facts themselves are asked until that is done. Where there is no projection, nothing is.
    """
    return _projection(await platform.graph.rebuild(caller.tenant, collection))


def _projection(state: ProjectionState | None) -> ProjectionShape:
    if state is None:
        return ProjectionShape(projected=False, whole=False, versions=0, of=0)
    return ProjectionShape(projected=True, whole=state.whole, versions=state.versions, of=state.of)


@router.get(
    "/answers/{run}",
    dependencies=[needs(Need.READ)],
    summary="Look at what an answer is made of",
    responses=problems(404),
    response_description="What the cited passages name, and what they say of it.",
)
async def get_answer_graph(
    platform: PlatformOf,
    caller: CallerOf,
    run: Annotated[UUID, Path(description="The run that answered.")],
) -> SubgraphShape:
    """Give what the passages that an answer cites name and say, as far as they are there still."""
    return SubgraphShape.model_validate(await platform.graph.answer(caller.tenant, run))

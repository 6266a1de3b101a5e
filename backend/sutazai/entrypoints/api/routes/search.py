"""Search in a collection."""

from sutazai.core.identity.rights import Need
from sutazai.entrypoints.api.dependencies import CallerOf, PlatformOf, keyed_router, needs
from sutazai.entrypoints.api.openapi import problems
from sutazai.entrypoints.api.shapes import Hits, HitShape, Question

router = keyed_router("/api/v1/search", "knowledge")


@router.post(
    "",
    dependencies=[needs(Need.READ)],
    summary="Search",
    responses=problems(404, 409, 413, _409="The collection was embedded by another model."),
    response_description="What was found.",
)
async def search(body: Question, platform: PlatformOf, caller: CallerOf) -> Hits:
    """Find passages by meaning and by words together, best first."""
    hits = await platform.knowledge.search(
        caller.tenant, body.query, body.collection, body.limit, by_graph=body.graph
    )
    return Hits(hits=[HitShape.model_validate(hit) for hit in hits])

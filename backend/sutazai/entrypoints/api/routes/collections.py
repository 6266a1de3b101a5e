"""Collections: named sets of documents."""

from fastapi import Response

from sutazai.core.identity.rights import Need
from sutazai.entrypoints.api.dependencies import (
    CallerOf,
    CollectionName,
    PageOf,
    PlatformOf,
    keyed_router,
    needs,
)
from sutazai.entrypoints.api.openapi import location, problems
from sutazai.entrypoints.api.shapes import CollectionShape, Listing, NewCollection, RunShape

router = keyed_router("/api/v1/collections", "knowledge")


@router.post(
    "",
    dependencies=[needs(Need.WRITE)],
    status_code=201,
    summary="Make a collection",
    responses=problems(409, 413, _409="There is one of that name.") | location(201, "collection"),
    response_description="The collection, empty.",
)
async def create_collection(
    body: NewCollection, platform: PlatformOf, caller: CallerOf, response: Response
) -> CollectionShape:
    """Make an empty collection; its vectors are made by the model that is in use now."""
    made = await platform.knowledge.create_collection(caller.tenant, body.name)
    response.headers["Location"] = f"/api/v1/collections/{made.name}"
    return CollectionShape.model_validate(made)


@router.get(
    "",
    dependencies=[needs(Need.READ)],
    summary="List collections",
    response_description="A page of collections.",
)
async def list_collections(
    platform: PlatformOf, caller: CallerOf, page: PageOf
) -> Listing[CollectionShape]:
    """List collections by name."""
    found = await platform.knowledge.collections(caller.tenant, page.limit, page.cursor)
    return Listing[CollectionShape].model_validate(found)


@router.get(
    "/{name}",
    dependencies=[needs(Need.READ)],
    summary="Read a collection",
    responses=problems(404),
    response_description="The collection.",
)
async def get_collection(
    name: CollectionName, platform: PlatformOf, caller: CallerOf
) -> CollectionShape:
    """Read a collection with how much it holds."""
    return CollectionShape.model_validate(await platform.knowledge.collection(caller.tenant, name))


@router.post(
    "/{name}/rebuild",
    dependencies=[needs(Need.WRITE)],
    status_code=202,
    summary="Embed a collection anew",
    responses={
        200: {"model": RunShape, "description": "A run rebuilds it by this model already."},
        **problems(404),
        **location(202, "run"),
    },
    response_description="The run that embeds it anew.",
)
async def rebuild_collection(
    name: CollectionName, platform: PlatformOf, caller: CallerOf, response: Response
) -> RunShape:
    """Embed all that a collection holds by the model that is in use now.

    What was there is searched until the run has ended well, as long as its model is in use.
    Documents that come meanwhile are in what takes its place, too.
    """
    rebuild = await platform.knowledge.rebuild(caller.tenant, name)
    response.headers["Location"] = f"/api/v1/runs/{rebuild.run}"
    if not rebuild.created:
        response.status_code = 200
    return RunShape.model_validate(await platform.runs.get(caller.tenant, rebuild.run))


@router.delete(
    "/{name}",
    dependencies=[needs(Need.WRITE)],
    status_code=204,
    summary="Remove a collection",
    responses=problems(404, 409, _409="Runs on it start faster than they are cancelled."),
    response_description="It is gone.",
)
async def delete_collection(name: CollectionName, platform: PlatformOf, caller: CallerOf) -> None:
    """Remove a collection with its documents; unfinished runs on it are cancelled."""
    await platform.knowledge.delete_collection(caller.tenant, name)

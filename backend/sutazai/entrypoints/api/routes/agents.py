"""The agents that are here."""

from sutazai.core.agents.port import AgentState
from sutazai.core.identity.rights import Need
from sutazai.core.pages import decode_cursor, encode_cursor
from sutazai.entrypoints.api.dependencies import CallerOf, PageOf, PlatformOf, keyed_router, needs
from sutazai.entrypoints.api.shapes import AgentShape, Listing

router = keyed_router("/api/v1/agents", "agents")


@router.get(
    "",
    dependencies=[needs(Need.READ)],
    summary="List the agents",
    response_description="A page of agents.",
)
async def list_agents(platform: PlatformOf, caller: CallerOf, page: PageOf) -> Listing[AgentShape]:
    """List the agents by name: what they can do, how busy they are, what they did."""
    after = decode_cursor(page.cursor) if page.cursor else ""
    states = [s for s in await platform.registry.agents() if s.card.name > after]
    items = [_shape(state) for state in states[: page.limit]]
    more = len(states) > page.limit
    return Listing(items=items, next=encode_cursor(items[-1].name) if more else None)


def _shape(state: AgentState) -> AgentShape:
    return AgentShape(
        name=state.card.name,
        version=state.card.version,
        description=state.card.description,
        capabilities=state.card.capabilities,
        status=state.status,
        workers=state.workers,
        slots=state.slots,
        busy=state.busy,
        done=state.done,
        failed=state.failed,
        last_work_at=state.last_work_at,
    )

"""Announcements, claims and heartbeats: the hot path, so as little as there can be."""

from starlette.responses import Response
from starlette.routing import Route

from sutazai.entrypoints.internal.requests import Call, answer, nothing, route
from sutazai_contracts.errors import Forbidden
from sutazai_contracts.internal import Announcement, ClaimCall, HeartbeatReplies, Heartbeats


def routes() -> list[Route]:
    """Give the routes of the ledger."""
    return [
        route("POST", "/announce", announce),
        route("POST", "/claims", claim),
        route("POST", "/heartbeats", beat),
    ]


async def announce(call: Call) -> Response:
    """Make an agent process known."""
    said = await call.read(Announcement)
    _own(call, said.card.name)
    call.parts.announced(said.card, said.worker)
    return nothing()


async def claim(call: Call) -> Response:
    """Claim tasks for the agent itself."""
    wanted = await call.read(ClaimCall)
    _own(call, wanted.agent)
    return answer(await call.parts.tasks.claim(wanted.agent, wanted.worker, wanted.slots))


async def beat(call: Call) -> Response:
    """Renew claims; the statement that renews them passes over those of other agents."""
    said = await call.read(Heartbeats)
    replies = await call.parts.tasks.heartbeat(said.beats, agent=call.agent)
    return answer(HeartbeatReplies(replies=tuple(replies)))


def _own(call: Call, agent: str) -> None:
    if agent != call.agent:
        raise Forbidden(f"This token is {call.agent}'s, and not good for {agent}.")

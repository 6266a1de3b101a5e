"""What the graph joins, for the holders of claims: in the collection of their task alone."""

from starlette.responses import Response
from starlette.routing import Route

from sutazai.entrypoints.internal.requests import Call, answer, route
from sutazai_contracts.internal import JoinedWanted


def routes() -> list[Route]:
    """Give the routes of joined chunks."""
    return [route("POST", "/joined", joined)]


async def joined(call: Call) -> Response:
    """Give what is joined to some chunks of the collection of the claim's task."""
    wanted = await call.read(JoinedWanted)
    held = await call.parts.claims.check(call.agent, wanted.task, wanted.token)
    found = await call.parts.joined.for_step(held.tenant, held.run, held.step, wanted.chunks)
    return answer(found)

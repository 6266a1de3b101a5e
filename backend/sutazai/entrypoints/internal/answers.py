"""Answers of models that core keeps, for the holders of claims."""

from starlette.responses import Response
from starlette.routing import Route

from sutazai.entrypoints.internal.requests import Call, answer, nothing, route
from sutazai_contracts.internal import AnswerFound, AnswerToKeep, AnswerWanted


def routes() -> list[Route]:
    """Give the routes of answers."""
    return [route("POST", "/answers/find", find), route("POST", "/answers/keep", keep)]


async def find(call: Call) -> Response:
    """Give what the claim's tenant and agent were answered before."""
    wanted = await call.read(AnswerWanted)
    held = await call.parts.claims.check(call.agent, wanted.task, wanted.token)
    found = await call.parts.models.answers.find(held.tenant, held.agent, wanted.key)
    return answer(AnswerFound(answer=found))


async def keep(call: Call) -> Response:
    """Keep an answer for the claim's tenant and agent."""
    given = await call.read(AnswerToKeep)
    held = await call.parts.claims.check(call.agent, given.task, given.token)
    await call.parts.models.answers.keep(held.tenant, held.agent, given.key, given.answer)
    return nothing()
